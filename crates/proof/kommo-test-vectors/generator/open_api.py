"""Family open-api: bodies signed with `x-chat-signature`, HMAC-SHA256 of the raw body."""

import hashlib
import json
from urllib.parse import quote

from .folders import add_case, context_of
from .judge import agree, base64_text, compact_json, hmac_sha1, hmac_sha256, mac

SECRET = "YOUR_APP_SECRET"
P = (
    b'{"appid":"1b621280becdb0fa3d3e041ff69e1e1f","sbs":"1001","timestamp":1767772879,"ranstr":"4ad0faec14a58112",'
    b'"kefu_id":"10078","ip":""}'
)
A1 = "3fe1d90717d63866edb34f803e33d72bcee7aa197e380bf79f4fd674aedb6f0c"
HEAD = b'{"appid":"1b621280becdb0fa3d3e041ff69e1e1f","timestamp":1767772879,"ranstr":"4ad0faec14a58112",'
HOOK = (
    b'{"created_at":1765439941,"event":"UNREPLIED","webhook_id":"58946f5f583edd94f5cf87e3534d04fb","content":[{"subject":"New'
    b' Conversation","visitor_name":"Visitor15","created_at":1765439652,"message_content":"1","property_name":"test","visitor'
    b'_nickname":"visitor nickname","sbs":"","status":"1","push_times":4,"time_sec":289,"assigned_agent_nickname":"ctccccd"}]}'
)
SAMPLE = "computed over the sample of doc.twt.com chat/api/authentication"
SAME = "the signature of the body with the secret"


def add(name, body, rules, *, secret=SECRET, signature=SAME, known=None, length=None, source=SAMPLE, reason=None, finding=None):
    signature = hmac_sha256(secret, body) if signature == SAME else signature
    if known is not None:
        agree(f"open-api {name}", signature, known)
    if length is not None:
        agree(f"open-api {name}, length", len(body), length)
    context = context_of(source, "computed", rules, reason, finding, secret=secret)
    add_case("open-api", name, context, {"body.bin": body, "signature.txt": signature})


def collect():
    agree("open-api sample, SHA-256", hashlib.sha256(P).hexdigest(),
          "083606535729ae8b25c44361b5fc3fc97633ca60e8c4ce654324790c4dfba860")
    secrets()
    bodies()
    escapes()
    endpoints()
    signatures()


def secrets():
    add("sample", P, "O1 O2", known=A1, length=134)
    add("sample-short-secret", P, "O1", secret="test-secret", known="565a15aa4e5c6562463946f7e4c35278ef52eb3ad7638a84438fcf461977efc4")
    add("sample-mixed-secret", P, "O1", secret="0123456789abcdefghijABCDEFGHIJ012345",
        known="0eaf852c06fd00b2d048d1831b09fdd8128d4444993f3ee9975ac0e61730af0a")
    add("sample-secret-longer-than-block", P, "O1", secret="k" * 100,
        known="3417148753b6cda6bfb52810b74ad65dd8a8396642d5ef6dd3247f05e11b520c")
    add("sample-empty-secret", P, "O5", secret="", known="0088f6661674f550438c7f646a0a175724fb156d60a9e6ff39a614a74d9ef767",
        reason="A signer refuses an empty secret, though the MAC could be computed.")
    add("sample-non-ascii-secret", P, "O1", secret="密钥",
        known="c5a6fbddf3371f3de660fb28ffc557f921f6c7583a8842b81a215a377860daf0")


