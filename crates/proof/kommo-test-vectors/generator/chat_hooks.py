"""Family chat-hook: hooks of the Chats API, HMAC-SHA1 of the body."""

import hashlib
import json

from .folders import add_case, context_of
from .judge import agree, base64_text, compact_json, hmac_sha1, hmac_sha256, mac, php_json

SECRET = "5a44c5dff55f3c15a4cce8d7c4cc27e207c7e189"
OTHER_SECRET = "f2d7f8704eff95087ed45b23ba99c0b5aac8278e"

MESSAGE = (
    b'{"account_id":"52e591f7-c98f-4255-8495-827210138c81","time":1639572261,"message":{"receiver":{"id":"2ed64e26-70a1-4857'
    b'-8382-bb066a076219","phone":"79161234567","email":"example.client@example.com","client_id":"my_int-1376265f-86df-4c49-'
    b'a0c3-a4816df41af8"},"sender":{"id":"76fc2bea-902f-425c-9a3d-dcdac4766090"},"conversation":{"id":"8e4d4baa-9e6c-4a88-838'
    b'a-5f62be227bdc","client_id":"my_int-d5a421f7f218"},"timestamp":1639572260,"msec_timestamp":1639572260980,"message":{"id"'
    b':"0371a0ff-b78a-4c7b-8538-a7d547e10692","type":"text","text":"Hello","markup":null,"tag":"","media":"","thumbnail":"","f'
    b'ile_name":"","file_size":0}}}'
)
TYPING = (
    b'{"account_id":"81ede28b-8952-4785-abe2-c8d93f5fcc7d","time":1637087558,"action":{"typing":{"user":{"id":"fb0fb604-9e04'
    b'-4e1d-bee9-37c71924cdc2"},"conversation":{"id":"f1e4e02c-f502-4165-9377-8575c55c5ebd","client_id":"c7"},"expired_at":16'
    b"37087563}}}"
)
REACTION = (
    '{"account_id":"81ede28b-8952-4785-abe2-c8d93f5fcc7d","time":1637087558,"action":{"reaction":{"msgid":"cd05887d-bb16-4e11'
    '-b298-40455cc77195","user":{"id":"fb0fb604-9e04-4e1d-bee9-37c71924cdc2"},"conversation":{"id":"f1e4e02c-f502-4165-9377-8'
    '575c55c5ebd","client_id":"c7"},"type":"react","emoji":"\U0001f60d"}}}'
).encode()

# name, body, its length, signature without the line feed, signature with it
HOOKS = [
    ("message", MESSAGE, 624, "51b68b7857efe986eda7845948581592c3db4b6d", "d90e5a92b77610d8bfc9f0f2e9dcfd541ec9f3b6"),
    ("typing", TYPING, 248, "3e7c73fec0ab938f11a38882e0c30cf297997874", "fcb79966824342a13cfa4f97271513306399aa80"),
    ("reaction", REACTION, 303, "d17ec48d3e06a675f9d2437a9f6d277d20dc9425", "8ea9f736ed09061d8d5a36fc075268a57f491e21"),
]
SOURCE = "computed over the sample of www.amocrm.ru chat-webhooks"
ALIKE = "the signature itself, made over signed-body.bin"


def add(name, body, signed, rules, *, covered=None, signature=ALIKE, secret=SECRET, source=SOURCE, reason=None, finding=None):
    """`body` came, `signed` is what the signature was made over; `covered` names the reading, in valid cases."""
    assert (covered is None) == (reason is not None), name
    signature = hmac_sha1(secret, signed) if signature == ALIKE else signature
    context = context_of(source, "computed", rules, reason, finding, secret=secret, covered=covered)
    add_case("chat-hook", name, context, {"body.bin": body, "signed-body.bin": signed, "signature.txt": signature})


def collect():
    valid()
    wrong_bodies()
    wrong_signatures()


def valid():
    for name, body, length, without, included in HOOKS:
        agree(f"{name}, length of the body", len(body), length)
        agree(f"{name}, without the line feed", hmac_sha1(SECRET, body), without)
        agree(f"{name}, with the line feed", hmac_sha1(SECRET, body + b"\n"), included)
        add(f"{name}-unsigned-newline", body + b"\n", body, "H1 H2", covered="without-lf",
            source="as captured hooks are signed (adrmendozac/smsbrinteva 913ac9c), over the sample of www.amocrm.ru chat-webhooks")
        add(f"{name}-signed-newline", body + b"\n", body + b"\n", "H1 H2", covered="raw")
        add(f"{name}-without-newline", body, body, "H1", covered="raw")
        add(f"{name}-unsigned-crlf", body + b"\r\n", body, "H2", covered="without-crlf")
        add(f"{name}-signed-crlf", body + b"\r\n", body + b"\r\n", "H1 H2", covered="raw")
    short = "11c08dd7ba836ea9cfc03133b4813d"
    agree("short secret", hmac_sha1(short, b"test-body"), "5af67d9a838e1b0a7d86591ae57740d703640b5d")
    add("short-secret", b"test-body", b"test-body", "H1", covered="raw", secret=short,
        source="inputs of a test of fcritic/amojo-api-client")
    small = b'{"account_id":"x","time":1}'
    agree("small body", hmac_sha1("channel-secret", small), "1b58ec7918f80d142eaadae57ae2265cb1472ff6")
    add("small-body", small, small, "H1", covered="raw", secret="channel-secret", source="computed check value of the reference")
    add("upper-case-hex", MESSAGE + b"\n", MESSAGE, "H3", covered="without-lf", signature=hmac_sha1(SECRET, MESSAGE).upper())
    mixed = hmac_sha1(SECRET, TYPING)
    add("mixed-case-hex", TYPING, TYPING, "H3", covered="raw", signature=mixed[:20].upper() + mixed[20:])
    add("empty-body", b"", b"", "H1", covered="raw")
    add("newline-alone", b"\n", b"", "H2", covered="without-lf")
    add("two-newlines-one-signed", TYPING + b"\n\n", TYPING + b"\n", "H2", covered="without-lf")
    go_json = compact_json({"account_id": "x", "time": 1, "text": "<a & b>"})
    go_json = go_json.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e").encode()
    add("html-escapes-unsigned-newline", go_json + b"\n", go_json, "H2 S9", covered="without-lf",
        source="made up, with the escapes that Go's encoder writes")


