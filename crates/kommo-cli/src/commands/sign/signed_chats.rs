//! A signed request, as it is printed.

use kommo_sign::{
    CanonicalRequest, ChatsSigner, ContentMd5, ContentType, RequestDate, RequestMethod,
    RequestPath, Signature,
};
use serde_json::{Map, Value, json};

/// What was signed, ready to be printed.
pub(super) struct SignedChats<'a> {
    method: RequestMethod<'a>,
    path: RequestPath<'a>,
    content_type: Option<ContentType<'a>>,
    date: RequestDate,
    content_md5: ContentMd5,
    signature: Signature,
    string_to_sign: String,
}

impl<'a> SignedChats<'a> {
    /// Signs one attempt. Without a content type its line is empty (rule S8).
    pub(super) fn sign(
        signer: &ChatsSigner,
        method: RequestMethod<'a>,
        path: RequestPath<'a>,
        content_type: Option<ContentType<'a>>,
        date: RequestDate,
        body: &[u8],
    ) -> Self {
        let content_md5 = ContentMd5::of(body);
        let request = CanonicalRequest::new(method, path)
            .with_content_md5(content_md5)
            .with_date(date);
        let request = content_type.map_or(request, |content_type| {
            request.with_content_type(content_type)
        });
        // Five parts of ASCII and four line feeds.
        let string_to_sign = request.pieces().map(String::from_utf8_lossy).concat();
        Self {
            method,
            path,
            content_type,
            date,
            content_md5,
            signature: signer.sign_canonical(&request),
            string_to_sign,
        }
    }

    /// The method.
    pub(super) const fn method(&self) -> &'a str {
        self.method.as_str()
    }

    /// The headers in the order of the contract; an absent one is left out.
    pub(super) fn headers(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let content_type = self.content_type.as_ref().map(ContentType::as_str);
        let headers = [
            ("Date", Some(self.date.as_str())),
            ("Content-Type", content_type),
            ("Content-MD5", Some(self.content_md5.as_str())),
            ("X-Signature", Some(self.signature.as_str())),
        ];
        headers
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
    }

    /// One header a line.
    pub(super) fn to_lines(&self) -> String {
        self.headers()
            .map(|(name, value)| format!("{name}: {value}\n"))
            .collect()
    }

    /// The object of the contract.
    pub(super) fn to_json(&self) -> Value {
        let headers: Map<_, _> = self
            .headers()
            .map(|(name, value)| (name.to_owned(), Value::from(value)))
            .collect();
        json!({
            "method": self.method.as_str(),
            "path": self.path.as_str(),
            "headers": headers,
            "string_to_sign": self.string_to_sign,
        })
    }
}
