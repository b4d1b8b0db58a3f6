"""Family disconnect: the hook that tells of a revoked access, HMAC-SHA256 of `client_id|account_id`."""

from urllib.parse import quote

from .folders import add_case, context_of
from .judge import agree, base64_text, hmac_sha1, hmac_sha256, mac

SECRET = "test-secret-0123456789abcdef"
CLIENT = "01d01160-d7a0-4087-b4af-6a1bb83fcd1d"
ACCOUNT = 32720107
NEW_SECRET = "Kj3xQ9vT7bLmN2pR5sW8yZ1aC4dF6gH0jK3lM5nP7qS9tV2wX4zB6cD8eF0gH2iJ"
NEW_CLIENT = "11111111-2222-3333-4444-555555555555"
OTHER_CLIENT = "22222222-3333-4444-5555-666666666666"

COMPUTED = "computed for the reference, client id and account of developers.kommo.com oauth-20"
UNLIKE = "computed, no vendor page shows such a query"
A = "1c60d585cda9c08775afb582b55b618205955372883e27d7e2fbf0f0c2c7fd4d"


def query_of(*pairs):
    return "&".join(f"{name}={quote(str(value), safe='')}" for name, value in pairs)


def usual(client=CLIENT, account=ACCOUNT, signature=A):
    return query_of(("client_uuid", client), ("account_id", account), ("signature", signature))


def add(name, query, signature, rules, *, account=ACCOUNT, client=CLIENT, secrets=(SECRET,), source=UNLIKE, reason=None, finding=None):
    """`account` is the number that a correct reader finds, None if there is none to find."""
    fields = {"client_id": client, "account_id": account, "secret": secrets[0]}
    if len(secrets) > 1:
        fields["secrets"] = list(secrets)
    stages = {
        "query.txt": query,
        "string-to-sign.txt": None if account is None else f"{client}|{account}",
        "signature.txt": signature,
    }
    add_case("disconnect", name, context_of(source, "computed", rules, reason, finding, **fields), stages)


def known(what, key, message, signature):
    agree(f"disconnect {what}", hmac_sha256(key, message), signature)
    return signature


def collect():
    agree("disconnect A", hmac_sha256(SECRET, f"{CLIENT}|{ACCOUNT}"), A)
    from_the_reference()
    rotation()
    client_ids()
    accounts()
    queries()
    signatures()


def from_the_reference():
    def wrong(name, signature, rules, reason, finding):
        add(name, usual(signature=signature), signature, rules, reason=reason, finding=finding, source=COMPUTED)

    add("valid", usual(), A, "X1", source=COMPUTED)
    wrong("no-pipe", known("D", SECRET, f"{CLIENT}{ACCOUNT}", "ce9506d3e9cf4c2171076437608df4da5b3da3425555e451a119ee715c5d03d9"),
          "X1", "Client id and account id were joined without the pipe.", "wrong-separator")
    wrong("reversed", known("E", SECRET, f"{ACCOUNT}|{CLIENT}", "fdcf9fe575298f1c2932af59ad0468b56fe3eaaf8dfd5dd856f028fc8210cc9a"),
          "X1", "The account id was put before the client id.", "wrong-order")
    wrong("upper-case-client-signed",
          known("F", SECRET, f"{CLIENT.upper()}|{ACCOUNT}", "39b18dee58c637880c2235e7a0e24b89c241d7ba7a586de51e3aa8d95b4df504"),
          "X1 X3", "The client id was signed in upper case; ours enters the MAC as it is.", None)
    wrong("leading-zero-signed",
          known("G", SECRET, f"{CLIENT}|0{ACCOUNT}", "867d9037718bd44683e8c9ffb6098d310e52856b3d475c49d0c337d9aae76ee4"),
          "X2", "The account id was signed with a leading zero, not as a number.", None)
    add("leading-zero-sent", usual(account=f"0{ACCOUNT}"), A, "X2", source=COMPUTED)
    one = known("H", SECRET, f"{CLIENT}|1", "79cc00cd92f19d369bbddfb59416a7b0a625cb7fb28e87c7b4f48edb8f50f4f4")
    add("account-one", usual(account=1, signature=one), one, "X1", account=1, source=COMPUTED)
    wrong("account-one-replayed", one, "X1", "The signature belongs to account 1.", "unknown")
    in_base64 = base64_text(mac("sha256", SECRET, f"{CLIENT}|{ACCOUNT}"))
    agree("disconnect I", in_base64, "HGDVhc2pwId1r7WCtVthggWVU3KIPifX4vvw8MLH/U0=")
    wrong("base64", in_base64, "X5", "The signature came as base64.", "signature-base64")


def rotation():
    message = f"{NEW_CLIENT}|12345678"
    new = known("B", NEW_SECRET, message, "136d3dcd7d6687912bbd8b32fb3df9175d3c2fc7f87381730d6136377f5739e4")
    old_secret = f"old-{NEW_SECRET}"
    old = known("C", old_secret, message, "f6d03a9383a014aa86364f163e6419044cb4f2fba7a6e25f6598b885ad04e209")

    def rotated(name, signature, secrets, reason=None, finding=None):
        add(name, usual(NEW_CLIENT, 12345678, signature), signature, "X1 X6", account=12345678, client=NEW_CLIENT, secrets=secrets,
            source=COMPUTED, reason=reason, finding=finding)

    rotated("long-secret", new, (NEW_SECRET,))
    rotated("new-secret-while-old-is-kept", new, (NEW_SECRET, old_secret))
    rotated("old-secret-while-it-is-kept", old, (NEW_SECRET, old_secret))
    rotated("old-secret-after-it-was-dropped", old, (NEW_SECRET,), "The old secret signed, and it is no longer kept.", "unknown")


