/**
 * Calls the CRM API of Kommo / amoCRM with a token from `kommo auth credential`, without any
 * package.
 *
 * The program keeps the grant and refreshes it once for all processes, so no refresh token ever
 * enters Node. A service without HOME names the file of its profile:
 *
 *     const kommo = new KommoApi(["--profile", "/etc/kommo/profiles/shop.toml"]);
 *     const { status, body } = await kommo.call("GET", "/api/v4/account");
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import * as http from "node:http";
import * as https from "node:https";
import { text } from "node:stream/consumers";

const MARGIN_SECONDS = 60; // a token is used until so many seconds before its end

/**
 * Why there is no token.
 *
 * `code` is stable: the table "Error codes" in the README of kommo-cli says for each whether to ask
 * for a new consent, to wait or to change a setting. Before `retryAt` (Unix seconds, or null)
 * another try is useless.
 */
export class KommoCredentialError extends Error {
  constructor(code, message, retryAt = null) {
    super(`${code}: ${message}`);
    this.code = code;
    this.retryAt = retryAt;
  }
}

export class KommoApi {
  #command;
  #program;
  #credential;

  /** `options` are further options of the program, such as ["--account", "shop.kommo.com"]. */
  constructor(options = [], program = "kommo") {
    this.#command = ["auth", "credential", "--format", "json", ...options];
    this.#program = program;
  }

  /**
   * Sends one call; after a 401 once more with another token, and the same method, path and body
   * (rule L10).
   *
   * `path` begins with a slash: `/api/v4/leads?limit=50`. `json` is text that JSON.stringify made,
   * or left out. A refusal of the platform (402, 403, 404, 429...) is an answer like any other:
   * look at `status`.
   */
  async call(method, path, json) {
    // Anything else could lead the token to another host: `https://shop.kommo.com` +
    // `@example.com/`.
    if (!/^\/[\x21-\x7e]*$/.test(path)) throw new RangeError("the path must begin with a slash and be escaped");
    let credential = this.#credential;
    const endsAt = credential?.expires_at ?? Infinity;
    if (!credential || endsAt < Date.now() / 1000 + MARGIN_SECONDS) credential = await this.#ask();
    const answer = await send(credential, method, path, json);
    if (answer.status !== 401) return answer;
    // Refreshed only if this generation is still the current one: another process may have been
    // quicker.
    credential = await this.#ask("--rejected-generation", String(credential.generation));
    return send(credential, method, path, json);
  }

  async #ask(...more) {
    // Never kill the program: it may be between a refresh token and its successor.
    const program = spawn(this.#program, [...this.#command, ...more], { stdio: ["ignore", "pipe", "inherit"] });
    const [said, [status]] = await Promise.all([text(program.stdout), once(program, "close")]);
    let answer;
    try {
      answer = JSON.parse(said);
    } catch {
      throw new KommoCredentialError("no-answer", `kommo ended with status ${status}`);
    }
    const { error } = answer;
    if (error) throw new KommoCredentialError(error.code, error.message, error.retry_at);
    this.#credential = answer;
    return answer;
  }
}

async function send(credential, method, path, json) {
  // Both come from the credential: so a sandbox's token never reaches the real platform, nor the
  // reverse.
  const url = new URL(credential.base_url + path);
  const headers = {
    Host: credential.host,
    Authorization: `Bearer ${credential.access_token}`,
    "User-Agent": "my-integration/1.0",
  };
  if (json !== undefined) {
    headers["Content-Type"] = "application/json";
    headers["Content-Length"] = Buffer.byteLength(json);
  }
  // These modules follow no redirect; fetch would.
  const request = (url.protocol === "https:" ? https : http).request(url, { method, headers, timeout: 30_000 });
  request.on("timeout", () => request.destroy(new Error(`no answer from ${credential.host}`)));
  request.end(json);
  const [response] = await once(request, "response");
  return { status: response.statusCode, body: await text(response) };
}
