"""Family chats-request: absent headers, forms of the date, and one wrong recipe after another."""

import hashlib
import json
from dataclasses import replace

from .chats_requests import CHARSET, CONNECT, GLOBAL_SECRET, HISTORY, MESSAGE, add
from .judge import agree, base64_text, compact_json, hmac_sha1, hmac_sha256, mac, md5_hex, python_json

METHOD, MD5, TYPE, DATE, PATH = range(5)
NEAR = "computed from www.amocrm.ru chat-step-by-step, connect"
NEAR_HISTORY = "computed from www.kommo.com getting-chat-history"
NEAR_MESSAGE = "computed from www.amocrm.ru chat-step-by-step, send a message"
AT = CONNECT.instant()


def signed(key, lines, separator="\n"):
    return hmac_sha1(key, separator.join(lines))


def changed(request, line, text):
    """The right lines with one replaced."""
    lines = request.lines()
    lines[line] = text
    return lines


def wrong(name, request, received, rules, finding, reason, *, known=None, source=NEAR, **more):
    if known is not None:
        agree(name, received, known)
    add(name, request, source=source, rules=rules, received=received, reason=reason, finding=finding, **more)


def right(name, request, rules, *, known=None, source=NEAR, **more):
    if known is not None:
        agree(name, request.signature(), known)
    add(name, request, source=source, rules=rules, **more)


def collect():
    absent_headers()
    dates()
    content_types()
    bodies()
    keys()
    lines()
    encodings()
    attacks()


def absent_headers():
    no_type = replace(CONNECT, content_type=None)
    right("absent-content-type-valid", no_type, "S1 S8", known="f6d5d88b1a12f1635199e3dd3d9e7bba75bf04e0")
    wrong("absent-content-type-signed", no_type, CONNECT.signature(), "S5 S8", "header-missing",
          "Content-Type was signed as application/json but did not come.")
    wrong("empty-content-type-signed", CONNECT, no_type.signature(), "S5 S8", "content-type-differs",
          "Content-Type came as application/json but was signed as an empty line.",
          known="f6d5d88b1a12f1635199e3dd3d9e7bba75bf04e0")

    get_no_type = replace(HISTORY, content_type=None)
    right("get-absent-content-type-valid", get_no_type, "S5 S8", source=NEAR_HISTORY,
          known="f1f594bf4abd9742eb49d282b6dbed9829bbece9")
    wrong("get-empty-content-type-signed", HISTORY, get_no_type.signature(), "S5 S8", "content-type-differs",
          "Content-Type came with the GET but was signed as an empty line.", source=NEAR_HISTORY,
          known="f1f594bf4abd9742eb49d282b6dbed9829bbece9")

    bare_get = replace(HISTORY, content_type=None, content_md5=None)
    right("get-absent-md5-and-content-type-valid", bare_get, "S4 S5 S8", source=NEAR_HISTORY,
          known="c284006a0ebb2b6e6db3d056b6cc951f659e2f67")
    wrong("get-empty-md5-and-content-type-signed", HISTORY, bare_get.signature(), "S4 S5 S8", "content-type-differs",
          "Content-MD5 and Content-Type came with the GET but were signed as empty lines.", source=NEAR_HISTORY,
          known="c284006a0ebb2b6e6db3d056b6cc951f659e2f67")

    right("absent-content-md5-valid", replace(CONNECT, content_md5=None), "S4 S8")
    wrong("absent-content-md5-signed", replace(CONNECT, content_md5=None), CONNECT.signature(), "S4 S8", "header-missing",
          "Content-MD5 was signed but did not come.")
    no_date = replace(CONNECT, date=None)
    wrong("absent-date-signed", no_date, CONNECT.signature(), "D6 S8", "header-missing",
          "Date was signed but did not come; a browser, for one, does not let a script set it.", at=AT)
    wrong("absent-date-empty-line", no_date, no_date.signature(), "D3 S8", "header-missing",
          "No Date came: the signature fits an empty line, but nobody can say how old it is.", at=AT)
    wrong("absent-signature", CONNECT, None, "S7", "header-missing", "No X-Signature came.")


