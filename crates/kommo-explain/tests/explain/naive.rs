//! A sender of one's own: the right recipe and the pieces of the wrong ones, by definition and
//! without the crate's code.

use md5::Md5;
use sha1::{Digest, Sha1};
use sha2::{Sha256, Sha512};

pub(crate) const SECRET: &str = "f2d7f8704eff95087ed45b23ba99c0b5aac8278e";
pub(crate) const PATH: &str = "/v2/origin/custom/344a5002-f8ca-454d-af3d-396180102ac7/connect";
pub(crate) const HOST: &str = "amojo.amocrm.ru";
pub(crate) const DATE: &str = "Wed, 15 Dec 2021 23:12:55 +0000";
pub(crate) const AT: u64 = 1_639_609_975;
pub(crate) const BODY: &str =
    "{\"title\":\"a/b & <Вася> 😍\",\"account_id\":\"52e591f7\",\"n\":[1,2.50,{}],\"ok\":true}";

pub(crate) fn md5(bytes: &[u8]) -> Vec<u8> {
    Md5::digest(bytes).to_vec()
}

pub(crate) fn sha1(bytes: &[u8]) -> Vec<u8> {
    Sha1::digest(bytes).to_vec()
}

pub(crate) fn sha256(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).to_vec()
}

pub(crate) fn sha512(bytes: &[u8]) -> Vec<u8> {
    Sha512::digest(bytes).to_vec()
}

/// RFC 2104: `H(K ^ opad, H(K ^ ipad, text))`.
pub(crate) fn hmac(
    hash: fn(&[u8]) -> Vec<u8>,
    block: usize,
    key: impl AsRef<[u8]>,
    message: impl AsRef<[u8]>,
) -> Vec<u8> {
    let mut padded = if key.as_ref().len() > block {
        hash(key.as_ref())
    } else {
        key.as_ref().to_vec()
    };
    padded.resize(block, 0);
    let pad = |with: u8| padded.iter().map(|byte| byte ^ with).collect::<Vec<_>>();
    let inner = hash(&[pad(0x36), message.as_ref().to_vec()].concat());
    hash(&[pad(0x5c), inner].concat())
}

pub(crate) fn hmac_sha1(key: impl AsRef<[u8]>, message: impl AsRef<[u8]>) -> Vec<u8> {
    hmac(sha1, 64, key, message)
}

pub(crate) fn hmac_sha256(key: impl AsRef<[u8]>, message: impl AsRef<[u8]>) -> Vec<u8> {
    hmac(sha256, 64, key, message)
}

pub(crate) fn hex(bytes: impl AsRef<[u8]>) -> String {
    let digits = bytes.as_ref().iter();
    digits.map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn from_hex(text: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digit).collect()
}

pub(crate) fn base64(bytes: impl AsRef<[u8]>) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.as_ref().chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let value = (bits >> (18 - 6 * digit)) & 63;
            let is_there = digit <= group.len();
            text.push(if is_there {
                char::from(ALPHABET[value as usize])
            } else {
                '='
            });
        }
    }
    text
}

/// A request on its way, with its lines as they are signed and its headers as they are sent.
#[derive(Debug, Clone)]
pub(crate) struct Sender {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Method, Content-MD5, Content-Type, Date, path: signed.
    pub(crate) lines: Vec<String>,
    pub(crate) separator: String,
    pub(crate) key: Vec<u8>,
    /// Replaces the signature that the lines give.
    pub(crate) signature: Option<String>,
}

impl Sender {
    /// Everything right.
    pub(crate) fn right() -> Self {
        let digest = hex(md5(BODY.as_bytes()));
        Self {
            method: "POST".into(),
            target: PATH.into(),
            headers: [
                ("host", HOST),
                ("date", DATE),
                ("content-type", "application/json"),
                ("content-md5", &digest),
            ]
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .to_vec(),
            body: BODY.into(),
            lines: ["POST", &digest, "application/json", DATE, PATH]
                .map(String::from)
                .to_vec(),
            separator: "\n".into(),
            key: SECRET.into(),
            signature: None,
        }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let own = self.headers.iter_mut().find(|(own, _)| own == name);
        own.expect("a header of the right request").1 = value.into();
        self
    }

    pub(crate) fn without_header(mut self, name: &str) -> Self {
        self.headers.retain(|(own, _)| own != name);
        self
    }

    pub(crate) fn line(mut self, number: usize, text: &str) -> Self {
        self.lines[number] = text.into();
        self
    }

    pub(crate) fn key(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.key = key.into();
        self
    }

    /// The body that is sent; the digests stay.
    pub(crate) fn sends(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn signature(mut self, text: impl Into<String>) -> Self {
        self.signature = Some(text.into());
        self
    }

    pub(crate) fn string_to_sign(&self) -> String {
        self.lines.join(&self.separator)
    }

    pub(crate) fn mac(&self) -> Vec<u8> {
        hmac_sha1(&self.key, self.string_to_sign())
    }

    /// All headers as they are sent.
    pub(crate) fn sent(&self) -> Vec<(&str, &str)> {
        let headers = self.headers.iter();
        headers.map(|(n, v)| (n.as_str(), v.as_str())).collect()
    }

    pub(crate) fn explain_at(&self, now: Option<u64>) -> kommo_explain::Explanation {
        let signature = self.signature.clone().unwrap_or_else(|| hex(self.mac()));
        let mut headers = self.sent();
        headers.push(("x-signature", &signature));
        let request =
            kommo_explain::ReceivedRequest::new(&self.method, &self.target, &headers, &self.body);
        kommo_explain::explain_chats_request(&request, SECRET, now).unwrap()
    }

    pub(crate) fn explain(&self) -> kommo_explain::Explanation {
        self.explain_at(Some(AT))
    }
}
