//! A call to the CRM API as a value.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use kommo_account::UserId;
use kommo_peer::is_hidden;
use kommo_sign::{RequestMethod, RequestPath};

use crate::error::InvalidRequest;
use crate::transport::request_query::RequestQuery;
use crate::transport::retry_policy::Repeat;

/// A method of the CRM API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CrmMethod {
    /// Reads. The only one that is safe to repeat by itself.
    Get,
    /// Adds.
    Post,
    /// Replaces.
    Put,
    /// Changes.
    Patch,
    /// Removes.
    Delete,
}

impl CrmMethod {
    /// Reads a method, in upper case.
    ///
    /// # Errors
    ///
    /// `"get"`, `"HEAD"`, `"BREW"`: [`InvalidRequest::Method`].
    pub fn parse(text: &str) -> Result<Self, InvalidRequest> {
        [Self::Get, Self::Post, Self::Put, Self::Patch, Self::Delete]
            .into_iter()
            .find(|method| method.as_str() == text)
            .ok_or(InvalidRequest::Method)
    }

    /// The method as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.to_sent().as_str()
    }

    pub(crate) const fn to_sent(self) -> RequestMethod<'static> {
        match self {
            Self::Get => RequestMethod::GET,
            Self::Post => RequestMethod::POST,
            Self::Put => RequestMethod::PUT,
            Self::Patch => RequestMethod::PATCH,
            Self::Delete => RequestMethod::DELETE,
        }
    }
}

/// A call: method, path, query, body. `Debug` shows neither query nor body.
///
/// A `GET` may be repeated, everything else only if the caller says so with
/// [`with_repeat`](Self::with_repeat).
///
/// # Examples
///
/// ```
/// use kommo_http::{CrmMethod, CrmRequest, InvalidRequest};
///
/// let request = CrmRequest::new(CrmMethod::Get, "/api/v4/leads?order[id]=asc")?
///     .with_parameter("filter[id]", "12")
///     .with_parameter("query", "a & b");
/// assert_eq!(request.path(), "/api/v4/leads");
/// assert_eq!(request.query(), Some("order%5Bid%5D=asc&filter%5Bid%5D=12&query=a%20%26%20b"));
/// # Ok::<(), InvalidRequest>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct CrmRequest {
    pub(crate) method: CrmMethod,
    path: String,
    query: Option<String>,
    pub(crate) body: Vec<u8>,
    pub(crate) repeat: Repeat,
    pub(crate) context_user: Option<UserId>,
}

impl CrmRequest {
    /// A call without a body. The target is a path, perhaps with a query; in the query, brackets,
    /// quotes, spaces and letters outside ASCII are escaped, and escapes stay.
    ///
    /// # Errors
    ///
    /// - `"https://evil.example/x"`, `"leads"`, `"//evil.example"`, `"/a b"`, `"/a/../b"`:
    ///   [`InvalidRequest::Path`]. A host cannot be given: it is the account's.
    /// - `"/a?b#c"`, `"/a?b=100%"`, `"/a?b\nc"`: [`InvalidRequest::Query`].
    pub fn new(method: CrmMethod, target: &str) -> Result<Self, InvalidRequest> {
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        // A URL is not taken here, though a `RequestPath` would cut the path out of one; nor is a
        // fragment.
        if !path.starts_with('/') || path.contains('#') {
            return Err(InvalidRequest::Path(
                kommo_sign::ParsePathError::NotAbsolute,
            ));
        }
        let path = String::from(RequestPath::parse(path)?.as_str());
        let query = query.map(escaped);
        if let Some(query) = &query {
            RequestQuery::parse(query)?;
        }
        let repeat = match method {
            CrmMethod::Get => Repeat::WhenSafe,
            _ => Repeat::Never,
        };
        Ok(Self {
            method,
            path,
            query,
            body: Vec::new(),
            repeat,
            context_user: None,
        })
    }

    /// Adds a parameter to the query; name and value are escaped.
    pub fn with_parameter(mut self, name: &str, value: &str) -> Self {
        let query = self.query.get_or_insert_default();
        if !query.is_empty() {
            query.push('&');
        }
        push_escaped(query, name);
        query.push('=');
        push_escaped(query, value);
        self
    }

    /// Sets the body: JSON, sent as these bytes.
    pub fn with_body(mut self, body: Vec<u8>) -> Self {
        self.body = body;
        self
    }

    /// Says whether the request may be sent again when it is not known whether it was carried out.
    pub const fn with_repeat(mut self, repeat: Repeat) -> Self {
        self.repeat = repeat;
        self
    }

    /// Acts with the rights of this user: the header `X-Context-User-ID`, which needs a token that
    /// an administrator granted.
    ///
    /// Source: rule L9 of `docs/protocol.md`.
    pub const fn with_context_user(mut self, user: UserId) -> Self {
        self.context_user = Some(user);
        self
    }

