"""Signatures for the Kommo / amoCRM Chats API, the Open API and the disconnect hook, standard library only.

Copy the part above the line "Vector runner". Rule numbers (S1, H2, ...) are those of docs/protocol.md.
Secrets belong to the back end only, never to JavaScript in a page (rule S12).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime, timezone
from email.utils import format_datetime

# RFC 3986 path characters without the quote, and upper-case escapes of the bytes that cannot stand there bare.
_PATH = re.compile(r"/(?:[A-Za-z0-9._~!$&()*+,;=:@/-]|%(?:[01][0-9A-F]|2[0235F]|3[CEF]|5[B-E]|60|7[BCDF]|[89A-F][0-9A-F]))*")
# HTTP libraries may rewrite all else and these,
# and then the path on the wire is not the one that was signed (S6, S13).
_REWRITTEN = re.compile(r"^//|/\.\.?(?:/|$)")
_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ufeff]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def request_date(unix_seconds: int) -> str:
    """Writes `Wed, 23 Nov 2022 19:25:21 +0000` (rule D1): UTC, English names whatever the locale.

    Call it once per attempt. A signature lives 15 minutes, so a retry is dated and signed anew (D3, D6).
    """
    return format_datetime(datetime.fromtimestamp(unix_seconds, timezone.utc))


def sign_chats_request(
    secret: str, method: str, path: str, date: str, content_type: str, body: bytes
) -> dict[str, str]:
    """Returns the four headers of a Chats API request. Send exactly these texts and exactly this body.

    `body` is bytes on purpose: serialise the JSON once, sign those bytes, send those bytes (rule S9).
    `path` has no host and no query (S6). A GET has body b"" and still a content type (S4, S5).
    `content_type` is `application/json`; the live server supports no other (S5).
    """
    if not date or not content_type:
        raise ValueError("a client always sends Date and Content-Type")  # rule S8
    content_md5 = hashlib.md5(body).hexdigest()  # hex, not base64 (rule S4)
    text = chats_string_to_sign(method, content_md5, content_type, date, path)
    return {
        "Date": date,  # the same text that was signed, never a second reading of the clock (rule D6)
        "Content-Type": content_type,
        "Content-MD5": content_md5,
        "X-Signature": _mac(secret, text.encode(), "sha1"),
    }


def chats_string_to_sign(method: str, content_md5: str, content_type: str, date: str, path: str) -> str:
    """Five lines, four line feeds, none at the end (rule S1). An absent header is an empty line (S8)."""
    if not re.fullmatch(r"[A-Z]{1,16}", method) or method == "CONNECT":
        raise ValueError("the method must be 1 to 16 upper-case letters, and not CONNECT")  # rules S3, S14
    if not _PATH.fullmatch(path) or _REWRITTEN.search(path):
        raise ValueError("the path must start with / and have no query, dot segment, needless escape or odd character")
    if any(_CONTROL.search(line) for line in (content_md5, content_type, date)):
        raise ValueError("control character in a signed header")  # a line feed would forge a line (rule S11)
    return "\n".join((method, content_md5, content_type, date, path))


def verify_chat_hook(secret: str, body: bytes, signature: str | None) -> bool:
    """Tells whether a chat hook is genuine. `body` is what arrived, before any parsing (rule H1).

    Live hooks end in a line feed that was not signed, so one LF or one CR LF may be missing from
    the signed bytes, and nothing more (H2). `signature` is the `X-Signature` header, None if absent.
    """
    if not re.fullmatch(r"[0-9a-fA-F]{40}", signature or ""):
        return False
    line_end = 2 if body.endswith(b"\r\n") else 1 if body.endswith(b"\n") else 0
    genuine = False
    for signed in (body, body[: len(body) - line_end]):
        # `==` would stop at the first difference, and its timing would tell where (rule H3).
        genuine |= hmac.compare_digest(_mac(secret, signed, "sha1"), signature.lower())
    return genuine


def verify_disconnect_hook(secret: str, client_id: str, query: str) -> str | None:
    """Returns the id of the account whose access ended, as decimal text, or None if the hook is not genuine.

    `secret` is the client secret of the integration, not the channel secret. `query` is what stood after
    the `?`, as it arrived: parsers hide a parameter that was sent twice (rule X4). `client_id` is your
    own: what arrived must equal it (X3). The signature has no time, so a captured hook stays valid: ask
    the API, and delete nothing on the hook alone (X7).
    """
    found: dict[str, str] = {}
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if name not in ("account_id", "client_uuid", "client_id", "signature"):
            continue  # belongs to the address that you registered
        if name in found:
            return None  # rule X4
        found[name] = value
    received = found.get("client_uuid", found.get("client_id"))
    if received != client_id or found.get("client_id", received) != received:
        return None  # another integration, or two ids that differ (rule X3)
    # 1 to 20 digits, read as a number: leading zeros are not signed (rule X2).
    account = re.fullmatch(r"(?=[0-9]{1,20}$)0*([1-9][0-9]*)", found.get("account_id", ""))
    signature = re.fullmatch(r"[0-9a-fA-F]{64}", found.get("signature", ""))  # base64 is refused (rule X5)
    if not account or not signature:
        return None
    expected = _mac(secret, f"{client_id}|{account[1]}".encode(), "sha256")  # rule X1
    return account[1] if hmac.compare_digest(expected, signature[0].lower()) else None


def sign_open_api(secret: str, body: bytes) -> str:
    """Returns the `x-chat-signature` of an Open API body: the raw bytes alone are signed (rules O1, O3)."""
    return _mac(secret, body, "sha256")


def verify_open_api(secret: str, body: bytes, signature: str | None) -> bool:
    """Tells whether an Open API webhook is genuine (rule O4). Only bare lower-case hex will do (O2)."""
    if not re.fullmatch(r"[0-9a-f]{64}", signature or ""):
        return False
    return hmac.compare_digest(sign_open_api(secret, body), signature)


def visitor_signature(sbs: str, secret: str, ranstr: str) -> str:
    """Returns `sbs_mm` of a visitor (rule V1). It never expires: make it on the server, per visitor."""
    _require_secret(secret)
    inner = hashlib.md5(f"{sbs}_{secret}".encode()).hexdigest()
    return hashlib.md5(f"{inner}_{ranstr}".encode()).hexdigest()


def _require_secret(secret: str) -> None:
    if _BLANK.fullmatch(secret) or len(secret.encode()) > 256:
        raise ValueError("the secret is blank or has more than 256 bytes")  # rules S14, O5


def _mac(secret: str, message: bytes, algorithm: str) -> str:
    _require_secret(secret)
    # The key is the secret's text. It looks like hex, but is never hex-decoded (rules S2, O1).
    return hmac.new(secret.encode(), message, algorithm).hexdigest()


# ---- Vector runner: python3 kommo_sign.py VECTORS_DIR. Not needed by those who copy. ----

def _check_chats_request(case, context: dict) -> bool:
    method, path = context["method"].upper(), context["path"]
    content_type, date = context["content_type"] or "", context["date"] or ""
    md5 = _text(case, "content-md5.txt")
    text = chats_string_to_sign(method, "" if context["content_md5"] is None else md5, content_type, date, path)
    signature = _mac(context["secret"], text.encode(), "sha1")
    good = text == _text(case, "string-to-sign.txt") and signature == _text(case, "signature.txt")
    if "md5-given" not in context["flags"]:
        body = (case / "body.bin").read_bytes()
        good = good and hashlib.md5(body).hexdigest() == md5
        if content_type and date and context["content_md5"] is not None:
            headers = sign_chats_request(context["secret"], method, path, date, content_type, body)
            sent = {"Date": date, "Content-Type": content_type, "Content-MD5": md5, "X-Signature": signature}
            good = good and headers == sent
    if context["verdict"] == "invalid" and "signature-matches" not in context["flags"]:
        good = good and signature != _text_or_none(case, "received-signature.txt")
    return good


def _check_verdict(verify):
    def check(case, context: dict) -> bool:
        received = _text_or_none(case, "signature.txt")
        try:
            genuine = verify(context["secret"], (case / "body.bin").read_bytes(), received)
        except ValueError:
            genuine = False  # a blank secret is refused
        return genuine == (context["verdict"] == "valid")

    return check


def _check_disconnect(case, context: dict) -> bool:
    proven = []
    for secret in context.get("secrets", [context["secret"]]):  # several during a rotation (rule X6)
        try:
            account = verify_disconnect_hook(secret, context["client_id"], _text(case, "query.txt"))
        except ValueError:
            account = None  # a blank secret is refused
        if account is not None:
            proven.append(account)
    return proven == ([str(context["account_id"])] if context["verdict"] == "valid" else [])


def _check_visitor(case, context: dict) -> bool:
    signature = visitor_signature(context["sbs"], context["secret"], context["ranstr"])
    return signature == _text(case, "signature.txt")


def _text(case, name: str) -> str:
    return (case / name).read_bytes().decode()


def _text_or_none(case, name: str) -> str | None:
    return _text(case, name) if (case / name).exists() else None


def _own_checks():
    """What no vector can show: the date writer, and what is refused or accepted."""
    yield "date", request_date(1669231521) == "Wed, 23 Nov 2022 19:25:21 +0000"
    yield "date, one-digit day", request_date(951782400) == "Tue, 29 Feb 2000 00:00:00 +0000"
    good = ("secret", "POST", "/v2/a", "Wed, 23 Nov 2022 19:25:21 +0000", "application/json", b"{}")
    bad = ((0, ""), (0, "\n"), (0, " \x85\u2003\ufeff"), (0, "s" * 257), (0, "\u00e9" * 129),
           (1, ""), (1, "GET\n"), (1, "get"), (1, "CONNECT"), (1, "A" * 17),
           (2, ""), (2, "/a\n"), (2, "/a?b=c"), (2, "//a"), (2, "/../a"), (2, "/a/."), (2, "/%2E"), (2, "/'"),
           (2, "/%41"), (2, "/%40"), (2, "/%2C"), (2, "/%27"), (2, "/%7E"), (2, "/%c3"), (2, "/%2f"), (2, "/%2"),
           (3, ""), (3, good[3] + "\n"), (4, "a\rb"), (4, ""))
    fine = ((0, " s" * 128), (1, "A" * 16), (2, "/"), (2, "/a.b/...//:@!$&()*+,;=~/%C3%A9%2F%5E"))
    for place, value in bad + fine:
        try:
            sign_chats_request(*good[:place], value, *good[place + 1 :])
            accepted = True
        except ValueError:
            accepted = False
        yield f"{value!r} as argument {place}", accepted == ((place, value) in fine)


def _main(vectors) -> int:
    results = list(_own_checks())
    families = {
        "chats-request": _check_chats_request,
        "open-api": _check_verdict(verify_open_api),
        "chat-hook": _check_verdict(verify_chat_hook),
        "disconnect": _check_disconnect,
        "visitor": _check_visitor,
    }
    for family, check in families.items():
        cases = sorted(path for path in (vectors / family).glob("*") if path.is_dir())
        if not cases:
            results.append((f"{family}: no case found", False))
        for case in cases:
            try:
                good = check(case, json.loads(_text(case, "context.json")))
            except (OSError, ValueError, KeyError) as error:
                print(f"{case}: {error}", file=sys.stderr)
                good = False
            results.append((f"{family}/{case.name}", good))
    failed = [name for name, good in results if not good]
    for name in failed:
        print(f"failed: {name}", file=sys.stderr)
    print(f"python: {len(results) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    import json
    import sys
    from pathlib import Path

    if len(sys.argv) != 2:
        print("usage: kommo_sign.py VECTORS_DIR", file=sys.stderr)
        sys.exit(2)
    sys.exit(_main(Path(sys.argv[1])))
