// A chat in which one person plays both sides: what the client writes comes as the signed request of
// an integration, what the manager writes leaves as a hook. Both are in the journal.

import { address, call } from "./control.js";
import { brief, id, keep, made, place, say, timeOfDay } from "./dom.js";

const NEW = "";
const STATES = new Map([[0, "sent"], [1, "delivered"], [2, "read"], [-1, "failed"]]);

let accounts = [];
let messages = [];
/** A conversation that was just begun, until its first message is there. */
let begun = null;

const account = () => accounts.find((one) => String(one.id) === place("chat-account").value) || accounts[0];

function conversations() {
  const found = new Map();
  for (const message of messages) {
    if (account() && message.account_id === account().amojo_id) found.set(message.conversation_id, message.conversation_client_id || "begun by the manager");
  }
  return [...found].reverse();
}

function bubble(message) {
  const state = message.status ? ", " + (STATES.get(message.status.status_code) || message.status.status_code) : "";
  const kind = message.type === "text" ? "" : " [" + message.type + "]";
  const reactions = (message.reactions || []).map((one) => one.emoji).join(" ");
  return made("div", "bubble " + message.direction, made("div", "quiet", (message.sender_name || "Client") + ", " + timeOfDay(message.at) + state + (message.edited ? ", edited" : "")),
    made("p", "", message.text + kind), reactions === "" ? null : made("div", "", reactions), made("div", "quiet", id(message.id, brief(message.id))));
}

function show() {
  const chosen = place("chat-conversation");
  const known = conversations();
  keep(chosen, known, () => {
    const before = chosen.value;
    const options = [[NEW, "New conversation"], ...known].map(([value, text]) => {
      const option = made("option", "", text);
      option.value = value;
      return option;
    });
    const fresh = begun && known.find(([, name]) => name === begun);
    const wanted = fresh ? fresh[0] : before === NEW && begun === null && known.length > 0 && !chosen.dataset.touched ? known[0][0] : before;
    if (fresh) begun = null;
    const selected = options.find((option) => option.value === wanted);
    if (selected) selected.selected = true;
    return options;
  });
  const shown = messages.filter((message) => message.conversation_id === chosen.value);
  const box = place("messages");
  keep(box, [chosen.value, shown], () => shown.length === 0 ?
    made("p", "quiet", "Nothing yet. What the client writes comes in as a signed request, what the manager writes leaves as a signed hook: watch the journal.") :
    shown.map(bubble));
  box.scrollTop = box.scrollHeight;
}

/** Reads the messages anew. */
export async function lookAtChat(overview) {
  if (overview) {
    accounts = overview.accounts;
    keep(place("chat-account"), accounts.map((one) => [one.id, one.host]), (known) => known.map(([value, text]) => {
      const option = made("option", "", text);
      option.value = value;
      return option;
    }));
    place("chat-to").placeholder = overview.integration.chat_hook_uri || "the sandbox itself, which answers 200";
    place("chat-to").dataset.configured = overview.integration.chat_hook_uri || "";
  }
  ({ messages } = await call("messages"));
  show();
}

async function clientWrites(text) {
  const chosen = place("chat-conversation").value;
  const order = { text, account: account().id };
  if (chosen === NEW) begun = "conversation-" + crypto.randomUUID().slice(0, 8);
  order.conversation = chosen === NEW ? begun : chosen;
  const { status, answer } = await call("customer-messages", order);
  say(place("chat-outcome"), status === 200 ? "The platform took it: 200." : status === null ? "The connection was cut." : "The platform answered " + status + ": " + (answer || "nothing"));
  if (status !== 200) begun = null;
  return status === 200;
}

async function managerWrites(text) {
  const field = place("chat-to");
  const order = { text, account: account().id };
  const chosen = place("chat-conversation").value;
  if (chosen !== NEW) order.conversation = chosen;
  const typed = field.value.trim();
  if (typed !== "") order.to = typed;
  else if (field.dataset.configured === "") order.to = address("hook-sink");
  const { delivery } = await call("messages", order);
  say(place("chat-outcome"), "Its hook leaves as delivery " + delivery + ".");
  return true;
}

/** Makes the chat work. */
export function startChat(order) {
  const write = (does) => order(async () => {
    const field = place("chat-text");
    const text = field.value;
    if (text.trim() === "") return field.focus();
    if (await does(text)) field.value = "";
    field.focus();
    await lookAtChat();
  });
  place("chat-form").addEventListener("submit", (event) => {
    event.preventDefault();
    write(clientWrites);
  });
  place("chat-manager").addEventListener("click", () => write(managerWrites));
  place("chat-account").addEventListener("change", show);
  place("chat-conversation").addEventListener("change", () => {
    place("chat-conversation").dataset.touched = "yes";
    show();
  });
  place("chat-text").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      write(clientWrites);
    }
  });
}
