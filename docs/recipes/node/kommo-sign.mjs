/**
 * Signatures for the Kommo / amoCRM Chats API, the Open API and the disconnect hook, without any
 * package.
 *
 * Copy the part above the line "Vector runner". Rule numbers (S1, H2, ...) are those of
 * docs/protocol.md. Secrets belong to the back end only, never to JavaScript in a page (rule S12):
 * this file is for Node.
 */

import { createHash, createHmac, timingSafeEqual } from "node:crypto";

// RFC 3986 path characters without the quote, and upper-case escapes of the bytes that cannot stand
// there bare.
const PATH = /^\/(?:[A-Za-z0-9._~!$&()*+,;=:@/-]|%(?:[01][0-9A-F]|2[0235F]|3[CEF]|5[B-E]|60|7[BCDF]|[89A-F][0-9A-F]))*$/;
// HTTP libraries may rewrite all else and these,
// and then the path on the wire is not the one that was signed (S6, S13).
const REWRITTEN = /^\/\/|\/\.\.?(?:\/|$)/;
const BLANK = /^[\s\p{Cc}]*$/u; // \s has the byte-order mark
const CONTROL = /[\x00-\x1f\x7f]/;

/**
 * Writes `Wed, 23 Nov 2022 19:25:21 +0000` (rule D1): UTC, English names whatever the locale. Call
 * it once per attempt. A signature lives 15 minutes, so a retry is dated and signed anew (D3, D6).
 * @param {number} unixSeconds
 */
export function requestDate(unixSeconds) {
  return new Date(unixSeconds * 1000).toUTCString().replace("GMT", "+0000");
}

/**
 * Returns the four headers of a Chats API request. Send exactly these texts and exactly this body.
 *
 * `body` is a string or a Buffer: call JSON.stringify once, sign its result, send that same result,
 * not an object that the HTTP library serialises again (rule S9).
 * `path` has no host and no query (S6). A GET has the body "" and still a content type (S4, S5).
 * `contentType` is `application/json`; the live server supports no other (S5).
 */
export function signChatsRequest(secret, method, path, date, contentType, body) {
  if (!date || !contentType) throw new RangeError("a client always sends Date and Content-Type"); // rule S8
  const contentMd5 = md5(body); // hex, not base64 (rule S4)
  const text = chatsStringToSign(method, contentMd5, contentType, date, path);
  return {
    Date: date, // the same text that was signed, never a second reading of the clock (rule D6)
    "Content-Type": contentType,
    "Content-MD5": contentMd5,
    "X-Signature": mac("sha1", secret, text).toString("hex"),
  };
}

/** Five lines, four line feeds, none at the end (rule S1). An absent header is an empty line (S8). */
export function chatsStringToSign(method, contentMd5, contentType, date, path) {
  if (!/^[A-Z]{1,16}$/.test(method) || method === "CONNECT") {
    throw new RangeError("the method must be 1 to 16 upper-case letters, and not CONNECT"); // rules S3, S14
  }
  if (!PATH.test(path) || REWRITTEN.test(path)) {
    throw new RangeError("the path must start with / and have no query, dot segment, needless escape or odd character");
  }
  if ([contentMd5, contentType, date].some((line) => CONTROL.test(line))) {
    throw new RangeError("control character in a signed header"); // a line feed would forge a line (rule S11)
  }
  return [method, contentMd5, contentType, date, path].join("\n");
}

/**
 * Tells whether a chat hook is genuine. `body` is a Buffer with what arrived, before any parsing
 * (rule H1); in Express that is express.raw({ type: "*\/*" }).
 *
 * Live hooks end in a line feed that was not signed, so one LF or one CR LF may be missing from the
 * signed bytes, and nothing more (H2). `signature` is the `X-Signature` header, undefined if
 * absent.
 */
export function verifyChatHook(secret, body, signature) {
  if (!/^[0-9a-f]{40}$/i.test(signature ?? "")) return false;
  const received = Buffer.from(signature, "hex");
  const lineEnd = /\r?\n$/.exec(body.subarray(-2).toString("latin1"))?.[0].length ?? 0;
  let genuine = false;
  for (const signed of [body, body.subarray(0, body.length - lineEnd)]) {
    // `===` would stop at the first difference, and its timing would tell where (rule H3).
    const same = timingSafeEqual(mac("sha1", secret, signed), received);
    genuine = genuine || same;
  }
  return genuine;
}

