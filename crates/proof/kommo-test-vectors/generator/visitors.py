"""Family visitor: the visitor signature of the chat page and the widget, MD5 of an MD5."""

from .folders import add_case, context_of
from .judge import agree, md5_hex

SOURCE = "computed by the formula of doc.twt.com chat/chat-page/parameters"
VISITORS = [
    ("sample", "1001", "YOUR_APP_SECRET", "4ad0faec14a58112", "a7a0666f97bd0b36d03dae57c4bf7e16", "a0e1a677fd6a2432ef6bd3f8a05070b2"),
    ("sixteen-letters", "user_1001", "your_app_secret", "random16string00",
     "2658d0e88c1ce25a0e4ce1432deea594", "b94be280ea0e75a584e21d09d9b5449e"),
    ("non-ascii", "客户", "YOUR_APP_SECRET", "4ad0faec14a58112", "906f0c368566fd0bf1d52500f050121a", "2c51907441202cd4a81098aafa14fa06"),
]


def collect():
    for name, sbs, secret, ranstr, inner_known, signature_known in VISITORS:
        inner = md5_hex(f"{sbs}_{secret}")
        signature = md5_hex(f"{inner}_{ranstr}")
        agree(f"visitor {name}, inner", inner, inner_known)
        agree(f"visitor {name}, signature", signature, signature_known)
        context = context_of(SOURCE, "computed", "V1", sbs=sbs, ranstr=ranstr, secret=secret)
        add_case("visitor", name, context, {"inner-md5.txt": inner, "signature.txt": signature})