def wrong_bodies():
    add("two-newlines-none-signed", TYPING + b"\n\n", TYPING, "H2", reason="Two line feeds came and none was signed: only one is stripped.",
        finding="body-trailing-newline")
    add("trailing-space-unsigned", TYPING + b" ", TYPING, "H2", reason="A trailing space came that was not signed: no space is stripped.",
        finding="body-trailing-space")
    add("carriage-return-unsigned", TYPING + b"\r", TYPING, "H2",
        reason="A lone carriage return came that was not signed: it is no line end.")
    add("crlf-half-stripped", TYPING + b"\r\n", TYPING + b"\r", "H2",
        reason="A CR LF is one line end, stripped as a whole or not at all; the signature covers half of it.")
    add("newline-lost", TYPING, TYPING + b"\n", "H1", reason="The line feed was signed but lost on the way: nothing is added to a body.",
        finding="body-trailing-newline")
    changed = MESSAGE.replace(b'"Hello"', b'"Hellp"')
    assert changed != MESSAGE
    add("changed-byte", changed + b"\n", MESSAGE, "H1", reason="One byte of the body was changed.", finding="unknown")
    add("first-byte-lost", MESSAGE[1:], MESSAGE, "H1", reason="The first byte of the body was lost.", finding="unknown")
    value = json.loads(REACTION)
    add("re-encoded-as-php", php_json(value).encode(), REACTION, "H1 S9", finding="body-re-encoded",
        reason="A framework parsed the body and wrote it again with escapes; the signature covers the bytes as sent.")
    escaped = json.dumps(value, separators=(",", ":")).encode()
    add("re-encoded-as-plain", REACTION, escaped, "H1 S9", finding="body-re-encoded",
        reason="A framework parsed the body and wrote it again without its escapes; the signature covers the bytes as sent.")
    add("re-encoded-with-spaces", json.dumps(value, ensure_ascii=False).encode(), REACTION, "H1 S9", finding="body-re-encoded",
        reason="A framework parsed the body and wrote it again with spaces; the signature covers the bytes as sent.")
    add("body-of-another-hook", MESSAGE + b"\n", TYPING, "H1", reason="The signature belongs to another body.", finding="unknown")


def wrong_signatures():
    right = hmac_sha1(SECRET, MESSAGE)
    body = MESSAGE + b"\n"

    def wrong(name, signature, rules, reason, finding):
        add(name, body, MESSAGE, rules, signature=signature, reason=reason, finding=finding)

    wrong("other-key", hmac_sha1(OTHER_SECRET, MESSAGE), "H1", "The key was the secret of another channel.", "unknown")
    wrong("key-hex-decoded", hmac_sha1(bytes.fromhex(SECRET), MESSAGE), "H1", "The key was the secret decoded from hex, not its text.",
          "key-hex-decoded")
    wrong("secret-trailing-newline", hmac_sha1(SECRET + "\n", MESSAGE), "H1",
          "The key was the secret with the final line feed of its file.", "secret-whitespace")
    wrong("secret-byte-order-mark", hmac_sha1(b"\xef\xbb\xbf" + SECRET.encode(), MESSAGE), "H1",
          "The key was the secret after the byte-order mark of its file.", "secret-whitespace")
    wrong("base64", base64_text(mac("sha1", SECRET, MESSAGE)), "H3", "The signature came as base64.", "signature-base64")
    wrong("hmac-sha256", hmac_sha256(SECRET, MESSAGE), "H1", "The MAC was HMAC-SHA256, not HMAC-SHA1.", "other-hash")
    wrong("plain-sha1", hashlib.sha1(MESSAGE).hexdigest(), "H1", "The body was hashed with SHA-1 without a key.", "other-hash")
    wrong("truncated", right[:-1], "H3", "The signature lacks its last digit.", None)
    wrong("too-long", right + "0", "H3", "The signature has 41 digits.", None)
    wrong("not-hex", "g" + right[1:], "H3", "The signature has a letter that is no hex digit.", None)
    wrong("prefixed", "sha1=" + right, "H3", "The signature stands behind a prefix.", None)
    wrong("empty-signature", "", "H3", "The signature is empty.", None)
    wrong("all-zero", "0" * 40, "H1", "The signature is forty zeros.", "unknown")
    wrong("last-digit-changed", right[:-1] + "c", "H1", "The last digit of the signature was changed.", "unknown")
