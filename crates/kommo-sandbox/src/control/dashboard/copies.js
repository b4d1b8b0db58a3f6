// Commands to copy.

/** A word of a POSIX shell that says exactly this. */
export const quoted = (text) => /^[A-Za-z0-9_@%+=:,.\/-]+$/.test(text) ? text : "'" + text.replaceAll("'", "'\\''") + "'";

const NOT_SENT = ["host", "content-length", "connection", "transfer-encoding"];

/** The request as a curl command that sends the same bytes. */
export function curl(record, origin) {
  const { request, entry } = record;
  const headers = request.headers.filter(([name]) => !NOT_SENT.includes(name));
  const host = request.headers.find(([name]) => name === "host");
  const url = entry.direction === "out" ? request.target : origin + request.target;
  const words = ["curl", "--globoff", "--path-as-is", "-X", quoted(request.method), quoted(url)];
  if (host && new URL(url).host !== host[1]) headers.unshift(["Host", host[1]]);
  for (const [name, value] of headers) words.push("-H", quoted(name + (value === "" ? ";" : ": " + value)));
  const { bytes, text, base64 } = request.body;
  if (bytes === 0) return words.join(" ");
  if (!headers.some(([name]) => name === "content-type")) words.push("-H", quoted("Content-Type:"));
  if (text !== undefined && !text.includes("\0")) return [...words, "--data-raw", quoted(text)].join(" ");
  if (base64 === undefined) return words.join(" ");
  return "printf %s " + quoted(base64) + " | base64 -d | " + [...words, "--data-binary", "@-"].join(" ");
}

/** What `kommo explain` finds in it; `null` for a request that it cannot explain by its number. */
export function explain(record, origin) {
  const { entry } = record;
  if (entry.surface !== "chats" || entry.direction !== "in") return null;
  return "kommo explain chats --journal " + entry.id + " --sandbox " + origin;
}

/** The address of one entry of this page. */
export const permalink = (id) => document.baseURI.split("#")[0] + "#" + id;
