"""Family chats-request: the published and the computed requests that are signed right."""

import calendar
import hashlib
import json
from dataclasses import dataclass
from email.utils import parsedate_tz
from typing import Optional

from .folders import add_case, context_of
from .judge import agree, hmac_sha1, md5_hex, php_json

OF_BODY = "the MD5 of the body, as it should be"
NO_BODY_KNOWN = None
JSON = "application/json"
CHARSET = "application/json; charset=utf-8"

STEP_SECRET = "f2d7f8704eff95087ed45b23ba99c0b5aac8278e"
GLOBAL_SECRET = "fb50586ff7b68cd831fe0ef356345903f644c0d2"
METHODS_SECRET = "5a44c5dff55f3c15a4cce8d7c4cc27e207c7e189"

CHANNEL = "/v2/origin/custom/344a5002-f8ca-454d-af3d-396180102ac7"
SCOPE = CHANNEL + "_52e591f7-c98f-4255-8495-827210138c81"

CONNECT_BODY = b'{"account_id":"52e591f7-c98f-4255-8495-827210138c81","title":"ChatsIntegration","hook_api_version":"v2"}'
DISCONNECT_BODY = b'{"account_id":"52e591f7-c98f-4255-8495-827210138c81"}'
STATUS_BODY = b'{"msgid":"079e44fb-fc22-476b-9e8a-421b688ec53b","delivery_status":2,"error_code":905,"error":"Error text"}'
TYPING_BODY = (
    b'{"conversation_id":"my_int-d5a421f7f218","sender":{"id":"my_int-1376265f-86df-4c49-a0c3-a4816df41af8"}}'
)
MESSAGE_HEAD = (
    rb'"msgid":"my_int-5f2836a8ca481","conversation_id":"my_int-d5a421f7f218","sender":{"id":"my_int-1376265f-86df-4c49-a0'
    rb'c3-a4816df41af8","avatar":"https:\/\/images.pexels.com\/photos\/10050979\/pexels-photo-10050979.jpeg?auto=compress&'
    rb'cs=tinysrgb&dpr=2&w=500","profile":{"phone":"+79151112233","email":"example.client@example.com"},"profile_link":"ht'
    rb'tps:\/\/example.com\/profile\/example.client","name":"\u0412\u0430\u0441\u044f \u043a\u043b\u0438\u0435\u043d\u0442"'
    rb'},"message":{"type":"text","text":"\u0421\u043e\u043e\u0431\u0449\u0435\u043d\u0438\u0435 \u043e\u0442 \u043a\u043b'
    rb'\u0438\u0435\u043d\u0442\u0430"}'
)
MESSAGE_BODY = (
    b'{"event_type":"new_message","payload":{"timestamp":1639660529,"msec_timestamp":1639660529379,'
    + MESSAGE_HEAD
    + b',"silent":false}}'
)
SOURCE_BODY = (
    b'{"event_type":"new_message","payload":{"timestamp":1639738768,"msec_timestamp":1639738768457,'
    + MESSAGE_HEAD
    + b',"source":{"external_id":"79039876543"},"silent":false}}'
)
EDITED_BODY = b'{"account_id":"52fd2a28-d2eb-4bd8-b862-b57934927b38","title":"MyKommo","hook_api_version":"v2"}'
TITLE_BODY = b'{"account_id":"af9945ff-1490-4cad-807d-945c15d88bec","title":"ScopeTitle","hook_api_version":"v2"}'
KOMMO_TYPING_BODY = (
    b'{"conversation_id":"30477717-9f3c-4d3f-8101-60327e14dc48","sender":{"id":"209beccc-4f66-46ff-b06f-d245fca1af0a"}}'
)


