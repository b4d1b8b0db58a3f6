// Puts the page together: looks at the sandbox every second, and follows the keyboard and the address.

import { lookAtChat, startChat } from "./chat.js";
import { Offline, call } from "./control.js";
import { keep, made, place, say } from "./dom.js";
import { Drawer } from "./drawer.js";
import { Entries, FILTERS } from "./entries.js";
import { List } from "./list.js";
import { showDeliveries, showOverview, startPanels } from "./panels.js";

const EVERY_MS = 1000;

const entries = new Entries();
const list = new List((id) => open(id));
const drawer = new Drawer({ close: () => open(null), step: (by) => open(list.neighbour(by)) });
let paused = false;
let waiting = 0;

/** Shows what the filters let through. `above`: how many entries are new. */
function refresh(above = 0) {
  const before = list.shown.length === 0 ? 0 : list.shown[0].entry.id;
  const visible = entries.visible();
  const added = above === 0 ? 0 : visible.findIndex((one) => one.entry.id <= before);
  list.show(visible, Math.max(0, added));
  const all = entries.uncleared();
  say(place("count"), visible.length === all.length ? String(all.length) : visible.length + " of " + all.length);
  for (const [name, label] of FILTERS) {
    const button = place("filter-" + name);
    say(button, label + " " + all.filter((one) => entries.lets(name, one)).length);
  }
  place("rows").hidden = visible.length === 0;
  place("empty").hidden = visible.length > 0;
  if (visible.length === 0) showEmpty(all.length);
}

function showEmpty(hidden) {
  keep(place("empty"), [hidden > 0, entries.after], () => {
    if (hidden > 0) return made("p", "", "No request fits the filters and the search.");
    if (entries.after === 0) {
      return [made("p", "", made("strong", "", "No request yet.")),
        made("p", "", "Point your program at ", made("code", "", location.origin), ": each request that comes stands here, and says why it was refused. Or open the chat and write as the client.")];
    }
    const again = made("button", "", "Show the earlier ones");
    again.type = "button";
    again.id = "unclear";
    again.addEventListener("click", () => { entries.after = 0; refresh(); });
    return [made("p", "", "Cleared. What comes next stands here."), again];
  });
}

function showWaiting() {
  place("fresh").hidden = waiting === 0;
  say(place("fresh"), waiting === 1 ? "1 new request" : waiting + " new requests");
}

/** New entries are shown at once, unless the reader paused, or reads or selects something further down. */
function take(fresh) {
  const before = entries.latest;
  const taken = entries.add(fresh);
  if (taken === 0) return;
  if (paused || (list.shown.length > 0 && !list.isAtTop())) {
    waiting += taken;
    entries.hold(before);
    return showWaiting();
  }
  refresh(taken);
}

function showWaited() {
  waiting = 0;
  entries.release();
  showWaiting();
  list.box.scrollTop = 0;
  refresh();
}

let troubleOf = "";
function trouble(text, kind = "order") {
  troubleOf = text === "" ? "" : kind;
  say(place("trouble"), text);
}

let looking = null;
async function lookOnce() {
  const [overview, journal] = await Promise.all([call("overview"), call("journal?after=" + entries.latest)]);
  if (troubleOf === "offline") trouble("");
  if (journal.latest < entries.latest) {
    entries.restart();
    refresh();
    return lookOnce();
  }
  const first = entries.latest === 0;
  take(journal.entries);
  if (first) refresh();
  showOverview(overview);
  if (first && list.shown.length > 0) performance.mark("first-rows");
  if (first || journal.entries.length > 0) {
    await lookAtChat(overview);
    showDeliveries((await call("deliveries")).deliveries);
  }
}

/** Looks at the sandbox; a second look waits for the first one. */
function look() {
  looking = (looking || Promise.resolve()).then(lookOnce).catch((error) => {
    trouble(error instanceof Offline ? "The sandbox does not answer. Waiting for it …" : error.message, "offline");
  });
  return looking;
}

/** An order of the reader: shown at once, and its refusal too. */
async function order(action) {
  try {
    await action();
    if (troubleOf === "order") trouble("");
  } catch (error) {
    return trouble("Not done: " + error.message);
  }
  await look();
}

/** Opens an entry, or closes the drawer: by the address, so that going back works. */
function open(id) {
  const wanted = id === null ? "" : "#" + id;
  if (location.hash === wanted) return follow();
  history.pushState(null, "", wanted === "" ? location.pathname : wanted);
  return follow();
}