def dates():
    def dated(text):
        return replace(CONNECT, date=text)

    right("date-gmt-valid", dated("Wed, 15 Dec 2021 23:12:55 GMT"), "D2", known="c111d61e425b271b414508a0f2c7ae713b8ffce0")
    right("date-other-zone-valid", dated("Thu, 16 Dec 2021 02:12:55 +0300"), "D2")
    right("date-west-zone-valid", dated("Wed, 15 Dec 2021 18:12:55 -0500"), "D2")
    right("date-minus-zero-zone-valid", dated("Wed, 15 Dec 2021 23:12:55 -0000"), "D2")
    right("date-wrong-weekday-valid", dated("Mon, 15 Dec 2021 23:12:55 +0000"), "D5")
    right("date-899-seconds-old-valid", CONNECT, "D3", at=AT + 899)
    right("date-900-seconds-old-valid", CONNECT, "D3", at=AT + 900)
    right("date-900-seconds-ahead-valid", CONNECT, "D4", at=AT - 900)
    wrong("date-stale", CONNECT, CONNECT.signature(), "D3", "date-stale", "The date is 901 seconds old, one more than allowed.",
          at=AT + 901)
    wrong("date-future", CONNECT, CONNECT.signature(), "D4", "date-future", "The date is 901 seconds ahead, one more than allowed.",
          at=AT - 901)
    taken_before = signed(CONNECT.secret, changed(CONNECT, DATE, "Wed, 15 Dec 2021 23:12:54 +0000"))
    wrong("date-taken-twice", CONNECT, taken_before, "D6", "date-taken-twice",
          "The string holds a date one second earlier than the header: the clock was read twice.")
    in_gmt = signed(CONNECT.secret, changed(CONNECT, DATE, "Wed, 15 Dec 2021 23:12:55 GMT"))
    wrong("date-taken-twice-other-form", CONNECT, in_gmt, "D2 D6", "date-taken-twice",
          "The string holds the same instant as GMT, the header as +0000: the date was written twice.")
    for name, text, why in [
        ("iso-8601", "2021-12-15T23:12:55Z", "The date is written as in ISO 8601."),
        ("zone-with-colon", "Wed, 15 Dec 2021 23:12:55 +00:00", "The zone of the date has a colon."),
        ("short-hour", "Thu, 16 Dec 2021 2:12:55 +0300", "The hour of the date lacks its leading zero."),
        ("unix-seconds", "1639609975", "The date is written as Unix seconds."),
    ]:
        request = dated(text)
        wrong(f"date-unreadable-{name}", request, request.signature(), "D1 D2", "date-unreadable", why, at=AT)


def content_types():
    charset = replace(CONNECT, content_type=CHARSET)
    wrong("content-type-charset-signed", CONNECT, charset.signature(), "S5", "content-type-differs",
          "The string holds the content type with its charset, the header came without.",
          known="2b65b363897f5d8756323b23219a8fe8d9569170")
    wrong("content-type-charset-sent", charset, CONNECT.signature(), "S5", "content-type-differs",
          "The header came with a charset that the HTTP library put there after signing.")
    wrong("content-type-charset-signed-and-sent", charset, charset.signature(), "S5", "content-type-unsupported",
          "The signature fits, but application/json alone is supported, without parameters.",
          known="2b65b363897f5d8756323b23219a8fe8d9569170")
    form = replace(CONNECT, content_type="application/x-www-form-urlencoded")
    wrong("content-type-form", form, form.signature(), "S5", "content-type-unsupported",
          "The signature fits, but a form is not supported.")


def arrives(request, body, **headers):
    """`request` was signed with its own body, and `body` is what came. Content-MD5 is still that of the signed body."""
    return replace(request, body=body, content_md5=request.body_md5, **headers)


def bodies():
    with_newline = replace(CONNECT, body=CONNECT.body + b"\n")
    agree("connect with a line feed, Content-MD5", with_newline.body_md5, "f612ef639d754a656ba6335555faba14")
    right("body-trailing-newline-signed-and-sent-valid", with_newline, "S4", known="3138183b5cfe2458fd3dd50299218b4d86f0c0cd")
    wrong("body-trailing-newline", arrives(with_newline, CONNECT.body), with_newline.signature(), "S4", "body-trailing-newline",
          "The body was hashed with a final line feed that was not sent.", known="3138183b5cfe2458fd3dd50299218b4d86f0c0cd")
    wrong("body-trailing-newline-sent", arrives(CONNECT, with_newline.body), CONNECT.signature(), "S4", "body-trailing-newline",
          "The body was sent with a final line feed that was not hashed.")
    wrong("body-trailing-newline-md5-of-sent", with_newline, CONNECT.signature(), "S4", "body-trailing-newline",
          "The string holds the MD5 of the body without its final line feed; the header holds that of the body as sent.")
    windows = replace(CONNECT, body=CONNECT.body + b"\r\n")
    wrong("body-trailing-crlf-sent", arrives(CONNECT, windows.body), CONNECT.signature(), "S4", "body-trailing-newline",
          "The body was sent with a final CR LF that was not hashed.")
    spaced = replace(CONNECT, body=CONNECT.body + b" ")
    wrong("body-trailing-space", arrives(spaced, CONNECT.body), spaced.signature(), "S4", "body-trailing-space",
          "The body was hashed with a final space that was not sent.")
    wrong("body-trailing-space-sent", arrives(CONNECT, spaced.body), CONNECT.signature(), "S4", "body-trailing-space",
          "The body was sent with a final space that was not hashed.")
    re_encoded_bodies()


