// The control API: the addresses are relative to the page, below its token.

/** The sandbox did not answer at all. */
export class Offline extends Error {}

/** Calls the control API: `GET`, or `POST` with an order. */
export async function call(name, order, method = order === undefined ? "GET" : "POST") {
  const options = { method, cache: "no-store" };
  if (order !== undefined) {
    options.headers = { "content-type": "application/json" };
    options.body = JSON.stringify(order);
  }
  let answer;
  try {
    answer = await fetch(name, options);
  } catch {
    throw new Offline("the sandbox does not answer");
  }
  const outcome = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(outcome.error || name + " answered " + answer.status);
  return outcome;
}

/** The address of a call. */
export const address = (name) => String(new URL(name, document.baseURI));