/**
 * Returns the id of the account whose access ended, as decimal text, or undefined if the disconnect
 * hook is not genuine.
 *
 * `secret` is the client secret of the integration, not the channel secret. `query` is what stood
 * after the `?`, as it arrived: parsers hide a parameter that was sent twice (rule X4). `clientId`
 * is your own: what arrived must equal it (X3). The signature has no time, so a captured hook stays
 * valid: ask the API, and delete nothing on the hook alone (X7).
 */
export function verifyDisconnectHook(secret, clientId, query) {
  const found = new Map();
  for (const pair of query.split("&")) {
    const [, name, value] = /^([^=]*)=?(.*)$/s.exec(pair);
    // Other names belong to the address that you registered.
    if (!["account_id", "client_uuid", "client_id", "signature"].includes(name)) continue;
    if (found.has(name)) return undefined; // rule X4
    found.set(name, value);
  }
  const received = found.get("client_uuid") ?? found.get("client_id");
  // Another integration, or two ids that differ (rule X3).
  if (received !== clientId || (found.get("client_id") ?? received) !== received) return undefined;
  // 1 to 20 digits, read as a number: leading zeros are not signed (rule X2).
  const account = /^(?=[0-9]{1,20}$)0*([1-9][0-9]*)$/.exec(found.get("account_id") ?? "")?.[1];
  const signature = found.get("signature") ?? "";
  if (!account || !/^[0-9a-f]{64}$/i.test(signature)) return undefined; // base64 is refused (rule X5)
  const expected = mac("sha256", secret, `${clientId}|${account}`); // rule X1
  return timingSafeEqual(expected, Buffer.from(signature, "hex")) ? account : undefined;
}

/** Returns the `x-chat-signature` of an Open API body: the raw bytes alone are signed (rules O1, O3). */
export function signOpenApi(secret, body) {
  return mac("sha256", secret, body).toString("hex");
}

/** Tells whether an Open API webhook is genuine (rule O4). Only bare lower-case hex will do (O2). */
export function verifyOpenApi(secret, body, signature) {
  if (!/^[0-9a-f]{64}$/.test(signature ?? "")) return false;
  return timingSafeEqual(Buffer.from(signOpenApi(secret, body)), Buffer.from(signature));
}

/** Returns `sbs_mm` of a visitor (rule V1). It never expires: make it on the server, per visitor. */
export function visitorSignature(sbs, secret, ranstr) {
  requireSecret(secret);
  return md5(`${md5(`${sbs}_${secret}`)}_${ranstr}`);
}

function requireSecret(secret) {
  if (BLANK.test(secret ?? "") || Buffer.byteLength(secret) > 256) {
    throw new RangeError("the secret is blank or has more than 256 bytes"); // rules S14, O5
  }
}

function mac(algorithm, secret, message) {
  requireSecret(secret);
  // The key is the secret's text. It looks like hex, but is never hex-decoded (rules S2, O1).
  return createHmac(algorithm, secret).update(message).digest();
}

function md5(message) {
  return createHash("md5").update(message).digest("hex");
}

// ---- Vector runner: node kommo-sign.mjs VECTORS_DIR. Not needed by those who copy. ----

