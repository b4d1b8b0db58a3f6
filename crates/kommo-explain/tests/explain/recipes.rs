//! Wrong recipes as they stand in public code, on vendor pages and in questions, each with its
//! source.
//!
//! A source is a repository and a file, or a page: where the recipe can be read. Nothing is copied
//! from there; the cases are computed here, by definition. `cargo test -p kommo-explain recipes --
//! --nocapture` prints the figure, apart for the recipes that were read and for those that only
//! follow from what a language does.

use std::collections::HashMap;

use kommo_explain::{Explanation, explain_chat_hook, explain_disconnect, explain_open_api};
use proptest::prelude::*;

use crate::judged::codes;
use crate::laws::sample;
use crate::naive::{
    AT, BODY, DATE, SECRET, Sender, base64, from_hex, hex, hmac_sha1, hmac_sha256, md5, sha1,
};

const MD5: usize = 1;
const TYPE: usize = 2;
const DATE_LINE: usize = 3;
const PATH_LINE: usize = 4;

/// Where a recipe was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// In a public repository or on a page, which were read.
    Read(&'static str),
    /// It follows from what a language or a program does; no public code of this API was found with
    /// it.
    Inferred(&'static str),
}

use Source::{Inferred, Read};

impl Source {
    const fn text(self) -> &'static str {
        let (Self::Read(text) | Self::Inferred(text)) = self;
        text
    }
}

/// A request that a wrong recipe makes out of a right one.
struct Recipe {
    name: &'static str,
    language: &'static str,
    source: Source,
    expected: &'static [&'static str],
    made: fn(Sender) -> Sender,
}

const fn recipe(
    name: &'static str,
    language: &'static str,
    source: Source,
    expected: &'static [&'static str],
    made: fn(Sender) -> Sender,
) -> Recipe {
    Recipe {
        name,
        language,
        source,
        expected,
        made,
    }
}

/// The lines in another order, or some of them.
fn ordered(sender: Sender, order: &[usize]) -> Sender {
    let lines = order.iter().map(|at| sender.lines[*at].clone()).collect();
    Sender { lines, ..sender }
}

fn joined(sender: Sender, separator: &str) -> Sender {
    Sender {
        separator: separator.into(),
        ..sender
    }
}

/// Signs another text with the right key.
fn signs(sender: Sender, text: impl AsRef<[u8]>) -> Sender {
    let signature = hex(hmac_sha1(&sender.key, text));
    sender.signature(signature)
}

fn body_alone(sender: Sender) -> Sender {
    let body = sender.body.clone();
    signs(sender, body)
}

/// The digest of another text than the body, in the line and in the header.
fn digest_of(sender: Sender, text: impl AsRef<[u8]>) -> Sender {
    let digest = hex(md5(text.as_ref()));
    sender.header("content-md5", &digest).line(MD5, &digest)
}

/// The same, in the line alone.
fn line_of(sender: Sender, text: impl AsRef<[u8]>) -> Sender {
    let digest = hex(md5(text.as_ref()));
    sender.line(MD5, &digest)
}

/// As `json.dumps` of Python writes the body of the tests.
const PYTHON: &str = "{\"title\": \"a/b & <\\u0412\\u0430\\u0441\\u044f> \\ud83d\\ude0d\", \"account_id\": \"52e591f7\", \"n\": [1, 2.50, {}], \"ok\": true}";

/// As `json_encode` of PHP writes it.
const PHP: &str = "{\"title\":\"a\\/b & <\\u0412\\u0430\\u0441\\u044f> \\ud83d\\ude0d\",\"account_id\":\"52e591f7\",\"n\":[1,2.50,{}],\"ok\":true}";