def client_ids():
    account, signature = ("account_id", ACCOUNT), ("signature", A)
    add("client-id-alone", query_of(("client_id", CLIENT), account, signature), A, "X3",
        source="computed; the settings section of www.amocrm.ru oauth/step-by-step names client_id")
    both = query_of(("client_uuid", CLIENT), ("client_id", CLIENT), account, signature)
    add("both-client-ids-agree", both, A, "X3")
    for first, second, name in [("client_uuid", "client_id", "client-uuid-is-ours"), ("client_id", "client_uuid", "client-id-is-ours")]:
        query = query_of((first, CLIENT), (second, OTHER_CLIENT), account, signature)
        add(f"both-client-ids-disagree-{name}", query, A, "X3", reason="client_uuid and client_id do not agree.")
    theirs = hmac_sha256(SECRET, f"{OTHER_CLIENT}|{ACCOUNT}")
    add("other-client", usual(client=OTHER_CLIENT, signature=theirs), theirs, "X3", reason="The client id that came is not ours.")
    add("other-client-named", usual(client=OTHER_CLIENT), A, "X3",
        reason="The client id that came is not ours, though ours was signed.")
    add("missing-client", query_of(account, signature), A, "X3", reason="Neither client_uuid nor client_id came.")
    add("empty-client", usual(client=""), A, "X3", reason="The client id that came is empty.")


def accounts():
    def refused(name, text, reason):
        signature = hmac_sha256(SECRET, f"{CLIENT}|{text}")
        add(name, usual(account=text, signature=signature), signature, "X2", account=None, reason=reason)

    refused("zero-account", "0", "The account id is zero.")
    refused("zeros-account", "000", "The account id is zero.")
    refused("negative-account", f"-{ACCOUNT}", "The account id has a sign.")
    refused("plus-sign-account", f"+{ACCOUNT}", "The account id has a sign.")
    refused("letters-account", f"{ACCOUNT}x", "The account id has a character that is no digit.")
    refused("decimal-account", f"{ACCOUNT}.0", "The account id has a character that is no digit.")
    refused("space-account", f" {ACCOUNT}", "The account id has a character that is no digit.")
    refused("empty-account", "", "The account id is empty.")
    refused("twenty-one-digits-account", "9" * 21, "The account id has more than 20 digits.")
    add("twenty-digits-account", usual(account=f"{ACCOUNT:020}"), A, "X2")
    add("twenty-one-digits-with-zeros", usual(account=f"{ACCOUNT:021}"), A, "X2", account=None,
        reason="The account id has more than 20 digits, though leading zeros fill them.")
    add("missing-account", query_of(("client_uuid", CLIENT), ("signature", A)), A, "X2", account=None, reason="No account_id came.")


def queries():
    add("extra-parameters", "token=5f2836a8ca48&" + usual() + "&lang=en", A, "X1",
        source="computed; the sample of developers.kommo.com oauth-20 keeps the parameters of the hook's own address")
    add("other-order", query_of(("signature", A), ("account_id", ACCOUNT), ("client_uuid", CLIENT)), A, "X1")
    for parameter, value in [("account_id", ACCOUNT), ("client_uuid", CLIENT), ("signature", A)]:
        query = usual() + "&" + query_of((parameter, value))
        add(f"{parameter.replace('_', '-')}-twice-alike", query, A, "X4", reason=f"{parameter} stands twice.")
    add("account-id-twice-unlike", usual() + "&" + query_of(("account_id", 1)), A, "X4", reason="account_id stands twice.")
    add("empty-query", "", None, "X1", account=None, reason="Nothing came.")


def signatures():
    def wrong(name, signature, rules, reason, finding=None):
        add(name, usual(signature=signature), signature, rules, reason=reason, finding=finding)

    message = f"{CLIENT}|{ACCOUNT}"
    add("upper-case-hex", usual(signature=A.upper()), A.upper(), "X5")
    add("missing-signature", query_of(("client_uuid", CLIENT), ("account_id", ACCOUNT)), None, "X1", reason="No signature came.")
    wrong("empty-signature", "", "X1", "The signature is empty.")
    wrong("truncated", A[:-1], "X1", "The signature lacks its last digit.")
    wrong("too-long", A + "0", "X1", "The signature has 65 digits.")
    wrong("not-hex", "g" + A[1:], "X1", "The signature has a letter that is no hex digit.")
    wrong("last-digit-changed", A[:-1] + "c", "X1", "The last digit of the signature was changed.", "unknown")
    wrong("other-key", hmac_sha256(NEW_SECRET, message), "X1", "The key was another secret.", "unknown")
    wrong("secret-trailing-newline", hmac_sha256(SECRET + "\n", message), "X1",
          "The key was the secret with the final line feed of its file.", "secret-whitespace")
    wrong("hmac-sha1", hmac_sha1(SECRET, message), "X1", "The MAC was HMAC-SHA1, not HMAC-SHA256.", "other-hash")
