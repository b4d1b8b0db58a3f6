// Pieces of the page. Everything that is shown may come from a stranger's request: it becomes a
// text node and never markup.

export const place = (id) => document.getElementById(id);

/** An element with a class and children; a text among the children becomes a text node. */
export function made(tag, kind, ...children) {
  const element = document.createElement(tag);
  if (kind) element.className = kind;
  element.append(...children.filter((child) => child !== null && child !== undefined).map(
    (child) => child instanceof Node ? child : document.createTextNode(String(child))));
  return element;
}

/** Sets a text, unless it stands there already. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Says of an element whether the reader has selected something in it now. Asked once for many of
 *  them: it lays the page out. */
export function selected() {
  const selection = document.getSelection();
  if (selection === null || selection.isCollapsed) return () => false;
  return (element) => selection.containsNode(element, true);
}

export const isSelected = (element) => selected()(element);

const drawn = new WeakMap();

/** Draws `data` into an element: not if it is the same as before, and not under a selection. */
export function keep(element, data, draw) {
  const text = JSON.stringify(data);
  if (drawn.get(element) === text || isSelected(element)) return;
  const active = document.activeElement;
  if (active && active !== element && active.tagName === "SELECT" && element.contains(active)) return;
  drawn.set(element, text);
  const parts = draw(data);
  element.replaceChildren(...(Array.isArray(parts) ? parts : [parts]));
}

/** A button that copies what `text` gives when it is pressed. */
export function copyButton(label, text, kind = "copy") {
  const button = made("button", kind, label);
  button.type = "button";
  button.addEventListener("click", async (event) => {
    event.stopPropagation();
    try {
      await navigator.clipboard.writeText(await text());
      say(button, "Copied");
    } catch {
      say(button, "Not copied");
    }
    setTimeout(() => say(button, label), 1200);
  });
  return button;
}

/** An id with its copy button. */
export function id(text, shown = text) {
  const button = copyButton("Copy", () => text);
  button.ariaLabel = "Copy " + text;
  const code = made("code", "", shown);
  if (shown !== text) code.title = text;
  return made("span", "id", code, button);
}

/** A text without most of the letters of its UUIDs. */
export const brief = (text) => text.replace(/([0-9a-f]{8})(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "$1…");

/** A sentence: what stands between backticks is code. */
export const prose = (text) => text.split("`").map((part, at) => at % 2 === 1 ? made("code", "", part) : part);

export function fact(name, value) {
  return made("div", "", made("dt", "", name), made("dd", "", value));
}

/** Seconds of the virtual clock, which may stand in any year. */
export const instant = (unix) => new Date(unix * 1000).toISOString().replace("T", " ").replace(".000Z", " UTC");
export const timeOfDay = (unix) => new Date(unix * 1000).toISOString().slice(11, 19);