/// Recipes whose case does not depend on the body: they are tried on random requests too.
static REQUESTS: &[Recipe] = &[
    recipe(
        "method, date, digest and path, without the type",
        "TypeScript",
        Read("github.com/UrielCoco/agent-hub-brain api/_lib/amojo.ts"),
        &["wrong-order"],
        |sender| ordered(sender, &[0, 3, 1, 4]),
    ),
    recipe(
        "method, date, two empty lines and the body; no digest is sent",
        "JavaScript",
        Read("github.com/lucastlmendes-sketch/tecbrilho-middleware kommoChatClient.js"),
        &["body-among-lines", "header-missing"],
        |sender| {
            let mut text = format!("{}\n{}\n\n\n", sender.lines[0], sender.lines[3]).into_bytes();
            text.extend_from_slice(&sender.body);
            signs(sender.without_header("content-md5"), text)
        },
    ),
    recipe(
        "the digest of method and path alone",
        "TypeScript",
        Read(
            "github.com/romulokoenig-collab/chatbot-whatsapp docs, fetchChatHistory with src/utils/hmac-signature.ts",
        ),
        &["wrong-order", "header-missing", "header-missing"],
        |sender| {
            let digest = hex(md5(format!("{}{}", sender.method, sender.target).as_bytes()));
            let bare = sender.without_header("date").without_header("content-md5");
            signs(bare, digest)
        },
    ),
    recipe(
        "the body alone",
        "PHP",
        Read("www.amocrm.com/developers/content/chats/development"),
        &["body-only-scheme", "header-missing", "header-missing"],
        |sender| body_alone(sender.without_header("date").without_header("content-md5")),
    ),
    recipe(
        "the body alone, with date and digest in the headers",
        "TypeScript",
        Read("github.com/Aaronfel/tecnobrain-integration src/kommo/kommo.service.ts"),
        &["body-only-scheme"],
        body_alone,
    ),
    recipe(
        "the body alone, on connect and disconnect",
        "TypeScript",
        Read("github.com/mobilon-dev/amotop src/AmoJoChannelClient/AmoJoChannelClient.ts"),
        &["body-only-scheme", "header-missing", "header-missing"],
        |sender| body_alone(sender.without_header("date").without_header("content-md5")),
    ),
    recipe(
        "the body alone, with a date of local time and an empty zone",
        "Python",
        Read("github.com/Anton-Belousov123/webapp-hotel dontuse.py"),
        &["body-only-scheme", "date-unreadable"],
        |sender| body_alone(sender.header("date", "Wed, 15 Dec 2021 23:12:55 ")),
    ),
    recipe(
        "five lines with a date whose zone is empty: its last space is signed, and HTTP drops it",
        "Python",
        Read(
            "docs.python.org/3/library/time.html, strftime of a naive time: %Z is empty, as in webapp-hotel dontuse.py",
        ),
        &["header-whitespace", "date-unreadable"],
        |sender| {
            let date = "Wed, 15 Dec 2021 23:12:55 ";
            sender.header("date", date).line(DATE_LINE, date)
        },
    ),
    recipe(
        "a date with a colon in its zone and an hour without its zero",
        "TypeScript",
        Read("github.com/KolesnichenkoAleksey/amocrm-chat-bot backend/src/API/amoChatAPI/index.ts"),
        &["date-unreadable"],
        |sender| {
            let date = "Thu, 16 Dec 2021 2:12:55 +03:00";
            sender.header("date", date).line(DATE_LINE, date)
        },
    ),
    recipe(
        "an empty secret, the default of a variable that is not set",
        "TypeScript",
        Read("github.com/KolesnichenkoAleksey/amocrm-chat-bot backend/src/API/amoChatAPI/index.ts"),
        &["secret-empty"],
        |sender| sender.key(""),
    ),
    recipe(
        "the clock read once for the string and once for the header",
        "PHP",
        Read("www.amocrm.ru/developers/content/chats/chat-step-by-step, helpers.php"),
        &["date-taken-twice"],
        |sender| sender.line(DATE_LINE, "Wed, 15 Dec 2021 23:12:54 +0000"),
    ),
    recipe(
        "the clock read twice, the string with another name of the zone",
        "Python",
        Read("github.com/anatoly-bobrovsky/amocrm-api-chats src/send_to_amocrm/main.py"),
        &["date-taken-twice"],
        |sender| sender.line(DATE_LINE, "Wed, 15 Dec 2021 23:12:54 GMT"),
    ),
    recipe(
        "the HTTP library writes the date in its own form",
        "C#",
        Read(
            "learn.microsoft.com HttpRequestHeaders.Date, as in github.com/Armandoj1/BotHeliteb KommoRequestSigner",
        ),
        &["date-taken-twice"],
        |sender| sender.header("date", "Wed, 15 Dec 2021 23:12:55 GMT"),
    ),
    recipe(
        "the HTTP library adds a charset to the content type",
        "C#",
        Read("github.com/Armandoj1/BotHeliteb KommoRequestSigner (StringContent)"),
        &["content-type-differs"],
        |sender| sender.header("content-type", "application/json; charset=utf-8"),
    ),
    recipe(
        "the bytes of the digest in place of its digits",
        "Go",
        Read(
            "github.com/LemeshkinIvan/saas-integration-demo internal/external/adapters/chat/adapter.go",
        ),
        &["md5-raw"],
        |sender| {
            let mut text = format!("{}\n", sender.lines[0]).into_bytes();
            text.extend_from_slice(&md5(&sender.body));
            text.extend_from_slice(format!("\n{}", sender.lines[2..].join("\n")).as_bytes());
            signs(sender, text)
        },
    ),
    recipe(
        "the digest as base64, when hex digits were refused",
        "Python",
        Read(
            "a Telegram bot with send_chat_message_v2 (repository not shown): retries with base64",
        ),
        &["md5-base64"],
        |sender| {
            let digest = base64(md5(&sender.body));
            sender.header("content-md5", &digest).line(MD5, &digest)
        },
    ),
    recipe(
        "the path with the first parameter of its query",
        "TypeScript",
        Read("github.com/stepanpomazov/diplom-react app/api/amojo/discover/route.ts"),
        &["query-signed"],
        |mut sender| {
            let signed = format!("{}?account_id=52e591f7", sender.target);
            sender.target = format!("{signed}?limit=1");
            sender.line(PATH_LINE, &signed)
        },
    ),
    recipe(
        "a URL with two slashes after the host, the path signed with one",
        "Go",
        Read(
            "github.com/LemeshkinIvan/saas-integration-demo internal/external/adapters/chat/adapter.go",
        ),
        &["path-differs", "path-unsafe"],
        |mut sender| {
            sender.target = format!("/{}", sender.target);
            sender
        },
    ),
    recipe(
        "the query signed with the path",
        "Python",
        Read(
            "developers.kommo.com/reference/chats-api-authorization-and-headers warns of it: without GET parameters",
        ),
        &["query-signed"],
        |mut sender| {
            sender.target = format!("{}?limit=50&offset=0", sender.target);
            let signed = sender.target.clone();
            sender.line(PATH_LINE, &signed)
        },
    ),
    recipe(
        "the letter n between the lines",
        "shell",
        Inferred("a shell takes the backslash of an unquoted \\n away"),
        &["wrong-separator"],
        |sender| joined(sender, "n"),
    ),
    recipe(
        "a backslash and the letter n between the lines",
        "PHP",
        Inferred("single quotes keep the backslash in PHP and in shells"),
        &["wrong-separator"],
        |sender| joined(sender, "\\n"),
    ),
    recipe(
        "the line end of the platform between the lines",
        "PHP",
        Inferred("PHP_EOL on Windows"),
        &["wrong-separator"],
        |sender| joined(sender, "\r\n"),
    ),
    recipe(
        "commas between the lines: a list made into text",
        "JavaScript",
        Inferred("a list in the place of a text is joined by commas"),
        &["wrong-separator"],
        |sender| joined(sender, ","),
    ),
    recipe(
        "the lines of a template literal with the indentation of the code",
        "JavaScript",
        Inferred("a template literal over several lines keeps the spaces of the code"),
        &["wrong-separator"],
        |sender| joined(sender, "\n    "),
    ),
    recipe(
        "a line feed after the last line: echo into openssl",
        "shell",
        Inferred("echo without -n"),
        &["wrong-separator"],
        |sender| {
            let text = format!("{}\n", sender.string_to_sign());
            signs(sender, text)
        },
    ),
    recipe(
        "one further header among the lines",
        "Python",
        Inferred(
            "other schemes sign a client id; a bridge to Telegram sends X-Client-Id beside the four headers",
        ),
        &["header-signed"],
        |mut sender| {
            let value = "d68e3b28-5ecb-4b25-b868-eda78f7f3366";
            sender.headers.push(("x-client-id".into(), value.into()));
            sender.lines.insert(4, value.into());
            sender
        },
    ),
    recipe(
        "the host among the lines, as in other signature schemes",
        "any",
        Inferred("other schemes sign the host as a line of its own"),
        &["header-signed"],
        |mut sender| {
            sender.lines.insert(1, crate::naive::HOST.into());
            sender
        },
    ),
    recipe(
        "the whole URL in place of the path",
        "PHP",
        Read(
            "developers.kommo.com/reference/chats-api-authorization-and-headers warns of it: without protocol and domain",
        ),
        &["host-signed"],
        |sender| {
            let url = format!("https://amojo.amocrm.ru{}", sender.target);
            sender.line(PATH_LINE, &url)
        },
    ),
    recipe(
        "a space before the content type: a header line cut at its colon",
        "PHP",
        Inferred("a header line cut at its colon keeps the space after it"),
        &["header-whitespace"],
        |sender| sender.line(TYPE, " application/json"),
    ),
    recipe(
        "the digest with the line end of a program's output",
        "shell",
        Inferred("md5sum prints a dash after the digest of its input"),
        &["md5-raw"],
        |sender| {
            let digest = format!("{}  -", sender.lines[MD5]);
            sender.line(MD5, &digest)
        },
    ),
    recipe(
        "two further headers among the lines",
        "any",
        Inferred("schemes that sign a client id and a nonce"),
        &["header-signed"],
        |mut sender| {
            for (name, value) in [("x-client-id", "d68e3b28"), ("x-nonce", "n-7781")] {
                sender.headers.push((name.into(), value.into()));
                sender.lines.insert(sender.lines.len() - 1, value.into());
            }
            sender
        },
    ),
    recipe(
        "the length of the body among the lines, whose header was not logged",
        "any",
        Inferred("Azure's shared key signs Content-Length"),
        &["header-signed"],
        |mut sender| {
            let length = sender.body.len().to_string();
            sender.lines.insert(1, length);
            sender
        },
    ),
    recipe(
        "the lines of the headers with their names",
        "any",
        Inferred("HTTP signatures sign `date: …`"),
        &["header-signed"],
        |mut sender| {
            for (at, name) in [
                (MD5, "Content-MD5"),
                (TYPE, "Content-Type"),
                (DATE_LINE, "Date"),
            ] {
                sender.lines[at] = format!("{name}: {}", sender.lines[at]);
            }
            sender
        },
    ),
    recipe(
        "HMAC-SHA256 cut to forty digits, since the documentation says so many",
        "any",
        Inferred("substr(hash_hmac('sha256', …), 0, 40)"),
        &["other-hash"],
        |sender| {
            let signature = hex(hmac_sha256(SECRET, sender.string_to_sign()));
            sender.signature(&signature[..40])
        },
    ),
    recipe(
        "the signature signed once more, as in derivations of keys",
        "any",
        Inferred("a helper that signs, called on its own result"),
        &["other-hash"],
        |sender| {
            let once = hex(hmac_sha1(SECRET, sender.string_to_sign()));
            sender.signature(hex(hmac_sha1(SECRET, once)))
        },
    ),
    recipe(
        "the secret as an optional value is printed",
        "Swift",
        Inferred("interpolation of an Optional: Optional(\"…\")"),
        &["secret-quoted"],
        |sender| sender.key(format!("Optional(\"{SECRET}\")")),
    ),
    recipe(
        "the secret as an Option is printed for debugging",
        "Rust",
        Inferred("format!(\"{:?}\") of env::var(…).ok()"),
        &["secret-quoted"],
        |sender| sender.key(format!("Some(\"{SECRET}\")")),
    ),
    recipe(
        "the whole line of an environment file as the secret",
        "shell, Docker",
        Inferred("docker run --env-file, read as a file with the secret"),
        &["secret-quoted"],
        |sender| sender.key(format!("CHANNEL_SECRET={SECRET}")),
    ),
    recipe(
        "a variable that was not replaced",
        "YAML, shell",
        Inferred("single quotes around ${SECRET}"),
        &["secret-placeholder"],
        |sender| sender.key("${SECRET}"),
    ),
    recipe(
        "the name of the variable as the secret",
        "any",
        Inferred("the name given where its value was meant"),
        &["secret-placeholder"],
        |sender| sender.key("channel_secret"),
    ),
    recipe(
        "a value that pandas reads as missing",
        "Python",
        Inferred("str() of an empty cell"),
        &["secret-placeholder"],
        |sender| sender.key("nan"),
    ),
    recipe(
        "a format string without its value",
        "Python, C",
        Inferred("'%s' without the operator"),
        &["secret-placeholder"],
        |sender| sender.key("%s"),
    ),
    recipe(
        "the text None out of a file",
        "Python",
        Inferred("print(os.getenv(…), file=f)"),
        &["secret-placeholder"],
        |sender| sender.key("None\n"),
    ),
    recipe(
        "the text undefined as the secret",
        "JavaScript",
        Inferred("a variable that is not set in a template literal"),
        &["secret-placeholder"],
        |sender| sender.key("undefined"),
    ),
    recipe(
        "the text null as the secret",
        "PHP, Java",
        Inferred("a missing variable joined to a text"),
        &["secret-placeholder"],
        |sender| sender.key("null"),
    ),
    recipe(
        "the text None as the secret",
        "Python",
        Inferred("str() of a variable that is not set"),
        &["secret-placeholder"],
        |sender| sender.key("None"),
    ),
    recipe(
        "the secret decoded from hex",
        "Python",
        Read(
            "a Telegram bot whose comment says that a hex key is answered ORIGIN_INVALID_SIGNATURE (repository not shown)",
        ),
        &["key-hex-decoded"],
        |sender| sender.key(from_hex(SECRET)),
    ),
    recipe(
        "the secret with the line feed of its file",
        "any",
        Inferred("a secret from a file keeps the line feed of the file"),
        &["secret-whitespace"],
        |sender| sender.key(format!("{SECRET}\n")),
    ),
    recipe(
        "the secret with the quotes of an environment file",
        "any",
        Inferred("some readers of environment files keep the quotes"),
        &["secret-quoted"],
        |sender| sender.key(format!("\"{SECRET}\"")),
    ),
    recipe(
        "key and message in each other's place",
        "any",
        Inferred("PHP takes the data before the key, other languages the key first"),
        &["arguments-swapped"],
        |sender| {
            let signature = hex(hmac_sha1(sender.string_to_sign(), SECRET));
            sender.signature(signature)
        },
    ),
    recipe(
        "SHA-256 in place of SHA-1",
        "TypeScript",
        Read(
            "a webhook check with createHmac('sha256', KOMMO_WEBHOOK_SECRET) (repository not shown)",
        ),
        &["other-hash"],
        |sender| {
            let signature = hex(hmac_sha256(SECRET, sender.string_to_sign()));
            sender.signature(signature)
        },
    ),
    recipe(
        "SHA-1 of the string without a key",
        "any",
        Inferred(
            "the words of www.amocrm.ru/developers/content/chats/chat-start taken literally: the SHA1 hash",
        ),
        &["other-hash"],
        |sender| {
            let signature = hex(sha1(sender.string_to_sign().as_bytes()));
            sender.signature(signature)
        },
    ),
    recipe(
        "the signature as base64",
        "TypeScript",
        Read("github.com/romulokoenig-collab/chatbot-whatsapp docs, digest(\"base64\")"),
        &["signature-base64"],
        |sender| {
            let signature = base64(sender.mac());
            sender.signature(signature)
        },
    ),
    recipe(
        "the signature in upper-case digits",
        "C#",
        Inferred("Convert.ToHexString writes upper case"),
        &["signature-upper-case"],
        |sender| {
            let signature = hex(sender.mac()).to_uppercase();
            sender.signature(signature)
        },
    ),
    recipe(
        "the signature with hyphens between its bytes",
        "C#",
        Inferred("BitConverter.ToString writes hyphens; public clients take them out again"),
        &["signature-separated"],
        |sender| {
            let pairs: Vec<_> = sender
                .mac()
                .iter()
                .map(|byte| format!("{byte:02X}"))
                .collect();
            sender.signature(pairs.join("-"))
        },
    ),
    recipe(
        "the signature with the name of the algorithm",
        "TypeScript",
        Read("a webhook check that cuts sha256= off (repository not shown)"),
        &["signature-prefixed"],
        |sender| {
            let signature = format!("sha1={}", hex(sender.mac()));
            sender.signature(signature)
        },
    ),
    recipe(
        "the signature as the text of Python's bytes",
        "Python",
        Inferred("str() of bytes"),
        &["signature-quoted"],
        |sender| {
            let signature = format!("b'{}'", hex(sender.mac()));
            sender.signature(signature)
        },
    ),
    recipe(
        "POST signed and DELETE sent: the sample of disconnect",
        "PHP",
        Read(
            "www.amocrm.ru/developers/content/chats/chat-api-reference, disconnect: the sample sets POST",
        ),
        &["method-differs"],
        |mut sender| {
            let signed = if sender.method == "POST" {
                "DELETE"
            } else {
                "POST"
            };
            sender.lines[0] = signed.into();
            sender
        },
    ),
    recipe(
        "the method in lower case, as HTTP libraries take it",
        "JavaScript",
        Inferred("axios takes the method in lower case"),
        &["method-case"],
        |sender| {
            let method = sender.lines[0].to_lowercase();
            sender.line(0, &method)
        },
    ),
    recipe(
        "local time called UTC, in the string and in the header",
        "C#",
        Inferred("DateTime.Now.ToString(\"r\") does not convert to UTC"),
        &["date-future", "date-zone"],
        |sender| {
            let date = "Thu, 16 Dec 2021 02:12:55 GMT";
            sender.header("date", date).line(DATE_LINE, date)
        },
    ),
    recipe(
        "local time called UTC, behind it",
        "Python",
        Inferred("now() with GMT written out in the format"),
        &["date-stale", "date-zone"],
        |sender| {
            let date = "Wed, 15 Dec 2021 18:12:55 GMT";
            sender.header("date", date).line(DATE_LINE, date)
        },
    ),
    recipe(
        "local time of a zone of half an hour called UTC",
        "Go",
        Inferred("a layout with +0000 written out"),
        &["date-future", "date-zone"],
        |sender| {
            let date = "Thu, 16 Dec 2021 04:42:55 +0000";
            sender.header("date", date).line(DATE_LINE, date)
        },
    ),
    recipe(
        "UTC as the name of the zone",
        "Python",
        Inferred(
            "a Flask bot with %Z of gmtime (repository not shown), where the system calls the zone UTC",
        ),
        &["date-unreadable"],
        |sender| {
            let date = "Wed, 15 Dec 2021 23:12:55 UTC";
            sender.header("date", date).line(DATE_LINE, date)
        },
    ),
];