    /// Whether it belongs to the Chats API add-on, which answers 402 when its own quota is used up
    /// or the account's package lacks it.
    pub(crate) fn is_of_add_on(&self) -> bool {
        let of_talk = self.path.strip_prefix("/api/v4/talks/");
        let call = of_talk.and_then(|rest| rest.split_once('/'));
        call.is_some_and(|(_, call)| matches!(call, "messages" | "send_message"))
    }

    /// The method.
    #[must_use]
    pub const fn method(&self) -> CrmMethod {
        self.method
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The query, without the `?`.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The value of the first parameter of that name, as it is in the query.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let pairs = self.query()?.split('&');
        let mut values = pairs.filter_map(|pair| {
            let (found, value) = pair.split_once('=').unwrap_or((pair, ""));
            (found == name).then_some(value)
        });
        values.next()
    }

    /// The same call of another target: user and permission to repeat stay.
    pub(crate) fn retarget(&self, target: &str) -> Result<Self, InvalidRequest> {
        let other = Self::new(self.method, target)?;
        Ok(Self {
            repeat: self.repeat,
            context_user: self.context_user,
            ..other
        })
    }

    /// Path and query as one text.
    pub(crate) fn target(&self) -> String {
        match &self.query {
            Some(query) => alloc::format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }
}

/// The query with an escape for each character that no URL may have and that has one meaning:
/// letters outside ASCII, spaces, quotes, brackets. Escapes stay. Control
/// characters, `#` and a broken escape are left for [`RequestQuery::parse`] to refuse.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        let is_to_escape = !character.is_ascii()
            || matches!(
                character,
                ' ' | '"' | '\'' | '<' | '>' | '[' | ']' | '{' | '}' | '|' | '^' | '`' | '\\'
            );
        if is_to_escape && !is_hidden(character) {
            for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                escaped.push_str(&alloc::format!("%{byte:02X}"));
            }
        } else {
            escaped.push(character);
        }
    }
    escaped
}

/// Everything but the unreserved characters of RFC 3986 becomes an escape.
fn push_escaped(query: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            query.push(char::from(byte));
        } else {
            query.push_str(&alloc::format!("%{byte:02X}"));
        }
    }
}

impl fmt::Debug for CrmRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CrmRequest")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("body_bytes", &self.body.len())
            .field("repeat", &self.repeat)
            .field("context_user", &self.context_user)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::{CrmMethod, CrmRequest};

    #[test]
    fn a_target_is_a_path_and_never_a_place() {
        for target in [
            "",
            "leads",
            "https://shop.kommo.com/api/v4/leads",
            "//evil.example/x",
            "/a/../b",
            "/a b",
            "/a#b",
            "/a?b#c",
            "/a?b\nc",
            "/a?b\u{202e}",
            "/a?b=100%",
            "/a\\b",
        ] {
            assert!(
                CrmRequest::new(CrmMethod::Get, target).is_err(),
                "{target:?}"
            );
        }
    }

    #[test]
    fn a_query_that_a_person_types_is_escaped_and_escapes_stay() {
        for (target, query) in [
            (
                "/a?query=Иван Петров",
                "query=%D0%98%D0%B2%D0%B0%D0%BD%20%D0%9F%D0%B5%D1%82%D1%80%D0%BE%D0%B2",
            ),
            ("/a?filter[name]=\"é\"", "filter%5Bname%5D=%22%C3%A9%22"),
            ("/a?x=%D0%98&y=a+b%20c", "x=%D0%98&y=a+b%20c"),
        ] {
            let request = CrmRequest::new(CrmMethod::Get, target).unwrap();
            assert_eq!(request.query(), Some(query));
        }
    }

    #[test]
    fn whatever_a_parameter_is_the_query_can_be_sent() {
        let all: String = ('\0'..='\u{100}').collect();
        let request = CrmRequest::new(CrmMethod::Get, "/a").unwrap();
        let request = request.with_parameter(&all, &all);
        let again = CrmRequest::new(CrmMethod::Get, &request.target()).unwrap();
        assert_eq!(again.query(), request.query());
    }

    #[test]
    fn a_parameter_is_found_by_its_whole_name() {
        let request = CrmRequest::new(CrmMethod::Get, "/a?xlimit=1&limit=2&limit=3&page").unwrap();
        assert_eq!(request.parameter("limit"), Some("2"));
        assert_eq!(request.parameter("page"), Some(""));
        assert_eq!(request.parameter("with"), None);
    }

    #[test]
    fn methods_are_the_five_in_upper_case() {
        assert_eq!(CrmMethod::parse("PATCH"), Ok(CrmMethod::Patch));
        for other in ["patch", "HEAD", "TRACE", "CONNECT", ""] {
            assert!(CrmMethod::parse(other).is_err(), "{other}");
        }
    }
}