import { existsSync, readFileSync, readdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

function checkChatsRequest(file, context) {
  const { secret, path, flags } = context;
  const [method, type, date] = [context.method.toUpperCase(), context.content_type ?? "", context.date ?? ""];
  const contentMd5 = file("content-md5.txt").toString();
  const toSign = chatsStringToSign(method, context.content_md5 === null ? "" : contentMd5, type, date, path);
  const signature = mac("sha1", secret, toSign).toString("hex");
  let good = toSign === file("string-to-sign.txt").toString() && signature === file("signature.txt").toString();
  if (!flags.includes("md5-given")) {
    const body = file("body.bin");
    good = good && md5(body) === contentMd5;
    if (type && date && context.content_md5 !== null) {
      const sent = { Date: date, "Content-Type": type, "Content-MD5": contentMd5, "X-Signature": signature };
      const headers = signChatsRequest(secret, method, path, date, type, body);
      good = good && JSON.stringify(headers) === JSON.stringify(sent);
    }
  }
  const differs = context.verdict === "invalid" && !flags.includes("signature-matches");
  return good && !(differs && signature === file("received-signature.txt", true)?.toString());
}

const checkVerdict = (verify) => (file, context) => {
  let genuine;
  try {
    genuine = verify(context.secret, file("body.bin"), file("signature.txt", true)?.toString());
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    genuine = false; // a blank secret is refused
  }
  return genuine === (context.verdict === "valid");
};

function checkDisconnect(file, context) {
  const secrets = context.secrets ?? [context.secret]; // several during a rotation (rule X6)
  const verdicts = secrets.map((secret) => {
    try {
      return verifyDisconnectHook(secret, context.client_id, file("query.txt").toString());
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return undefined; // a blank secret is refused
    }
  });
  const proven = verdicts.filter((account) => account !== undefined);
  const wanted = context.verdict === "valid" ? [String(context.account_id)] : [];
  return JSON.stringify(proven) === JSON.stringify(wanted);
}

const FAMILIES = {
  "chats-request": checkChatsRequest,
  "open-api": checkVerdict(verifyOpenApi),
  "chat-hook": checkVerdict(verifyChatHook),
  disconnect: checkDisconnect,
  visitor: (file, { sbs, secret, ranstr }) => visitorSignature(sbs, secret, ranstr) === file("signature.txt").toString(),
};

/** What no vector can show: the date writer, and what is refused or accepted. */
function ownChecks(check) {
  const date = "Wed, 23 Nov 2022 19:25:21 +0000";
  check("date", () => requestDate(1669231521) === date);
  check("date, one-digit day", () => requestDate(951782400) === "Tue, 29 Feb 2000 00:00:00 +0000");
  const good = ["secret", "POST", "/v2/a", date, "application/json", "{}"];
  const bad = [[0, ""], [0, undefined], [0, "\n"], [0, " \x85\u2003\ufeff"], [0, "s".repeat(257)],
    [0, "\xe9".repeat(129)],
    [1, ""], [1, "GET\n"], [1, "get"], [1, "CONNECT"], [1, "A".repeat(17)],
    [2, ""], [2, "/a\n"], [2, "/a?b=c"], [2, "//a"], [2, "/../a"], [2, "/a/."], [2, "/%2E"], [2, "/'"],
    [2, "/%41"], [2, "/%40"], [2, "/%2C"], [2, "/%27"], [2, "/%7E"], [2, "/%c3"], [2, "/%2f"], [2, "/%2"],
    [3, ""], [3, `${date}\n`], [4, "a\rb"], [4, ""]];
  const fine = [[0, " s".repeat(128)], [1, "A".repeat(16)], [2, "/"], [2, "/a.b/...//:@!$&()*+,;=~/%C3%A9%2F%5E"]];
  for (const [index, [place, value]] of [...bad, ...fine].entries()) {
    const toRefuse = index < bad.length;
    check(`${toRefuse ? "refuses" : "accepts"} ${JSON.stringify(value)} as argument ${place}`, () => {
      try {
        signChatsRequest(...Object.assign([...good], { [place]: value }));
      } catch (error) {
        return toRefuse && error instanceof RangeError;
      }
      return !toRefuse;
    });
  }
}

function runVectors(vectors) {
  let [passed, failed] = [0, 0];
  const check = (name, holds) => {
    let good = false;
    let reason = "";
    try {
      good = holds();
    } catch (error) {
      reason = `: ${error.message}`;
    }
    if (good) passed += 1;
    else failed += 1;
    if (!good) console.error(`failed: ${name}${reason}`);
  };
  ownChecks(check);
  for (const [family, holds] of Object.entries(FAMILIES)) {
    const folder = join(vectors, family);
    const entries = existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : [];
    const cases = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    if (cases.length === 0) check(`${family}: no case found`, () => false);
    for (const name of cases) {
      const file = (part, optional = false) => {
        const path = join(folder, name, part);
        return optional && !existsSync(path) ? undefined : readFileSync(path);
      };
      check(`${family}/${name}`, () => holds(file, JSON.parse(file("context.json"))));
    }
  }
  console.log(`node: ${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  if (process.argv.length !== 3) {
    console.error("usage: kommo-sign.mjs VECTORS_DIR");
    process.exit(2);
  }
  process.exitCode = runVectors(process.argv[2]);
}