/// Recipes that change the body: on the body of the tests alone.
static BODIES: &[Recipe] = &[
    recipe(
        "the digest of an empty list, and no body",
        "PHP",
        Read("github.com/Vahagn-99/woochat.ru app/Services/AmoChat/Hmac/Hmac.php"),
        &["body-re-encoded"],
        |sender| digest_of(sender.sends(""), "[]"),
    ),
    recipe(
        "the digest of two quotes, and no body",
        "TypeScript",
        Read("github.com/lybrus/amocrm-connector src/chat/channel.ts"),
        &["body-re-encoded"],
        |sender| digest_of(sender.sends(""), "\"\""),
    ),
    recipe(
        "the digest of one serialisation, and the HTTP library sends another",
        "Python",
        Read("github.com/tmedvedevv/amojowrapper amojowrapper/helpers/headers.py"),
        &["body-re-encoded"],
        |sender| digest_of(sender, PYTHON),
    ),
    recipe(
        "an object given to the HTTP library after its text was signed",
        "TypeScript",
        Read(
            "github.com/nzinterbuu/edna-amocrm-max services/api/src/modules/amocrm/amocrm-chat.client.ts",
        ),
        &["body-re-encoded"],
        |sender| digest_of(sender.sends(PHP), BODY),
    ),
    recipe(
        "the body alone, and the HTTP client writes it again with other escapes",
        "PHP",
        Read("a Laravel service with Http::post of the array (repository not shown)"),
        &["body-only-scheme", "body-re-encoded"],
        |sender| digest_of(signs(sender.sends(PHP), BODY), PHP),
    ),
    recipe(
        "an undefined variable signed in place of the body",
        "PHP",
        Read("a script with $body where $requestBody was meant (repository not shown)"),
        &["body-only-scheme", "nothing-signed"],
        |sender| signs(sender, ""),
    ),
    recipe(
        "an object made into text before it is hashed",
        "JavaScript",
        Inferred("the text of any object"),
        &["nothing-signed"],
        |sender| line_of(sender, "[object Object]"),
    ),
    recipe(
        "a dictionary made into text before it is hashed",
        "Python",
        Inferred("str() of a dictionary"),
        &["body-re-encoded"],
        |sender| {
            let text = "{'title': 'a/b & <Вася> 😍', 'account_id': '52e591f7', 'n': [1, 2.5, {}], 'ok': True}";
            line_of(sender, text)
        },
    ),
    recipe(
        "numbers with 17 digits",
        "PHP",
        Inferred("serialize_precision = 17, the default before PHP 7.1"),
        &["body-re-encoded"],
        |sender| {
            let sender = digest_of(
                sender.sends("{\"a\":0.1,\"b\":\"/\"}"),
                "{\"a\":0.1,\"b\":\"/\"}",
            );
            line_of(sender, "{\"a\":0.10000000000000001,\"b\":\"\\/\"}")
        },
    ),
    recipe(
        "numbers without their last zeros",
        "PHP, JavaScript",
        Inferred("serialize_precision = -1, the default since PHP 7.1"),
        &["body-re-encoded"],
        |sender| line_of(sender, PHP.replace("2.50", "2.5")),
    ),
    recipe(
        "an empty object that became an empty list",
        "PHP",
        Inferred("json_decode into arrays"),
        &["body-re-encoded"],
        |sender| line_of(sender, PHP.replace("{}", "[]")),
    ),
    recipe(
        "the query of the data in place of its JSON",
        "PHP",
        Inferred("schemes of payment services hash http_build_query"),
        &["body-re-encoded"],
        |sender| {
            line_of(
                sender,
                "title=a%2Fb+%26+%3C%D0%92%D0%B0%D1%81%D1%8F%3E+%F0%9F%98%8D&account_id=52e591f7&n%5B0%5D=1&n%5B1%5D=2.5&ok=1",
            )
        },
    ),
    recipe(
        "JSON_PRETTY_PRINT of arrays: an empty object and the zero of a number lost",
        "PHP",
        Inferred("json_decode into arrays and json_encode with JSON_PRETTY_PRINT"),
        &["body-re-encoded"],
        |sender| {
            line_of(
                sender,
                "{\n    \"title\": \"a\\/b & <\\u0412\\u0430\\u0441\\u044f> \\ud83d\\ude0d\",\n    \"account_id\": \"52e591f7\",\n    \"n\": [\n        1,\n        2.5,\n        []\n    ],\n    \"ok\": true\n}",
            )
        },
    ),
    recipe(
        "question marks in place of other letters",
        "C#",
        Inferred("Encoding.ASCII.GetBytes"),
        &["body-charset"],
        |sender| line_of(sender, BODY.replace("Вася", "????").replace('😍', "??")),
    ),
    recipe(
        "a question mark in place of an emoji",
        "SQL",
        Inferred("the character set utf8mb3 of MySQL holds no emoji"),
        &["body-charset"],
        |sender| line_of(sender, BODY.replace('😍', "?")),
    ),
    recipe(
        "the text encoded as UTF-8 twice",
        "PHP",
        Inferred("utf8_encode of what is UTF-8"),
        &["body-charset"],
        |sender| {
            let twice: String = BODY.bytes().map(char::from).collect();
            line_of(sender, twice)
        },
    ),
    recipe(
        "the text as Windows-1251",
        "PHP, 1C",
        Inferred("source files and databases in that encoding"),
        &["body-charset"],
        |sender| {
            let (before, after) = BODY.split_once("Вася").unwrap();
            let bytes = [before.as_bytes(), b"\xc2\xe0\xf1\xff", after.as_bytes()].concat();
            let emoji = "😍".as_bytes();
            let at = bytes.windows(4).position(|four| four == emoji).unwrap();
            let bytes = [&bytes[..at], b"?", &bytes[at + 4..]].concat();
            line_of(sender, bytes)
        },
    ),
    recipe(
        "the text as UTF-16",
        "C#, PowerShell",
        Inferred("Encoding.Unicode.GetBytes"),
        &["body-charset"],
        |sender| {
            let units: Vec<u8> = BODY.encode_utf16().flat_map(u16::to_le_bytes).collect();
            line_of(sender, units)
        },
    ),
    recipe(
        "the body with the line feed of echo",
        "shell",
        Inferred("echo without -n"),
        &["body-trailing-newline"],
        |sender| digest_of(sender, format!("{BODY}\n")),
    ),
    recipe(
        "JSON encoded twice",
        "JavaScript",
        Inferred("a text given to an encoder once more"),
        &["body-re-encoded"],
        |sender| {
            let twice = format!("{BODY:?}").replace("\\u{1f60d}", "😍");
            digest_of(sender.sends(twice), BODY)
        },
    ),
];