def bodies():
    value = json.loads(P)
    in_order = compact_json({key: value[key] for key in sorted(value)}).encode()
    indented = json.dumps(value, indent=4).encode()
    # name, body, length, signature; then what an explanation says when the body comes with the signature of the sample
    altered = [
        ("trailing-newline", P + b"\n", 135, "bfe53758631de2d4d163842ca11f7e8f2bfb924c69ae65d60d331875b3084dc1",
         "body-trailing-newline", "A final line feed came that was not signed."),
        ("with-spaces", json.dumps(value).encode(), 145, "79c135ae48d032eec5a85720e27e6b8f197816bf343223bd96b431846dfe4454",
         "body-re-encoded", "The JSON was written again with a space after each comma and colon."),
        ("sorted-keys", in_order, 134, "8d1489016c1a35981efca10797f268496682334a81dca5dd9691ef568fa7da45",
         "unknown", "The JSON was written again with its keys sorted; their first order cannot be found again."),
        ("indented", indented, 171, "aaf3b233426e096b0e3e8d6c3ddd154bc59250744e85db6c595483d4d85e0ac7",
         "body-re-encoded", "The JSON was written again with line feeds and indentation."),
        ("other-timestamp", P.replace(b"1767772879", b"1767772880"), 134,
         "14c3f4fb9c7271664a7a3c3be0653719c0e63f4b7fef2f82426c3af0926a307c", "unknown", "The timestamp was changed after signing."),
        ("byte-order-mark", b"\xef\xbb\xbf" + P, 137, "1b19974e2262321eaec22627c323c14a318db3f91691261210e1faef1dbbac97",
         "body-re-encoded", "A byte-order mark was put before the signed body."),
        ("trailing-crlf", P + b"\r\n", 136, "b10af347f0123183f4baf522b1c1e13e9dc4fd1906e2189d6dfd997772ae7f6d",
         "body-trailing-newline", "A final CR LF came that was not signed."),
        ("url-encoded", quote(P, safe="").encode(), 204, "772d4765e080e7bffa388a3506bbc0fba63db2b4ee9722f46e7f1437d216f7eb",
         "body-re-encoded", "The body was URL-encoded after signing."),
    ]
    for name, body, length, signature, finding, reason in altered:
        assert signature != A1 and body != P
        add(f"body-{name}", body, "O1 O3", known=signature, length=length)
        add(f"body-{name}-unsigned", body, "O3", signature=A1, reason=reason, finding=finding)
    add("body-trailing-space-unsigned", P + b" ", "O3", signature=A1, reason="A final space came that was not signed.",
        finding="body-trailing-space")
    add("body-newline-lost", P, "O3", signature=hmac_sha256(SECRET, P + b"\n"), reason="The body was signed with a final line feed and sent without.",
        finding="body-trailing-newline")
    add("body-sorted-before-signing", P, "O3", signature=hmac_sha256(SECRET, in_order), finding="body-re-encoded",
        reason="The keys were sorted for the signature and sent in another order.")
    add("body-empty", b"", "O1", known="58176b1a70273571fbeeacb486463c98c82d8bf0b5eaee7e23ca28149708adf5", length=0)
    add("body-empty-object", b"{}", "O1", known="7c22f6cb8a969c4cb69d9d0623c20f95cf387a57592d91e3bded165fdca14a49", length=2)


def escapes():
    plain = (
        '{"appid":"1b621280becdb0fa3d3e041ff69e1e1f","sbs":"user_1001","timestamp":1767772879,"ranstr":"4ad0faec14a58112",'
        '"kefu_id":"10078","ip":"203.0.113.1","sbs_mc":"张三","content":"a/b"}'
    ).encode()
    escaped = plain.replace("张三".encode(), rb"\u5f20\u4e09")
    php = escaped.replace(b"a/b", rb"a\/b")
    for name, body, length, signature in [
        ("escapes-none", plain, 184, "f00b787505460b10873bd4c8f82282560928662d3b6eba969781c780ae40eb1d"),
        ("escapes-letters", escaped, 190, "64fdc52e08c7384b22c3bd506abca67c427e52f7ebcb042f0f4fdebf0ac7a1c3"),
        ("escapes-letters-and-slash", php, 191, "a99d447fbb1a5879729769256390017707bec388d46cf2080f69eafd6d59d6ce"),
    ]:
        add(name, body, "O1 O3", known=signature, length=length)
    add("escapes-lost", plain, "O3", signature=hmac_sha256(SECRET, php), finding="body-re-encoded",
        reason="The body was signed with escapes and sent without.")
    add("escapes-added", php, "O3", signature=hmac_sha256(SECRET, plain), finding="body-re-encoded",
        reason="The body was signed without escapes and sent with them.")


