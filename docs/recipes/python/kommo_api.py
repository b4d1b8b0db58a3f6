"""Calls the CRM API of Kommo / amoCRM with a token from `kommo auth credential`, standard library only.

The program keeps the grant and refreshes it once for all processes, so no refresh token ever enters Python.
A service without HOME names the file of its profile:

    kommo = KommoApi("--profile", "/etc/kommo/profiles/shop.toml")
    status, body = kommo.call("GET", "/api/v4/account")
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from http.client import HTTPConnection, HTTPSConnection
from urllib.parse import urlsplit

_MARGIN_SECONDS = 60  # a token is used until so many seconds before its end


class KommoCredentialError(Exception):
    """Why there is no token.

    `code` is stable: the table "Error codes" in the README of kommo-cli says for each whether to ask for a
    new consent, to wait or to change a setting. Before `retry_at` (Unix seconds, or None) another try is useless.
    """

    def __init__(self, code: str, message: str, retry_at: int | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.retry_at = retry_at


class KommoApi:
    def __init__(self, *options: str, program: str = "kommo") -> None:
        """`options` are further options of the program, such as "--account", "shop.kommo.com"."""
        self._command = [program, "auth", "credential", "--format", "json", *options]
        self._credential: dict | None = None

    def call(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Sends one call; after a 401 once more with another token, and the same method, path and body (rule L10).

        `path` begins with a slash: `/api/v4/leads?limit=50`. `body` is JSON as bytes, or None. A refusal of the
        platform (402, 403, 404, 429...) is an answer like any other: look at the status.
        """
        # Anything else could lead the token to another host: `https://shop.kommo.com` + `@example.com/`.
        if not re.fullmatch(r"/[\x21-\x7e]*", path):
            raise ValueError("the path must begin with a slash and be escaped")
        credential = self._credential
        ends_at = credential and credential["expires_at"]
        if credential is None or (ends_at is not None and ends_at < time.time() + _MARGIN_SECONDS):
            credential = self._credential = self._ask()
        answer = _send(credential, method, path, body)
        if answer[0] != 401:
            return answer
        # Refreshed only if this generation is still the current one: another process may have been quicker.
        credential = self._credential = self._ask("--rejected-generation", str(credential["generation"]))
        return _send(credential, method, path, body)

    def _ask(self, *more: str) -> dict:
        # No timeout, since it would kill the program, which may be between a refresh token and its successor.
        ended = subprocess.run([*self._command, *more], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        try:
            answer = json.loads(ended.stdout)
        except ValueError:
            raise KommoCredentialError("no-answer", f"kommo ended with status {ended.returncode}") from None
        if "error" in answer:
            error = answer["error"]
            raise KommoCredentialError(error["code"], error["message"], error["retry_at"])
        return answer


def _send(credential: dict, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
    # Both come from the credential: so a sandbox's token never reaches the real platform, nor the reverse.
    base = urlsplit(credential["base_url"])
    headers = {
        "Host": credential["host"],
        "Authorization": "Bearer " + credential["access_token"],
        "User-Agent": "my-integration/1.0",
    }
    if body is not None:
        headers["Content-Type"] = "application/json"
    # http.client follows no redirect; urllib.request would take the token along to another host.
    connect = HTTPSConnection if base.scheme == "https" else HTTPConnection
    connection = connect(base.netloc, timeout=30)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()
