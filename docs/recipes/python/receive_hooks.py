"""Receives the two signed hooks of Kommo / amoCRM: POST is a chat hook, GET is a disconnect hook.

`application` is WSGI: any server runs it. It reads three variables: KOMMO_CHANNEL_SECRET_FILE and
KOMMO_CLIENT_SECRET_FILE name files, KOMMO_CLIENT_ID is the id of the integration. To try it:
`python3 receive_hooks.py 8080`.
"""

from __future__ import annotations

import json
import os

from kommo_sign import verify_chat_hook, verify_disconnect_hook

_BODY_BYTES_MAX = 1024 * 1024


def application(environ, start_response):
    start_response(_receive(environ), [("Content-Length", "0")])
    return []


def _receive(environ) -> str:
    if environ["REQUEST_METHOD"] == "POST":
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if length > _BODY_BYTES_MAX:
            return "413 Content Too Large"
        body = environ["wsgi.input"].read(length)  # the bytes that arrived, before any parser (rule H1)
        if not verify_chat_hook(_secret("KOMMO_CHANNEL_SECRET_FILE"), body, environ.get("HTTP_X_SIGNATURE")):
            return "401 Unauthorized"
        _keep("chat", body.decode())
        return "200 OK"
    client_id = os.environ["KOMMO_CLIENT_ID"]
    account = verify_disconnect_hook(_secret("KOMMO_CLIENT_SECRET_FILE"), client_id, environ.get("QUERY_STRING", ""))
    if account is None:
        return "401 Unauthorized"
    _keep("disconnect", account)
    return "200 OK"


def _keep(kind: str, hook: str) -> None:
    """A hook that is answered with 200 is not sent again, so it must be on disk first. Do the work later, elsewhere."""
    # One line a hook; a table of your database, or your queue, is as good.
    with open(os.environ.get("HOOK_FILE", "hooks.jsonl"), "a", encoding="utf-8") as file:
        file.write(json.dumps({"kind": kind, "hook": hook}) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _secret(variable: str) -> str:
    """The file is read for each hook, so that a new secret needs no restart."""
    with open(os.environ[variable], encoding="utf-8") as file:
        return file.read().removesuffix("\n")  # an editor's line end is no part of the secret


if __name__ == "__main__":
    import sys
    from wsgiref.simple_server import make_server

    make_server("127.0.0.1", int(sys.argv[1]), application).serve_forever()