def re_encoded_bodies():
    plain = replace(MESSAGE, body=compact_json(json.loads(MESSAGE.body)).encode())
    wrong("body-re-encoded-sent-plain", arrives(MESSAGE, plain.body), MESSAGE.signature(), "S9", "body-re-encoded",
          "The escaped JSON was signed; the same JSON was sent with plain slashes and letters.", source=NEAR_MESSAGE)
    wrong("body-re-encoded-signed-plain", arrives(plain, MESSAGE.body), plain.signature(), "S9", "body-re-encoded",
          r"The JSON was signed with plain slashes and letters; it was sent with \/ and \u escapes.", source=NEAR_MESSAGE)
    value = json.loads(CONNECT.body)
    spaces = replace(CONNECT, body=python_json(value).encode())
    wrong("body-re-encoded-signed-with-spaces", arrives(spaces, CONNECT.body), spaces.signature(), "S9", "body-re-encoded",
          "The JSON was signed with a space after each comma and colon; it was sent without.")
    wrong("body-re-encoded-sent-with-spaces", arrives(CONNECT, spaces.body), CONNECT.signature(), "S9", "body-re-encoded",
          "The JSON was signed without spaces; the HTTP library sent it with one after each comma and colon.")
    wrong("body-re-encoded-md5-of-sent", spaces, CONNECT.signature(), "S9", "body-re-encoded",
          "The string holds the MD5 of another serialisation; the header holds that of the body as sent.")
    in_order = compact_json({key: value[key] for key in sorted(value)}).encode()
    wrong("body-re-encoded-signed-with-sorted-keys", arrives(replace(CONNECT, body=in_order), CONNECT.body),
          replace(CONNECT, body=in_order).signature(), "S9", "body-re-encoded",
          "The JSON was signed with its keys sorted; it was sent in another order.")


def keys():
    right_lines = CONNECT.lines()
    wrong("key-hex-decoded", CONNECT, signed(bytes.fromhex(CONNECT.secret), right_lines), "S2", "key-hex-decoded",
          "The key was the secret decoded from hex, not its text.", known="228f0b7888adbf819d73dc5bbe919e36374c475e")
    for name, key, why in [
        ("trailing-newline", CONNECT.secret + "\n", "The key was the secret with the final line feed of its file."),
        ("trailing-crlf", CONNECT.secret + "\r\n", "The key was the secret with the final CR LF of its file."),
        ("trailing-space", CONNECT.secret + " ", "The key was the secret with a final space."),
        ("leading-space", " " + CONNECT.secret, "The key was the secret after a space."),
        ("byte-order-mark", b"\xef\xbb\xbf" + CONNECT.secret.encode(), "The key was the secret after the byte-order mark of its file."),
    ]:
        wrong(f"secret-{name}", CONNECT, signed(key, right_lines), "S2", "secret-whitespace", why)
    wrong("unknown-other-secret", CONNECT, signed(GLOBAL_SECRET, right_lines), "S2", "unknown",
          "The key was the secret of another channel.")