@dataclass(frozen=True)
class Request:
    """A request as it arrives. A field that is None is a header that did not come."""

    secret: str
    method: str
    target: str
    date: Optional[str]
    body: Optional[bytes]
    host: str = "amojo.amocrm.ru"
    content_type: Optional[str] = JSON
    content_md5: Optional[str] = OF_BODY

    @property
    def path(self):
        return self.target.split("?")[0]

    @property
    def body_md5(self):
        return self.content_md5 if self.body is NO_BODY_KNOWN else md5_hex(self.body)

    @property
    def md5_header(self):
        return self.body_md5 if self.content_md5 == OF_BODY else self.content_md5

    def lines(self):
        """The five lines that a correct signer makes of this request; an absent header is an empty line."""
        md5 = "" if self.content_md5 is None else self.body_md5
        return [self.method.upper(), md5, self.content_type or "", self.date or "", self.path]

    def string_to_sign(self):
        return "\n".join(self.lines())

    def signature(self):
        return hmac_sha1(self.secret, self.string_to_sign())

    def instant(self):
        parts = parsedate_tz(self.date)
        return calendar.timegm(parts[:6] + (0, 0, 0)) - (parts[9] or 0)  # `-0000` has no offset here: it means UTC

    def text(self, signature):
        headers = [
            ("Host", self.host),
            ("Date", self.date),
            ("Content-Type", self.content_type),
            ("Content-MD5", self.md5_header),
            ("X-Signature", signature),
        ]
        lines = [f"{self.method} {self.target} HTTP/1.1"]
        return "\n".join(lines + [f"{name}: {value}" for name, value in headers if value is not None])

    def flags(self, received, valid):
        facts = {
            "get": self.method == "GET",
            "delete": self.method == "DELETE",
            "query": "?" in self.target,
            "md5-given": self.body is NO_BODY_KNOWN,
            "empty-body": self.body == b"",
            "non-ascii-escapes": b"\\u" in (self.body or b""),
            "absent-content-type": self.content_type is None,
            "absent-content-md5": self.content_md5 is None,
            "absent-date": self.date is None,
            "absent-signature": received is None,
            "signature-matches": not valid and received == self.signature(),
        }
        return [flag for flag, holds in facts.items() if holds]


RIGHT = "the signature that a correct signer gives"


def add(name, request, *, source, rules, certainty="computed", received=RIGHT, at=None, reason=None, finding=None, scheme=None):
    """One case; it is invalid if it has a reason."""
    received = request.signature() if received == RIGHT else received
    fields = {
        "flags": request.flags(received, reason is None),
        "secret": request.secret,
        "method": request.method,
        "target": request.target,
        "path": request.path,
        "host": request.host,
        "content_type": request.content_type,
        "date": request.date,
        "content_md5": request.md5_header,
        "at": request.instant() if at is None else at,
    }
    if scheme is not None:
        fields["scheme"] = scheme
    stages = {
        "request.txt": request.text(received),
        "body.bin": request.body,
        "content-md5.txt": request.body_md5,
        "string-to-sign.txt": request.string_to_sign(),
        "signature.txt": request.signature(),
        "received-signature.txt": None if reason is None else received,
    }
    add_case("chats-request", name, context_of(source, certainty, rules, reason, finding, **fields), stages)


def known(what, request, md5, signature):
    agree(f"{what}, Content-MD5", request.body_md5, md5)
    agree(f"{what}, signature", request.signature(), signature)


CONNECT = Request(STEP_SECRET, "POST", f"{CHANNEL}/connect", "Wed, 15 Dec 2021 23:12:55 +0000", CONNECT_BODY)
MESSAGE = Request(STEP_SECRET, "POST", SCOPE, "Thu, 16 Dec 2021 13:15:29 +0000", MESSAGE_BODY)
HISTORY = Request(
    GLOBAL_SECRET,
    "GET",
    "/v2/origin/custom/f62a0162-46a7-430e-b06c-0ef798d76a21_52fd2a28-d2eb-4bd8-b862-a67934927b38/chats/"
    "30477717-9f3c-4d3f-8101-60327e14dc48/history?limit=50&offset=0",
    "Tue, 13 Dec 2022 11:00:00 +0000",
    b"",
    host="amojo.kommo.com",
)

# name, request, MD5, signature, rules, source; the last two columns of the page are repeated here and must agree.
PUBLISHED = [
    ("connect-published", CONNECT, "2fbcb3c652b61e24e004daddfc73d0ce", "81211856ce0c5095f3e1a90c0a38dc9d736cfd55",
     "S1 S2 S3 S4 S5 S6 S7 D1", "www.amocrm.ru chat-step-by-step, connect"),
    ("message-published", MESSAGE, "223ef85def871bc7cb58aa6f02f0a26e", "29b49e9eaf03f13a66ecaff315f2855b31b25eee",
     "S1 S2 S4 S9", "www.amocrm.ru chat-step-by-step, send a message"),
    ("delivery-status-published",
     Request(STEP_SECRET, "POST", f"{SCOPE}/079e44fb-fc22-476b-9e8a-421b688ec53b/delivery_status",
             "Thu, 16 Dec 2021 12:58:40 +0000", STATUS_BODY),
     "a0bbbac729c6341f0a521e2db7a8a236", "ca51f810785031385a801f41103244713c1a2352",
     "S1 S2 S4 S6", "www.amocrm.ru chat-step-by-step, delivery status"),
    ("disconnect-published",
     Request(STEP_SECRET, "DELETE", f"{CHANNEL}/disconnect", "Wed, 15 Dec 2021 23:59:28 +0000", DISCONNECT_BODY),
     "271fa2e4fb0ff84a3ef9689027bd1f38", "e1678e3b6aa674b5127f4feb448e6200ce0bfc72",
     "S1 S2 S3 S4 C3", "www.amocrm.ru chat-step-by-step, disconnect"),
    ("message-with-source-published",
     Request(STEP_SECRET, "POST", SCOPE, "Fri, 17 Dec 2021 10:59:28 +0000", SOURCE_BODY),
     "353178c993f09a8ec5f3eab4093b753e", "e895539b52051e1a8d3f89d454c7ad7406705234",
     "S1 S2 S4 S9", "www.amocrm.ru chat-step-by-step, send a message with a source"),
    ("typing-published",
     Request(STEP_SECRET, "POST", f"{SCOPE}/typing", "Thu, 16 Dec 2021 16:01:21 +0000", TYPING_BODY),
     "255a22566d68be207fa36804e78a523a", "e8263b1daf2b20396c02db6c8c846f95cc0f9540",
     "S1 S2 S4 S6", "www.amocrm.ru chat-step-by-step, typing"),
    ("get-history-empty-body", HISTORY, "d41d8cd98f00b204e9800998ecf8427e", "2a2593df86235c44943a40ce35409d18bda5778c",
     "S1 S2 S3 S4 S5 S6", "www.kommo.com getting-chat-history"),
]

