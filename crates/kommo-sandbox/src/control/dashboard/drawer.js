// One request: why it was answered so, what was signed, and all that went over the wire.

import { call } from "./control.js";
import { curl, explain, permalink } from "./copies.js";
import { copyButton, id, instant, made, place, prose } from "./dom.js";

/** The line of the string to sign that a finding is about. */
const LINES = [
  [/^method/, "method"], [/^(md5|content-md5|body|nothing-signed)/, "content-md5"], [/^content-type/, "content-type"],
  [/^date/, "date"], [/^(path|query|host)/, "path"],
];
const lineOf = (code) => (LINES.find(([begins]) => begins.test(code)) || [])[1];

let rules = null;
async function ruleOf(number) {
  rules = rules || call("dashboard/rules.json");
  return (await rules)[number];
}

function ruleBox(number) {
  const text = made("p", "", "…");
  const box = made("details", "rule", made("summary", "", "Rule " + number), text);
  box.open = true;
  box.dataset.rule = number;
  ruleOf(number).then((rule) => {
    if (!rule) return text.replaceChildren("docs/protocol.md has its text.");
    text.replaceChildren(...prose(rule.statement));
    box.append(made("p", "quiet", "Certainty: " + rule.certainty + ". Source: " + rule.source + "."));
  }).catch(() => { rules = null; });
  return box;
}

function causeBox({ entry }) {
  const detail = entry.detail || { code: "", reason: "" };
  const findings = detail.explanations || [];
  // The name of a header keeps its letters.
  const upper = (text) => /^[a-z0-9]+[-_]/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
  const sentence = (text) => prose(upper(text) + (/[.!?]$/.test(text) ? "" : "."));
  const box = made("div", "cause-box " + entry.verdict);
  const [first, ...others] = findings;
  box.append(made("span", "code", first ? first.code : detail.code), " ",
    made("span", "quiet", entry.verdict + (first && first.code !== detail.code ? ", " + detail.code : "")));
  const headline = first ? first.message : detail.reason;
  box.append(made("h2", headline.length > 120 ? "long" : "", ...sentence(headline)));
  if (first) box.append(made("p", "remedy", "→ ", ...prose(first.remedy)), made("p", "quiet", "The sandbox says: ", ...prose(detail.reason), "."));
  for (const other of others) box.append(made("p", "", made("span", "code", other.code), " ", ...prose(other.message + " " + other.remedy)));
  for (const fault of detail.faults || []) box.append(made("p", "odd", "Fault on order: " + fault));
  if (entry.rule) box.append(ruleBox(entry.rule));
  return box;
}

/** Two texts with what differs in them marked. */
function marked(text, other) {
  let start = 0;
  while (start < text.length && text[start] === other[start]) start += 1;
  let end = 0;
  while (end < text.length - start && end < other.length - start && text.at(-1 - end) === other.at(-1 - end)) end += 1;
  const middle = text.slice(start, text.length - end);
  return [text.slice(0, start), middle === "" ? null : made("mark", "", middle), text.slice(text.length - end)];
}

function stringToSign(record) {
  const detail = record.entry.detail || {};
  const findings = detail.explanations || [];
  const about = new Map(findings.map((one) => [lineOf(one.code), one.message]));
  const rows = record.string_to_sign.map((line) => {
    const { name, received, expected } = line;
    const said = record.entry.verdict === "accepted" ? undefined : about.get(name);
    const cell = (kind, label, text, other) => {
      const shown = text === "" ? [made("span", "quiet", "(empty)")] : line.differs ? marked(text, other) : [text];
      const td = made("td", kind, ...shown);
      td.dataset.label = label;
      return td;
    };
    const head = made("th", "", name);
    head.scope = "row";
    const row = made("tr", line.differs || said ? "differs" : "", head,
      cell("received", "received:", received, expected), cell("expected", "expected:", expected, received));
    row.dataset.line = name;
    if (said && !line.differs) row.querySelector(".received").append(made("div", "bad", "Signed otherwise: ", ...prose(said)));
    return row;
  });
  const head = made("tr", "", ...["Line", "As received", "Expected"].map((name) => made("th", "", name)));
  const table = made("table", "lines", made("thead", "", head), made("tbody", "", ...rows));
  const right = record.string_to_sign.every((line) => !line.differs) && about.size === 0;
  const isKey = right && record.entry.verdict === "refused";
  return [made("h3", "", "String to sign"), table,
    isKey ? made("p", "quiet", "The lines that came are right: another text was signed, or with another key.") : null];
}

