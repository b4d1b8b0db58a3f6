// What stands beside the journal: clock, faults, integration, accounts, grants, hooks, counters.

import { call } from "./control.js";
import { fact, id, instant, keep, made, place, prose, say, timeOfDay } from "./dom.js";

const clear = (parts) => parts.filter((part) => part !== null && part !== undefined);

/** Shows an overview. */
export function showOverview(overview) {
  const { integration } = overview;
  keep(place("now"), overview.now, (now) => instant(now));
  keep(place("origin"), location.origin, id);
  say(place("running"), overview.follows ? "running" : "stands still");
  keep(place("integration"), [integration, overview.channel_id], () => clear([
    fact("Name", integration.name + (integration.active ? "" : " (switched off)")),
    fact("Client id", id(integration.client_id)),
    fact("Redirect URI", id(integration.redirect_uri)),
    fact("Channel id", id(overview.channel_id)),
    fact("Chat hooks go to", integration.chat_hook_uri ? id(integration.chat_hook_uri) : "nowhere yet"),
  ]));
  keep(place("counters"), overview.counters, (counters) => Object.entries(counters).map(
    ([name, count]) => made("div", "", made("dt", "", name.replaceAll("_", " ")), made("dd", "", count))));
  keep(place("faults"), overview.faults, showFaults);
  showAccounts(overview);
  showGrants(overview);
  keep(place("hook-kind"), overview.hook_kinds, (kinds) => kinds.map((kind) => made("option", "", kind)));
}

function showFaults(faults) {
  if (faults.length === 0) return made("p", "quiet", "None on order.");
  const groups = new Map();
  for (const fault of faults) groups.set(fault.on, [...(groups.get(fault.on) || []), fault]);
  return [...groups].map(([on, group]) => made("div", "", made("strong", "", on), made("ul", "", ...group.map((fault) => {
    const { on: _, kind, times, ...fields } = fault;
    const more = Object.entries(fields).map(([name, value]) => name + " " + JSON.stringify(value)).join(", ");
    return made("li", "", kind + (times ? " ×" + times : ", until forgotten") + (more ? " (" + more + ")" : ""));
  }))));
}

function showAccounts({ accounts, connections, installed }) {
  say(place("accounts-total"), String(accounts.length));
  keep(place("accounts"), [accounts, connections, installed], () => accounts.map((account) => {
    const connection = connections.find((one) => one.account_id === account.amojo_id);
    return made("div", "card", made("div", "", made("strong", "", account.host)),
      made("dl", "facts", ...clear([
        fact("Account id", id(String(account.id))), fact("amojo id", id(account.amojo_id)),
        connection ? fact("Scope id", id(connection.scope_id)) : null,
        fact("Integration", installed.includes(account.id) ? "installed" : "not installed"),
        fact("Chat channel", connection ? connection.title + " (" + connection.hook_api_version + ")" : "not connected"),
        ...account.users.map((user) => fact(user.name + (user.admin ? ", administrator" : ""), id(user.login))),
      ])));
  }));
}

function showGrants({ grants, grants_total: total }) {
  say(place("grants-total"), String(total));
  keep(place("grants"), grants, () => {
    if (total === 0) return made("p", "quiet", "Nobody has granted anything yet.");
    const note = total > grants.length ? made("p", "quiet", "The first " + grants.length + " of " + total + ".") : null;
    return clear([note, ...grants.map((grant) => {
      const [state, kind] = grant.ended ? ["ended", "odd"] : grant.lost ? ["lost", "bad"] : ["alive", "good"];
      const refreshes = grant.refreshes + " refreshes" + (grant.double_refreshes ? ", " + grant.double_refreshes + " double" : "");
      const answer = grant.last_answer_delivered;
      const latest = answer === null ? "" : answer ? ", latest answer delivered" : ", latest answer not delivered";
      return made("div", "card", made("div", "", "#" + grant.id + " account ", id(String(grant.account)), " user ", id(String(grant.user))),
        made("div", "", made("span", kind, state), ", " + refreshes + latest));
    })]);
  });
}