/// What the receiver of a chat hook hands on, and what was signed.
struct Hook {
    name: &'static str,
    source: Source,
    came: &'static str,
    expected: &'static [&'static str],
}

/// The body of a hook as the platform sends it, with the line feed that is not signed.
const HOOK: &str = "{\"account_id\":\"52e591f7\",\"time\":1639660529,\"message\":{\"text\":\"a/b Вася 😍\",\"media\":\"\",\"tags\":{}}}\n";

static HOOKS: &[Hook] = &[
    Hook {
        name: "parsed and written again by json.dumps",
        source: Inferred("request.get_json and json.dumps"),
        came: "{\"account_id\": \"52e591f7\", \"time\": 1639660529, \"message\": {\"text\": \"a/b \\u0412\\u0430\\u0441\\u044f \\ud83d\\ude0d\", \"media\": \"\", \"tags\": {}}}",
        expected: &["body-re-encoded"],
    },
    Hook {
        name: "parsed and written again by json_encode, an empty object lost",
        source: Inferred("json_decode into arrays and json_encode"),
        came: "{\"account_id\":\"52e591f7\",\"time\":1639660529,\"message\":{\"text\":\"a\\/b \\u0412\\u0430\\u0441\\u044f \\ud83d\\ude0d\",\"media\":\"\",\"tags\":[]}}",
        expected: &["body-re-encoded"],
    },
    Hook {
        name: "read through Laravel's middleware, an empty text lost",
        source: Inferred("json_encode of $request->all() after ConvertEmptyStringsToNull"),
        came: "{\"account_id\":\"52e591f7\",\"time\":1639660529,\"message\":{\"text\":\"a/b Вася 😍\",\"media\":null,\"tags\":{}}}",
        expected: &["body-re-encoded"],
    },
    Hook {
        name: "written again with indentation by JSON.stringify",
        source: Read(
            "github.com/adrmendozac/smsbrinteva lib/kommo.js falls back to JSON.stringify(req.body)",
        ),
        came: "{\n  \"account_id\": \"52e591f7\",\n  \"time\": 1639660529,\n  \"message\": {\n    \"text\": \"a/b Вася 😍\",\n    \"media\": \"\",\n    \"tags\": {}\n  }\n}\n",
        expected: &["body-re-encoded"],
    },
    Hook {
        name: "handed on as a JSON string",
        source: Inferred("a body that was logged as JSON"),
        came: "\"{\\\"account_id\\\":\\\"52e591f7\\\",\\\"time\\\":1639660529,\\\"message\\\":{\\\"text\\\":\\\"a/b Вася 😍\\\",\\\"media\\\":\\\"\\\",\\\"tags\\\":{}}}\\n\"",
        expected: &["body-re-encoded"],
    },
    Hook {
        name: "the whole event of a function service",
        source: Inferred("the event of an HTTP API holds the body as a text"),
        came: "{\"version\":\"2.0\",\"body\":\"{\\\"account_id\\\":\\\"52e591f7\\\",\\\"time\\\":1639660529,\\\"message\\\":{\\\"text\\\":\\\"a/b Вася 😍\\\",\\\"media\\\":\\\"\\\",\\\"tags\\\":{}}}\\n\",\"isBase64Encoded\":false}",
        expected: &["body-re-encoded"],
    },
    Hook {
        name: "the output of a workflow's webhook node",
        source: Inferred("a webhook node hands on a list of one, with the parsed body"),
        came: "[{\"headers\":{\"host\":\"x\"},\"body\":{\"account_id\":\"52e591f7\",\"time\":1639660529,\"message\":{\"text\":\"a/b Вася 😍\",\"media\":\"\",\"tags\":{}}}}]",
        expected: &["body-re-encoded"],
    },
    Hook {
        name: "printed as Python's bytes",
        source: Inferred("print of request.data"),
        came: "b'{\"account_id\":\"52e591f7\",\"time\":1639660529,\"message\":{\"text\":\"a/b \\xd0\\x92\\xd0\\xb0\\xd1\\x81\\xd1\\x8f \\xf0\\x9f\\x98\\x8d\",\"media\":\"\",\"tags\":{}}}\\n'",
        expected: &["body-re-encoded"],
    },
    Hook {
        name: "copied from a page, its quotes as entities",
        source: Inferred("a page that shows the body"),
        came: "{&quot;account_id&quot;:&quot;52e591f7&quot;,&quot;time&quot;:1639660529,&quot;message&quot;:{&quot;text&quot;:&quot;a/b Вася 😍&quot;,&quot;media&quot;:&quot;&quot;,&quot;tags&quot;:{}}}\n",
        expected: &["body-re-encoded"],
    },
    Hook {
        name: "shown by a template of Mustache, its slashes as entities too",
        source: Inferred("mustache.js escapes / ` and = besides what others escape"),
        came: "{&quot;account_id&quot;:&quot;52e591f7&quot;,&quot;time&quot;:1639660529,&quot;message&quot;:{&quot;text&quot;:&quot;a&#x2F;b Вася 😍&quot;,&quot;media&quot;:&quot;&quot;,&quot;tags&quot;:{}}}\n",
        expected: &["body-re-encoded"],
    },
    Hook {
        name: "out of a CSV file, its quotes written twice",
        source: Inferred("an export of a table of hooks; RFC 4180"),
        came: "\"{\"\"account_id\"\":\"\"52e591f7\"\",\"\"time\"\":1639660529,\"\"message\"\":{\"\"text\"\":\"\"a/b Вася 😍\"\",\"\"media\"\":\"\"\"\",\"\"tags\"\":{}}}\n\"\n",
        expected: &["body-re-encoded"],
    },
    Hook {
        name: "through WordPress, with slashes before its quotes",
        source: Inferred("wp_magic_quotes runs addslashes over what came"),
        came: "{\\\"account_id\\\":\\\"52e591f7\\\",\\\"time\\\":1639660529,\\\"message\\\":{\\\"text\\\":\\\"a/b Вася 😍\\\",\\\"media\\\":\\\"\\\",\\\"tags\\\":{}}}",
        expected: &["body-re-encoded"],
    },
    Hook {
        name: "from a buffer of C, with the NUL at its end",
        source: Inferred("the length of a buffer in place of the length of its text"),
        came: "{\"account_id\":\"52e591f7\",\"time\":1639660529,\"message\":{\"text\":\"a/b Вася 😍\",\"media\":\"\",\"tags\":{}}}\n\0",
        expected: &["body-re-encoded"],
    },
    Hook {
        name: "parsed and written again by json_encode with JSON_PRETTY_PRINT, an empty object lost",
        source: Inferred("json_decode into arrays and json_encode with flags"),
        came: "{\n    \"account_id\": \"52e591f7\",\n    \"time\": 1639660529,\n    \"message\": {\n        \"text\": \"a\\/b \\u0412\\u0430\\u0441\\u044f \\ud83d\\ude0d\",\n        \"media\": \"\",\n        \"tags\": []\n    }\n}",
        expected: &["body-re-encoded"],
    },
    Hook {
        name: "with the headers of its message",
        source: Inferred("a trace of the connection"),
        came: "POST /hook HTTP/1.1\r\nHost: example.com\r\n\r\n{\"account_id\":\"52e591f7\",\"time\":1639660529,\"message\":{\"text\":\"a/b Вася 😍\",\"media\":\"\",\"tags\":{}}}\n",
        expected: &["body-re-encoded"],
    },
    Hook {
        name: "with a byte-order mark and CR LF, from a Windows editor",
        source: Inferred("a file saved again by an editor of Windows"),
        came: "\u{feff}{\"account_id\":\"52e591f7\",\"time\":1639660529,\"message\":{\"text\":\"a/b Вася 😍\",\"media\":\"\",\"tags\":{}}}\r\n",
        expected: &["body-re-encoded"],
    },
];

