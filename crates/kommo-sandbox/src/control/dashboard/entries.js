// The entries of the journal, and which of them the filters let through.

export const FILTERS = [
  ["refused", "Refused"], ["chats", "Chats"], ["token", "Token"], ["crm", "CRM"], ["hook", "Hooks"], ["open-api", "Open API"],
];
const KEPT = 1000;

/** The code that says most: the first finding, or the sandbox's own. */
export function causeOf(entry) {
  const detail = entry.detail || {};
  const [finding] = detail.explanations || [];
  return finding ? finding.code : detail.code || "";
}

function wordsOf(entry) {
  const detail = entry.detail || {};
  const findings = (detail.explanations || []).flatMap((one) => [one.code, one.message]);
  const texts = ["#" + entry.id, entry.method, entry.target, entry.status, entry.verdict, entry.rule, entry.surface,
    detail.code, detail.reason, ...(detail.faults || []), ...findings];
  return texts.join("\n").toLowerCase();
}

export class Entries {
  constructor() {
    this.newestFirst = [];
    this.latest = 0;
    this.after = 0;
    this.until = Infinity;
    this.chosen = new Set();
    this.search = "";
  }

  /** Takes entries, oldest first. */
  add(entries) {
    const taken = [];
    for (const entry of entries) {
      if (entry.id <= this.latest) continue;
      this.latest = entry.id;
      taken.push({ entry, words: wordsOf(entry), cause: causeOf(entry) });
    }
    this.newestFirst = [...taken.reverse(), ...this.newestFirst].slice(0, KEPT);
    return taken.length;
  }

  /** Another sandbox is at this address now. */
  restart() {
    this.newestFirst = [];
    this.latest = 0;
    this.after = 0;
    this.until = Infinity;
  }

  /** Hides everything that there is. */
  clear() {
    this.after = this.latest;
    this.until = Infinity;
  }

  /** Keeps back what comes after an entry, until `release`. */
  hold(id) {
    this.until = Math.min(this.until, id);
  }

  release() {
    this.until = Infinity;
  }

  lets(filter, { entry }) {
    return filter === "refused" ? entry.verdict !== "accepted" : entry.surface === filter;
  }

  /** What is neither cleared nor kept back. */
  uncleared() {
    return this.newestFirst.filter((one) => one.entry.id > this.after && one.entry.id <= this.until);
  }

  /** What is shown: refused or not, one of the chosen parts, and every word of the search. */
  visible() {
    const words = this.search.toLowerCase().split(/\s+/).filter(Boolean);
    const parts = [...this.chosen].filter((filter) => filter !== "refused");
    return this.uncleared().filter((one) => (!this.chosen.has("refused") || this.lets("refused", one)) &&
      (parts.length === 0 || parts.some((part) => this.lets(part, one))) &&
      words.every((word) => one.words.includes(word)));
  }
}