GLOBAL_CONNECT = "/v2/origin/custom/f62a0162-46a7-430e-b06c-0ef798d56b21/connect"
GLOBAL_DATE = "Wed, 23 Nov 2022 19:25:21 +0000"


def collect_published():
    lengths = {"connect-published": 104, "message-published": 718, "delivery-status-published": 106,
               "disconnect-published": 53, "message-with-source-published": 757, "typing-published": 103}
    for name, request, md5, signature, rules, source in PUBLISHED:
        known(name, request, md5, signature)
        agree(f"{name}, length of the body", len(request.body), lengths.get(name, 0))
        add(name, request, source=source, certainty="published", rules=rules)
    given = Request(GLOBAL_SECRET, "POST", GLOBAL_CONNECT, GLOBAL_DATE, NO_BODY_KNOWN, host="amojo.kommo.com",
                    content_md5="fa59c326af78bd12ed820daa497ab999")
    known("connect-md5-given-published", given, given.content_md5, "25cbdaf233141f78de42b022cdc3165564a9887d")
    add("connect-md5-given-published", given, certainty="published", rules="S1 S2 D1",
        source="www.kommo.com connecting-chat-channel; the page's body was edited after hashing, so from its MD5 on")


def collect_computed():
    edited = Request(GLOBAL_SECRET, "POST", GLOBAL_CONNECT, GLOBAL_DATE, EDITED_BODY, host="amojo.kommo.com")
    known("connect-edited-body", edited, "a3c0e73dc69f8cf3941418999fd019da", "865fe065129ef6c0240decadbd674d29919ef91c")
    add("connect-edited-body", edited, rules="S1 S2 S4",
        source="www.kommo.com connecting-chat-channel, with the body that it prints now")
    titled = Request(METHODS_SECRET, "POST", "/v2/origin/custom/f90ba33d-c9d9-44da-b76c-c349b0ecbe41/connect",
                     "Thu, 29 Oct 2020 11:59:55 +0000", TITLE_BODY, host="amojo.kommo.com")
    known("connect-with-title", titled, "a5e8ae04332a6d0aac15f01ad05d40e3", "e0dcc1936d766a7d5f53fe19887fafa50bef92e0")
    add("connect-with-title", titled, rules="S1 S2 S4 C1", source="inputs of www.kommo.com chats-api-methods")
    typing = Request(GLOBAL_SECRET, "POST",
                     "/v2/origin/custom/f62a0162-46a7-430e-b06c-0ef798d56b21_52fd2a28-d2eb-4bd8-b862-b57934927b38/typing",
                     "Tue, 13 Dec 2022 11:00:00 +0000", KOMMO_TYPING_BODY, host="amojo.kommo.com")
    known("typing-kommo", typing, "d36c6778a050d462702445e9155c463a", "440649795dc4d4a8d4def2a01af89eb5f573d427")
    add("typing-kommo", typing, rules="S1 S2 S4", source="inputs of www.kommo.com typing")


def collect():
    agree("the message body is what PHP writes by default", php_json(json.loads(MESSAGE_BODY)).encode(), MESSAGE_BODY)
    agree("connect, length of the string to sign", len(CONNECT.string_to_sign()), 149)
    agree("connect, SHA-256 of the string to sign",
          hashlib.sha256(CONNECT.string_to_sign().encode()).hexdigest(),
          "cc62a970a4d40179dddf7bd50f45b9e863370e61e52e1a42223dd8c1c326e3ef")
    collect_published()
    collect_computed()