/** Shows the latest deliveries of hooks, newest first. */
export function showDeliveries(deliveries) {
  keep(place("deliveries"), deliveries.slice(-12).reverse(), (latest) => latest.map((one) => {
    const status = one.status === null ? one.outcome : one.outcome + " " + one.status;
    const again = one.next_at ? ", again at " + instant(one.next_at) : "";
    return made("div", "card", timeOfDay(one.at) + " ", made("strong", "", one.kind), " " + status + again, made("div", "quiet mono", one.target));
  }));
}

let kinds = [];
let rows = [];
async function learnKinds() {
  ({ kinds, rows = [] } = await call("faults"));
  const groups = [...new Set(kinds.map((one) => one.on))].map((on) => {
    const group = document.createElement("optgroup");
    group.label = on;
    kinds.forEach((one, at) => {
      if (one.on !== on) return;
      const option = made("option", "", one.kind);
      option.value = at;
      group.append(option);
    });
    return group;
  });
  place("fault-kind").replaceChildren(...groups);
  showKind();
}

function showKind() {
  const kind = kinds[Number(place("fault-kind").value)];
  place("fault-sentence").replaceChildren(...prose(kind ? kind.sentence : ""));
  place("fault-fields").replaceChildren(...(kind ? kind.fields : []).map((field) => {
    const input = document.createElement(field === "row" ? "select" : "input");
    if (field === "row") input.append(...rows.map((name) => made("option", "", name)));
    input.dataset.field = field;
    return made("label", "", field, input);
  }));
}

// `3` is a number, `true` a truth value; all else is a text.
const typed = (text) => { try { return JSON.parse(text); } catch { return text; } };

function faultOrder() {
  const { on, kind } = kinds[Number(place("fault-kind").value)];
  const fault = { on, kind, times: Number(place("fault-times").value) || 1 };
  for (const input of place("fault-fields").querySelectorAll("[data-field]")) {
    if (input.value !== "") fault[input.dataset.field] = typed(input.value);
  }
  return fault;
}

async function toggleSecrets() {
  const button = place("show-secrets");
  const on = button.ariaPressed !== "true";
  const state = on ? await call("state") : null;
  button.ariaPressed = String(on);
  say(button, on ? "Hide secrets" : "Show secrets");
  place("secrets").replaceChildren(...(on ? [fact("Client secret", id(state.client_secret)), fact("Channel secret", id(state.channel_secret)),
    fact("Open API appid", id(state.appid)), fact("Open API secret", id(state.app_secret))] : []));
}

/** Makes the panels work; `order` carries an order out and shows its refusal. */
export async function startPanels(order, trouble) {
  for (const button of document.querySelectorAll("[data-clock]")) {
    button.addEventListener("click", () => order(() => call("clock", JSON.parse(button.dataset.clock))));
  }
  place("fault-kind").addEventListener("change", showKind);
  place("fault-form").addEventListener("submit", (event) => {
    event.preventDefault();
    order(() => call("faults", faultOrder()));
  });
  place("fault-clear").addEventListener("click", () => order(() => call("faults", undefined, "DELETE")));
  place("show-secrets").addEventListener("click", () => order(toggleSecrets));
  place("hook-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const to = place("hook-to").value.trim();
    order(() => call("hooks/" + place("hook-kind").value, to === "" ? {} : { to }));
  });
  const consentPage = async (mode) => {
    const { integration } = await call("overview");
    return "/oauth?" + new URLSearchParams({ client_id: integration.client_id, state: "from-the-dashboard", mode });
  };
  place("consent").addEventListener("click", () => order(async () => window.open(await consentPage("post_message"), "_blank", "noopener")));
  place("consent-popup").addEventListener("click", () => order(async () => window.open(await consentPage("popup"), "consent", "width=750,height=580")));
  // The consent window tells its opener where to go. Here that is shown and not followed.
  window.addEventListener("message", (event) => {
    if (event.origin !== window.location.origin || !event.data) return;
    trouble(event.data.error ? "The consent window says: " + event.data.error :
      "The consent window hands over an address with a code; an application would go there now.");
  });
  await learnKinds();
}
