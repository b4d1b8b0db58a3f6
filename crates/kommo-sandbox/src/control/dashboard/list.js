// The rows of the journal: only those in sight exist, so a thousand cost as much as thirty. A row is
// made once and never changed, and one that is selected stays.

import { brief, instant, isSelected, made, place, selected, timeOfDay } from "./dom.js";

const BEYOND = 12;

function rowOf({ entry, cause }) {
  const way = entry.direction === "out" ? "→ " : "";
  const kind = { refused: "bad", fault: "odd" }[entry.verdict] || "good";
  const time = made("span", "time", timeOfDay(entry.at));
  time.title = "#" + entry.id + ", " + instant(entry.at);
  const path = made("span", "path", brief(entry.target).replace(/^http:\/\//, ""));
  path.title = entry.target;
  const row = made("div", "row " + entry.verdict, time, made("span", "method", way + entry.method), path,
    made("span", "status " + kind, entry.status === null ? "–" : entry.status), made("span", "cause " + kind, cause));
  row.role = "option";
  row.id = "row-" + entry.id;
  row.dataset.id = entry.id;
  return row;
}

export class List {
  constructor(pick) {
    this.box = place("rows");
    this.spacer = place("spacer");
    this.shown = [];
    this.rows = new Map();
    this.current = null;
    this.box.addEventListener("scroll", () => this.draw());
    new ResizeObserver(() => this.draw()).observe(this.box);
    this.spacer.addEventListener("click", (event) => {
      const row = event.target.closest(".row");
      if (row && !isSelected(row)) pick(Number(row.dataset.id));
    });
  }

  height() {
    return parseFloat(getComputedStyle(this.box).getPropertyValue("--row")) || 32;
  }

  /** Whether the reader is at the newest row and has nothing selected. */
  isAtTop() {
    return this.box.scrollTop < this.height() && !isSelected(this.spacer);
  }

  /** Shows these, newest first. `above` is how many of them came on top of those before: a reader who
   *  is further down keeps them in sight. */
  show(shown, above = 0) {
    this.shown = shown;
    this.draw();
    if (above > 0 && this.box.scrollTop > 0) this.box.scrollTop += above * this.height();
  }

  draw() {
    // First everything is read, then everything is written: the page is laid out once.
    const height = this.height();
    const { clientHeight } = this.box;
    const holds = selected();
    const top = Math.min(this.box.scrollTop, Math.max(0, this.shown.length * height - clientHeight));
    this.spacer.style.height = this.shown.length * height + "px";
    const first = Math.max(0, Math.floor(top / height) - BEYOND);
    const last = Math.min(this.shown.length, Math.ceil((top + clientHeight) / height) + BEYOND);
    const wanted = new Set();
    for (let at = first; at < last; at += 1) {
      const one = this.shown[at];
      const id = one.entry.id;
      wanted.add(id);
      let row = this.rows.get(id);
      if (!row) {
        row = rowOf(one);
        this.rows.set(id, row);
        this.spacer.append(row);
      }
      row.style.top = at * height + "px";
      row.classList.toggle("even", id % 2 === 0);
      row.ariaSelected = String(id === this.current);
      row.ariaSetSize = this.shown.length;
      row.ariaPosInSet = at + 1;
    }
    for (const [id, row] of this.rows) {
      if (wanted.has(id) || holds(row)) continue;
      row.remove();
      this.rows.delete(id);
    }
    const row = this.rows.get(this.current);
    if (row) this.box.setAttribute("aria-activedescendant", row.id);
    else this.box.removeAttribute("aria-activedescendant");
  }

  place(id) {
    return this.shown.findIndex((one) => one.entry.id === id);
  }

  /** Marks a row and brings it into sight. */
  mark(id) {
    this.current = id;
    const at = this.place(id);
    const height = this.height();
    if (at >= 0) {
      if (at * height < this.box.scrollTop) this.box.scrollTop = at * height;
      const end = (at + 1) * height - this.box.clientHeight;
      if (end > this.box.scrollTop) this.box.scrollTop = end;
    }
    this.draw();
  }

  /** The row so many further down; the first or last one beyond the ends. */
  neighbour(step) {
    if (this.shown.length === 0) return null;
    // Without a current row it is one above the first.
    const next = Math.min(this.shown.length - 1, Math.max(0, this.place(this.current) + step));
    return this.shown[next].entry.id;
  }
}