fn explained(recipe: &Recipe) -> Explanation {
    (recipe.made)(Sender::right()).explain()
}

fn hook(hook: &Hook) -> Explanation {
    let signature = hex(hmac_sha1(SECRET, HOOK.trim_end()));
    explain_chat_hook(hook.came.as_bytes(), &signature, SECRET).unwrap()
}

/// The other verifiers: name, source, answer, and the codes that it should have.
fn others() -> Vec<(&'static str, Source, Explanation, &'static [&'static str])> {
    let client = "01d01160-d7a0-4087-b4af-6a1bb83fcd1d";
    let disconnect = |message: &str| {
        let signature = hex(hmac_sha256(SECRET, message));
        let query = format!("account_id=32720107&client_uuid={client}&signature={signature}");
        explain_disconnect(&query, client, SECRET).unwrap()
    };
    let open_api =
        |came: &str, mac: String| explain_open_api(came.as_bytes(), &mac, SECRET).unwrap();
    let page = Read("doc.twt.com/chat/api/authentication, its list of what not to do");
    vec![
        (
            "client and account without a bar",
            Read("developers.kommo.com/docs/oauth-20: the words say concatenation"),
            disconnect(&format!("{client}32720107")),
            &["wrong-separator"],
        ),
        (
            "the query as text",
            Inferred("a signature of parameters is usually one of their text"),
            disconnect(&format!("account_id=32720107&client_uuid={client}")),
            &["query-signed"],
        ),
        (
            "keys in another order",
            page,
            open_api(
                "{\"b\":1,\"a\":\"/\"}",
                hex(hmac_sha256(SECRET, "{\"a\":\"/\",\"b\":1}")),
            ),
            &["body-re-encoded"],
        ),
        (
            "indented",
            page,
            open_api("{\"b\":1}", hex(hmac_sha256(SECRET, "{\n    \"b\": 1\n}"))),
            &["body-re-encoded"],
        ),
        (
            "URL-encoded",
            page,
            open_api("{\"b\":1}", hex(hmac_sha256(SECRET, "%7B%22b%22%3A1%7D"))),
            &["body-re-encoded"],
        ),
        (
            "a signature with sha256= before it",
            page,
            open_api("{}", format!("sha256={}", hex(hmac_sha256(SECRET, "{}")))),
            &["signature-prefixed"],
        ),
        (
            "a signature as base64",
            page,
            open_api("{}", base64(hmac_sha256(SECRET, "{}"))),
            &["signature-base64"],
        ),
    ]
}

/// The measured goal: at least 95 % are named right, and none is named wrongly.
#[test]
fn recipes_of_public_code_are_named() {
    let mut all: Vec<(String, Source, Explanation, &[&str])> = Vec::new();
    for recipe in REQUESTS.iter().chain(BODIES) {
        let name = format!("{}: {}", recipe.language, recipe.name);
        all.push((name, recipe.source, explained(recipe), recipe.expected));
    }
    for case in HOOKS {
        let name = format!("hook: {}", case.name);
        all.push((name, case.source, hook(case), case.expected));
    }
    for (name, source, explanation, expected) in others() {
        all.push((name.into(), source, explanation, expected));
    }
    let mut wrong = Vec::new();
    for is_read in [true, false] {
        let cases: Vec<_> = all
            .iter()
            .filter(|(_, source, _, _)| matches!(source, Read(_)) == is_read)
            .collect();
        let mut right = 0;
        for (name, _, explanation, expected) in &cases {
            assert!(!explanation.accepted(), "{name}");
            let found = codes(explanation);
            if found == *expected {
                right += 1;
            } else if found.contains(&"unknown") {
                println!("unknown: {name}");
            } else {
                wrong.push(format!("{name}: {found:?}, not {expected:?}"));
            }
        }
        let kind = if is_read {
            "read in public code"
        } else {
            "inferred"
        };
        println!("{kind}: {right} of {} recipes are named right", cases.len());
        assert!(right * 100 >= cases.len() * 95, "{kind}");
    }
    assert!(wrong.is_empty(), "named wrongly:\n{}", wrong.join("\n"));
}

/// If two recipes made the same request, one of them would be named by the other's cause.
#[test]
fn no_two_recipes_make_the_same_request() {
    let mut seen = HashMap::new();
    for recipe in REQUESTS.iter().chain(BODIES) {
        let sender = (recipe.made)(Sender::right());
        let signature = sender
            .signature
            .clone()
            .unwrap_or_else(|| hex(sender.mac()));
        let wire = format!(
            "{} {} {:?} {:?}",
            sender.method, sender.target, sender.headers, sender.body
        );
        if let Some(other) = seen.insert((wire, signature), recipe) {
            assert_eq!(
                other.expected, recipe.expected,
                "{} and {}",
                other.name, recipe.name
            );
        }
    }
}

#[test]
fn every_recipe_has_a_source_and_a_name_of_its_own() {
    let mut names = Vec::new();
    for recipe in REQUESTS.iter().chain(BODIES) {
        let is_named = !recipe.source.text().is_empty() && !recipe.language.is_empty();
        assert!(is_named, "{}", recipe.name);
        assert!(!names.contains(&recipe.name), "{}", recipe.name);
        names.push(recipe.name);
    }
}

#[test]
fn the_date_of_the_recipes_is_that_of_the_tests() {
    assert_eq!(
        (DATE, AT),
        ("Wed, 15 Dec 2021 23:12:55 +0000", 1_639_609_975)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// On any request, a recipe is named by its own cause.
    #[test]
    fn a_recipe_is_named_by_its_own_cause_on_any_request(
        sender in sample(),
        number in 0..REQUESTS.len(),
    ) {
        prop_assume!(!sender.body.is_empty());
        let recipe = &REQUESTS[number];
        let made = (recipe.made)(sender);
        let explanation = made.explain();
        prop_assert!(!explanation.accepted(), "{}", recipe.name);
        prop_assert_eq!(codes(&explanation), recipe.expected, "{}", recipe.name);
    }
}
