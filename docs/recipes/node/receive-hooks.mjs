/**
 * Receives the two signed hooks of Kommo / amoCRM: POST is a chat hook, GET is a disconnect hook.
 *
 * It reads three variables: KOMMO_CHANNEL_SECRET_FILE and KOMMO_CLIENT_SECRET_FILE name files,
 * KOMMO_CLIENT_ID is the id of the integration. To try it: `node receive-hooks.mjs 8080`.
 */

import { open, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";

import { verifyChatHook, verifyDisconnectHook } from "./kommo-sign.mjs";

const BODY_BYTES_MAX = 1024 * 1024;

async function receive(request) {
  if (request.method === "POST") {
    if (!(Number(request.headers["content-length"]) <= BODY_BYTES_MAX)) return 413;
    const body = await buffer(request); // the bytes that arrived, before any parser (rule H1)
    const secret = await secretIn("KOMMO_CHANNEL_SECRET_FILE");
    if (!verifyChatHook(secret, body, request.headers["x-signature"])) return 401;
    await keep("chat", body.toString());
    return 200;
  }
  const [, query = ""] = /\?(.*)$/s.exec(request.url) ?? [];
  const secret = await secretIn("KOMMO_CLIENT_SECRET_FILE");
  const account = verifyDisconnectHook(secret, process.env.KOMMO_CLIENT_ID, query);
  if (account === undefined) return 401;
  await keep("disconnect", account);
  return 200;
}

/** A hook that is answered with 200 is not sent again, so it must be on disk first. Do the work later, elsewhere. */
async function keep(kind, hook) {
  // One line a hook; a table of your database, or your queue, is as good.
  const file = await open(process.env.HOOK_FILE ?? "hooks.jsonl", "a");
  try {
    await file.write(`${JSON.stringify({ kind, hook })}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The file is read for each hook, so that a new secret needs no restart. */
async function secretIn(variable) {
  const text = await readFile(process.env[variable], "utf8");
  return text.replace(/\r?\n$/, ""); // an editor's line end is no part of the secret
}

createServer(async (request, response) => {
  const status = await receive(request).catch((error) => {
    console.error(error.message);
    return 500;
  });
  response.writeHead(status).end();
}).listen(Number(process.argv[2]), "127.0.0.1");