def endpoints():
    for name, rest, length, signature in [
        ("fqlt-dl-batch", b'"u_info":[{"kefu_id":10078,"sbs":"user_1001","content":"hello"},'
         b'{"kefu_id":10079,"sbs":"user_1002","kefu_show_chat":1}]}',
         215, "0f8368de9150c7f8623776687d13e5cbab221cd6b41e38faba837a98cd64a972"),
        ("fqlt-ql-batch", b'"u_info":[{"item":[{"u_lx":"kefu","uid":10078},{"u_lx":"visitor","uid":20056}],"qlmc":"VIP",'
         b'"content":"welcome"}]}',
         209, "9bd8ebf86d4b8ffb49d90a2fbe9d5ba4f9e47169ccc40fce223d7547d228828b"),
        ("del-zxlt-dl", b'"u_info":[{"kefu_id":10078,"sbs":"user_1001"}]}',
         142, "5aa0bb36373ebbfb515cd06a76e62b648aaefc83167d4e7dcce7ebefd3a5ccb8"),
        ("js-zxlt-ql", b'"chat_id":1841}', 110, "f8d4a0cfa5b8ef4d109ad3dd2ee27e0b3a9bc900c9b83a0d3f4765ce305bcbed"),
        ("js-zxlt-ql-batch", b'"chat_ids":[1841,1842,1843]}',
         123, "4aab7d6b779d87ed4fec97deabaf31dbf9367c1d80825d4de7a790a78ec748fa"),
        ("create-gd", b'"sbs":"customer_001","kefu_id":[10411,10427],"fzr_uid":10411,"ip":"127.0.0.1","sbs_mc":"Customer Name",'
         b'"content":"Initial message","title":"Order Consultation"}',
         255, "cbe4791205a3aaabd7f98ccc327cae62efc46591ad906497fb298ef3c54631c9"),
        ("add-kf-text", b'"chat_id":900220,"kefu_ids":"10427,10428"}',
         137, "a94550e348ae0fe5f26adfc3d2836f35b5e491040003d4a6857209ae83497f95"),
        ("add-kf-list", b'"chat_id":900220,"kefu_ids":[10427,10428]}',
         137, "1e9089cf428f5762bcce776d4e6a04f3c7bae1eb03143875d5d7d8c6ff44cf0d"),
    ]:
        add(f"endpoint-{name}", HEAD + rest, "O1", known=signature, length=length, source="computed; field names of doc.twt.com chat/api")
    hooks = "computed over the sample of doc.twt.com chat/webhooks/events"
    add("webhook", HOOK, "O1 O4", known="f50a22b49127815cef8059a61facd2edad3710979a53177e8b4db93343426d7f", length=358, source=hooks)
    add("webhook-indented", json.dumps(json.loads(HOOK), indent=2).encode(), "O1 O4", length=476, source=hooks,
        known="f276ed5e03859324fbd48fbe6642192c9dddd32f3c76094f5cb8f57a02fb72a6")


def signatures():
    def wrong(name, signature, rules, reason, finding=None, secret=SECRET):
        add(f"signature-{name}", P, rules, secret=secret, signature=signature, reason=reason, finding=finding)

    wrong("upper-case", A1.upper(), "O2", "The signature came in upper case.", "signature-upper-case")
    wrong("base64", base64_text(mac("sha256", SECRET, P)), "O2", "The signature came as base64.", "signature-base64")
    wrong("spaces-around", f" {A1} ", "O2", "Spaces stand around the signature.")
    wrong("prefixed", f"sha256={A1}", "O2", "The signature stands behind a prefix.")
    wrong("truncated", A1[:-1], "O2", "The signature lacks its last digit.")
    wrong("placeholder-of-33-digits", "7ac03ccc306902234f3b40cbe797fcb0f", "O2",
          "The signature of the pages' examples has 33 digits and fits no body.")
    wrong("empty", "", "O2", "The signature is empty.")
    wrong("last-digit-changed", A1[:-1] + "d", "O1", "The last digit of the signature was changed.", "unknown")
    wrong("hmac-sha1", hmac_sha1(SECRET, P), "O1", "The MAC was HMAC-SHA1, not HMAC-SHA256.", "other-hash")
    wrong("plain-sha256", hashlib.sha256(P).hexdigest(), "O1", "The body was hashed with SHA-256 without a key.", "other-hash")
    wrong("other-secret", hmac_sha256("your_app_secret", P), "O1", "The key was another secret.", "unknown")
    wrong("secret-trailing-newline", hmac_sha256(SECRET + "\n", P), "O1",
          "The key was the secret with the final line feed of its file.", "secret-whitespace")
    hex_secret = "1b621280becdb0fa3d3e041ff69e1e1f"
    wrong("key-hex-decoded", hmac_sha256(bytes.fromhex(hex_secret), P), "O1",
          "The key was the secret decoded from hex, not its text.", "key-hex-decoded", secret=hex_secret)