async function follow() {
  const id = Number((/^#(\d+)$/.exec(location.hash) || [])[1]) || null;
  if (id === null) {
    const had = drawer.id !== null;
    drawer.hide();
    list.mark(had ? list.current : null);
    if (had) place("rows").focus({ preventScroll: true });
    return;
  }
  view("journal");
  // At once, for the next key; and again when the rows have the height that they have beside a drawer.
  list.mark(id);
  await drawer.show(id);
  list.mark(list.current);
}

function view(name) {
  document.body.dataset.view = name;
  for (const button of document.querySelectorAll("#views button")) button.ariaPressed = String(button.dataset.view === name);
  if (name !== "journal") tab(name);
}

/** What stands beside the journal. On a narrow screen it is a view of its own. */
function tab(name) {
  for (const button of document.querySelectorAll("[data-tab]")) button.ariaPressed = String(button.dataset.tab === name);
  place("panels").hidden = name === "chat";
  place("chat").hidden = name !== "chat";
  if (name === "chat") place("messages").scrollTop = place("messages").scrollHeight;
}

function toggle(name) {
  const button = place("filter-" + name);
  if (!entries.chosen.delete(name)) entries.chosen.add(name);
  button.ariaPressed = String(entries.chosen.has(name));
  list.box.scrollTop = 0;
  refresh();
}

function pause() {
  paused = !paused;
  place("pause").ariaPressed = String(paused);
  say(place("pause"), paused ? "Resume" : "Pause");
  if (!paused) showWaited();
}

function startJournal() {
  place("filters").append(...FILTERS.map(([name, label]) => {
    const button = made("button", "", label);
    button.type = "button";
    button.id = "filter-" + name;
    button.ariaPressed = "false";
    button.addEventListener("click", () => toggle(name));
    return button;
  }));
  place("search").addEventListener("input", () => {
    entries.search = place("search").value;
    list.box.scrollTop = 0;
    refresh();
  });
  place("pause").addEventListener("click", pause);
  place("fresh").addEventListener("click", () => paused ? pause() : showWaited());
  place("clear").addEventListener("click", () => {
    entries.clear();
    waiting = 0;
    showWaiting();
    refresh();
  });
  for (const button of document.querySelectorAll("#views button")) {
    button.addEventListener("click", () => { if (drawer.id !== null) open(null); view(button.dataset.view); });
  }
  for (const button of document.querySelectorAll("[data-tab]")) {
    button.addEventListener("click", () => tab(button.dataset.tab));
  }
}

const STEPS = new Map([["ArrowDown", 1], ["j", 1], ["ArrowUp", -1], ["k", -1], ["PageDown", 10], ["PageUp", -10], ["Home", -Infinity], ["End", Infinity]]);

function onKey(event) {
  const target = event.target;
  const types = target.matches("input, textarea, select");
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") {
    if (target === place("search") && target.value !== "") {
      target.value = "";
      entries.search = "";
      return refresh();
    }
    if (types) return target.blur();
    if (drawer.id !== null) open(null);
    return;
  }
  if (types) {
    if (target === place("search") && event.key === "ArrowDown") { event.preventDefault(); place("rows").focus(); move(0); }
    return;
  }
  if (event.key === "/") { event.preventDefault(); place("search").focus(); return; }
  if (event.key === "p") return pause();
  const inRows = target === place("rows") || target === document.body || target === drawer.box;
  if (event.key === "Enter" && target === place("rows") && list.current !== null) return open(list.current);
  const step = STEPS.get(event.key);
  const scrolls = target === drawer.box && event.key.length > 1;
  if (step === undefined || !inRows || scrolls) return;
  event.preventDefault();
  move(step);
}

/** Goes so many rows down; the drawer follows if it is open. */
function move(step) {
  const last = list.shown.length;
  const id = list.neighbour(Math.max(-last, Math.min(last, step)));
  if (id === null) return;
  if (drawer.id === null) list.mark(id);
  else open(id);
}

startJournal();
startChat(order);
document.addEventListener("keydown", onKey);
window.addEventListener("popstate", follow);
window.addEventListener("hashchange", follow);
const keepLooking = () => look().then(() => setTimeout(keepLooking, EVERY_MS));
keepLooking();
follow();
order(() => startPanels(order, trouble));