def lines():
    a = CONNECT.lines()
    key = CONNECT.secret

    wrong("wrong-order-date-first", CONNECT, signed(key, [a[METHOD], a[DATE], a[TYPE], a[MD5], a[PATH]]), "S1", "wrong-order",
          "The order was method, date, content type, MD5, path.", known="63d6b31b62aa117bf984aea563f23e1411ed3ac6")
    wrong("wrong-order-date-before-type", CONNECT, signed(key, [a[METHOD], a[MD5], a[DATE], a[TYPE], a[PATH]]), "S1", "wrong-order",
          "The order was method, MD5, date, content type, path.", known="3a5f24c4e107291bfc5102b55e7c753b5a8a375f")
    wrong("wrong-order-four-lines", CONNECT, signed(key, [a[METHOD], a[DATE], a[MD5], a[PATH]]), "S1", "wrong-order",
          "The lines were method, date, MD5, path: a recipe in circulation that leaves the content type out.")

    wrong("wrong-separator-newline-after-path", CONNECT, signed(key, a + [""]), "S1", "wrong-separator",
          "A line feed followed the path: line feeds stand between the five lines, not after them.",
          known="f68acc3906131f4c0ea1902c5f96f7724b60aa7c")
    wrong("wrong-separator-crlf", CONNECT, signed(key, a, "\r\n"), "S1", "wrong-separator", "The lines were joined by CR LF.")
    wrong("wrong-separator-none", CONNECT, signed(key, a, ""), "S1", "wrong-separator", "Nothing stood between the lines.")
    wrong("wrong-separator-backslash-n", CONNECT, signed(key, a, "\\n"), "S1", "wrong-separator",
          "A backslash and the letter n stood between the lines, as from single quotes in PHP.")

    wrong("method-case", CONNECT, signed(key, changed(CONNECT, METHOD, "post")), "S3", "method-case",
          "The method was signed in lower case.")
    wrong("query-signed", HISTORY, signed(HISTORY.secret, changed(HISTORY, PATH, HISTORY.target)), "S6", "query-signed",
          "The query was signed with the path.", source=NEAR_HISTORY, known="87ac67ccf0acc03c928758cdb1b0a11577b77b32")
    wrong("host-signed", CONNECT, signed(key, changed(CONNECT, PATH, CONNECT.host + CONNECT.path)), "S6", "host-signed",
          "The host was signed before the path.")
    wrong("host-signed-with-scheme", CONNECT, signed(key, changed(CONNECT, PATH, f"https://{CONNECT.host}{CONNECT.path}")), "S6",
          "host-signed", "The whole URL was signed instead of the path.")


def encodings():
    right_mac = mac("sha1", CONNECT.secret, CONNECT.string_to_sign())
    wrong("signature-base64", CONNECT, base64_text(right_mac), "S7", "signature-base64", "The signature came as base64.")
    wrong("signature-upper-case", CONNECT, right_mac.hex().upper(), "S7", "signature-upper-case",
          "The signature came in upper case.")
    digest = hashlib.md5(CONNECT.body).digest()
    for name, text, finding, why in [
        ("md5-base64", base64_text(digest), "md5-base64", "Content-MD5 was sent and signed as base64."),
        ("md5-upper-case", digest.hex().upper(), "md5-upper-case", "Content-MD5 was sent and signed in upper case."),
    ]:
        wrong(name, replace(CONNECT, content_md5=text), signed(CONNECT.secret, changed(CONNECT, MD5, text)), "S4", finding, why)
    text = CONNECT.string_to_sign()
    wrong("other-hash-hmac-sha256", CONNECT, hmac_sha256(CONNECT.secret, text), "S2", "other-hash",
          "The MAC was HMAC-SHA256, not HMAC-SHA1.")
    wrong("other-hash-plain-sha1", CONNECT, hashlib.sha1(text.encode()).hexdigest(), "S2", "other-hash",
          "The string was hashed with SHA-1 without a key.")
    body_only = hmac_sha1(CONNECT.secret, CONNECT.body)
    wrong("body-only-scheme", CONNECT, body_only, "S10", "body-only-scheme",
          "The body alone was signed: the scheme from before autumn 2019.", known="3fa5856b066091e4112361eb781a044085cebba5",
          scheme="body-only")
    wrong("body-only-scheme-two-headers", replace(CONNECT, date=None, content_md5=None), body_only, "S10", "body-only-scheme",
          "The body alone was signed, and neither Date nor Content-MD5 came, as that older scheme had it.", at=AT,
          scheme="body-only")


def attacks():
    other_body = CONNECT.body.replace(b"ChatsIntegration", b"ChatsIntegratiom")
    assert other_body != CONNECT.body and md5_hex(other_body) != CONNECT.body_md5
    wrong("body-changed", arrives(CONNECT, other_body), CONNECT.signature(), "S4", None,
          "One byte of the body was changed on the way; Content-MD5 still is that of the signed body.")
    wrong("body-changed-with-its-md5", replace(CONNECT, body=other_body), CONNECT.signature(), "S1 S4", "unknown",
          "One byte of the body was changed on the way, and Content-MD5 with it.")
    wrong("path-changed", replace(CONNECT, target=CONNECT.path.replace("/connect", "/disconnect")), CONNECT.signature(), "S1 S6",
          "unknown", "The signature belongs to another path.")
    wrong("method-changed", replace(CONNECT, method="DELETE"), CONNECT.signature(), "S1 S3", None,
          "The signature belongs to another method.")
    wrong("signature-truncated", CONNECT, CONNECT.signature()[:-1], "S7", None, "The signature lacks its last digit.")
    wrong("signature-last-digit-changed", CONNECT, CONNECT.signature()[:-1] + "4", "S1 S7", "unknown",
          "The last digit of the signature was changed.")