function bodyOf(body) {
  if (body.bytes === 0) return [made("p", "quiet", "No body.")];
  const text = body.text === undefined ? "" : body.text;
  const notes = [body.bytes + " bytes"];
  if (body.bytes_left_out) notes.push("the last " + body.bytes_left_out + " are not kept");
  if (text.endsWith("\n")) notes.push("ends with a line feed");
  if (body.text === undefined) notes.push("not UTF-8; in base64");
  const shown = made("pre", "", body.text === undefined ? body.base64 || "(masked)" : text);
  const tools = made("div", "line", made("span", "quiet", notes.join(", ")), copyButton("Copy body", () => shown.textContent));
  try {
    const pretty = JSON.stringify(JSON.parse(text), null, 2);
    const toggle = made("button", "copy", "Format");
    toggle.type = "button";
    toggle.ariaPressed = "false";
    toggle.addEventListener("click", () => {
      const on = toggle.ariaPressed !== "true";
      toggle.ariaPressed = String(on);
      shown.replaceChildren(on ? pretty : text);
    });
    if (text !== "") tools.append(toggle);
  } catch { /* It is no JSON: it stays as it is. */ }
  return [tools, shown];
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/;
const looksLikeId = (name, value) => UUID.test(value) || /(^|-)id$/.test(name);

function headsOf(message) {
  const rows = message.headers.map(([name, value]) => {
    const head = made("th", "", name);
    head.scope = "row";
    return made("tr", "", head, made("td", "", looksLikeId(name, value) ? id(value) : value));
  });
  const more = message.headers_left_out ? made("p", "quiet", "and " + message.headers_left_out + " more headers") : null;
  return [made("table", "heads", made("tbody", "", ...rows)), more];
}

function requestOf(record) {
  const { request } = record;
  if (!request) return [made("h3", "", "Request"), made("p", "quiet", "It was dropped to make room for newer ones.")];
  const ids = [...new Set(request.target.match(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g) || [])];
  return [made("h3", "", "Request"), made("p", "mono start", request.method + " " + request.target),
    ids.length === 0 ? null : made("p", "", ...ids.map((one) => id(one))), ...headsOf(request), ...bodyOf(request.body)];
}

function responseOf({ entry, response }) {
  const title = made("h3", "", "Response");
  if (entry.status === null) return [title, made("p", "quiet", "None: " + (entry.direction === "out" ? "nothing came back." : "the connection was cut."))];
  const status = made("p", "mono start", "HTTP/1.1 " + entry.status);
  if (!response) return [title, status, entry.direction === "out" ? made("p", "quiet", "The sandbox reads no more of a receiver's answer.") : null];
  return [title, status, ...headsOf(response), ...bodyOf(response.body)];
}

export class Drawer {
  constructor({ close, step }) {
    this.box = place("drawer");
    this.close = close;
    this.step = step;
    this.id = null;
    this.secrets = false;
  }

  /** Shows one entry; `secrets` once it was asked for. */
  async show(id, secrets = false) {
    this.id = id;
    this.secrets = secrets;
    let record = null;
    let trouble = "";
    try {
      record = await call("journal/" + id + (secrets ? "?secrets=shown" : ""));
    } catch (error) {
      trouble = error.message;
    }
    if (this.id !== id || this.secrets !== secrets) return;
    this.box.hidden = false;
    document.body.classList.add("open");
    // The reader asked for it, so it is drawn whatever is selected. Nothing else draws it.
    this.box.replaceChildren(...(record ? this.parts(record) : [this.bar(id), made("p", "bad", trouble)]));
    if (!secrets) this.box.scrollTop = 0;
  }

  hide() {
    this.id = null;
    this.box.hidden = true;
    document.body.classList.remove("open");
  }

  button(label, title, does) {
    const button = made("button", "", label);
    button.type = "button";
    button.title = title;
    button.ariaLabel = title;
    button.addEventListener("click", does);
    return button;
  }

  bar(id) {
    const close = this.button("✕", "Close (Escape)", () => this.close());
    close.id = "drawer-close";
    return made("div", "bar", this.button("↑", "Newer (K)", () => this.step(-1)), this.button("↓", "Older (J)", () => this.step(1)),
      made("strong", "", "#" + id), copyButton("Copy link", () => permalink(id)), made("span", "grow"), close);
  }

  parts(record) {
    const { entry } = record;
    const tools = made("div", "line");
    const command = explain(record, location.origin);
    if (record.request) {
      const masked = JSON.stringify(record.request).match(/\((secret|token|\d+ bytes)\)/);
      const curlButton = copyButton("Copy as curl", () => curl(record, location.origin), "");
      if (masked) curlButton.title = "Secrets are masked in it; show them first for a command that can be sent";
      tools.append(curlButton);
    }
    if (command) tools.append(copyButton("Copy as kommo explain", () => command, ""));
    const reveal = this.button(this.secrets ? "Hide secrets" : "Show secrets", "Show what is masked", () => this.show(entry.id, !this.secrets));
    reveal.id = "reveal";
    reveal.ariaPressed = String(this.secrets);
    tools.append(reveal);
    const when = instant(entry.at) + (record.judged_at === entry.at ? "" : ", judged at " + instant(record.judged_at));
    const parts = [this.bar(entry.id), causeBox(record), made("p", "quiet", when), tools];
    if (record.string_to_sign.length > 0) parts.push(...stringToSign(record));
    parts.push(...requestOf(record), ...responseOf(record));
    return parts.filter((part) => part !== null);
  }
}
