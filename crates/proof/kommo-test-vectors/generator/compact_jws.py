"""Family compact-jws: one-time tokens of widgets and tokens of bots."""

import base64

from .folders import add_case, context_of
from .judge import agree, base64url, compact_json, mac

SECRET = "Kj3xQ9vT7bLmN2pR5sW8yZ1aC4dF6gH0jK3lM5nP7qS9tV2wX4zB6cD8eF0gH2iJ"
OTHER_SECRET = "test-secret-0123456789abcdef"
HASHES = {"HS256": "sha256", "HS512": "sha512"}

WIDGET_CLAIMS = {
    "iss": "https://subdomain.kommo.com",
    "aud": "https://external.integration.io",
    "jti": "7b1f0c2e-0000-4000-8000-000000000001",
    "iat": 1594204245,
    "nbf": 1594204245,
    "exp": 1594206045,
    "account_id": 12345678,
    "user_id": 87654321,
    "subdomain": "subdomain",
    "client_uuid": "11111111-2222-3333-4444-555555555555",
    "is_admin": True,
}
BOT_CLAIMS = {
    "iss": "https://subdomain.kommo.com",
    "aud": "https://example.com",
    "iat": 1700000000,
    "nbf": 1700000000,
    "exp": 1700001800,
    "account_id": 12345678,
    "subdomain": "subdomain",
    "client_uuid": "11111111-2222-3333-4444-555555555555",
    "entity_id": 4242,
    "entity_type": 2,
    "bot_type": "salesbot",
}

# The tokens as the earlier computation printed them.
WIDGET_HS256 = (
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJodHRwczovL3N1YmRvbWFpbi5rb21tby5jb20iLCJhdWQiOiJodHRwczovL2V4dGVybm"
    "FsLmludGVncmF0aW9uLmlvIiwianRpIjoiN2IxZjBjMmUtMDAwMC00MDAwLTgwMDAtMDAwMDAwMDAwMDAxIiwiaWF0IjoxNTk0MjA0MjQ1LCJuYmYiOj"
    "E1OTQyMDQyNDUsImV4cCI6MTU5NDIwNjA0NSwiYWNjb3VudF9pZCI6MTIzNDU2NzgsInVzZXJfaWQiOjg3NjU0MzIxLCJzdWJkb21haW4iOiJzdWJkb2"
    "1haW4iLCJjbGllbnRfdXVpZCI6IjExMTExMTExLTIyMjItMzMzMy00NDQ0LTU1NTU1NTU1NTU1NSIsImlzX2FkbWluIjp0cnVlfQ.UHAxGsxX0h8oOd8"
    "Fb9PJcKPISr6VwdT5ehym2S8N88w"
)
BOT_PAYLOAD = (
    "eyJpc3MiOiJodHRwczovL3N1YmRvbWFpbi5rb21tby5jb20iLCJhdWQiOiJodHRwczovL2V4YW1wbGUuY29tIiwiaWF0IjoxNzAwMDAwMDAwLCJuYmYi"
    "OjE3MDAwMDAwMDAsImV4cCI6MTcwMDAwMTgwMCwiYWNjb3VudF9pZCI6MTIzNDU2NzgsInN1YmRvbWFpbiI6InN1YmRvbWFpbiIsImNsaWVudF91dWlkI"
    "joiMTExMTExMTEtMjIyMi0zMzMzLTQ0NDQtNTU1NTU1NTU1NTU1IiwiZW50aXR5X2lkIjo0MjQyLCJlbnRpdHlfdHlwZSI6MiwiYm90X3R5cGUiOiJzYW"
    "xlc2JvdCJ9"
)
BOT_HS512 = (
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzUxMiJ9." + BOT_PAYLOAD
    + ".jlfeRauCRd8tEziLO02MaKMr6lIy3IxdbIZQ7-bFsjAChnRyCpGIeRTb_gh572Uo4X3mnn4ECXL-OZ77ci5Mtg"
)
BOT_HS256 = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9." + BOT_PAYLOAD + ".vBsKFa7PRC02pKiEhTfmqFXaz333hly2rQNOJhCAs2U"

SOURCE = "computed for the reference; claims of developers.kommo.com one-time-tokens and of amocrm/amocrm-api-php"


def signed_part(algorithm, claims):
    header = compact_json({"typ": "JWT", "alg": algorithm})
    return f"{base64url(header)}.{base64url(compact_json(claims))}"


def sign(algorithm, part, secret=SECRET):
    return base64url(mac(HASHES[algorithm], secret, part))


def add(name, algorithm, part, signature, rules, *, reason=None):
    """`algorithm` is the one that the verifier demands."""
    context = context_of(SOURCE, "computed", rules, reason, algorithm=algorithm, secret=SECRET)
    stages = {"token.txt": f"{part}.{signature}", "signed-part.txt": part, "signature.txt": signature}
    add_case("compact-jws", name, context, stages)


def collect():
    widget, bot, bot_256 = signed_part("HS256", WIDGET_CLAIMS), signed_part("HS512", BOT_CLAIMS), signed_part("HS256", BOT_CLAIMS)
    right = sign("HS256", widget)
    agree("widget token", f"{widget}.{right}", WIDGET_HS256)
    agree("bot token, HS512", f"{bot}.{sign('HS512', bot)}", BOT_HS512)
    agree("bot token, HS256", f"{bot_256}.{sign('HS256', bot_256)}", BOT_HS256)
    add("widget-hs256", "HS256", widget, right, "J1")
    add("bot-hs512", "HS512", bot, sign("HS512", bot), "J2")
    add("bot-hs256", "HS256", bot_256, sign("HS256", bot_256), "J1 J2")

    none = signed_part("none", WIDGET_CLAIMS)
    agree("header with alg none", none.split(".")[0], "eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0")
    add("alg-none", "HS256", none, "", "J3", reason="The header says none, and the signature is empty.")
    add("alg-none-still-signed", "HS512", signed_part("none", BOT_CLAIMS), sign("HS256", signed_part("none", BOT_CLAIMS)), "J3",
        reason="The header says none; the verifier demands HS512 and the signature is HS256.")
    add("hs256-at-the-hs512-door", "HS512", bot_256, sign("HS256", bot_256), "J2 J3",
        reason="The token says HS256 and is signed so, but the verifier demands HS512.")
    add("hs512-at-the-hs256-door", "HS256", bot, sign("HS512", bot), "J1 J3",
        reason="The token says HS512 and is signed so, but the verifier demands HS256.")
    add("wrong-key", "HS256", widget, sign("HS256", widget, OTHER_SECRET), "J1", reason="The key was another secret.")
    add("key-with-newline", "HS256", widget, sign("HS256", widget, SECRET + "\n"), "J1",
        reason="The key was the secret with the final line feed of its file.")
    add("empty-signature", "HS256", widget, "", "J3", reason="The signature is empty.")
    raw = base64.urlsafe_b64decode(right + "=")
    for length in (1, 16, 31):
        add(f"signature-of-{length}-bytes", "HS256", widget, base64url(raw[:length]), "J3",
            reason=f"The signature has its first {length} of 32 bytes.")
    add("signature-of-33-bytes", "HS256", widget, base64url(raw + b"\0"), "J3", reason="The signature has a byte too many.")
    changed = signed_part("HS256", {**WIDGET_CLAIMS, "account_id": 12345679})
    add("changed-claim", "HS256", changed, right, "J1", reason="A claim was changed after signing.")
    add("last-bit-changed", "HS256", widget, base64url(raw[:-1] + bytes([raw[-1] ^ 1])), "J1",
        reason="The last bit of the signature was changed.")
