//! The text of an HTTP/1.1 request: request line, headers, an empty line, the body.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use super::capture_error::{CaptureError, CaptureErrorKind, Fault};
use super::captured_request::{CaptureNote, CapturedRequest};

/// Reads the text of an HTTP request, as a proxy or a log has it. Never panics; takes time
/// proportional to the text.
///
/// - Lines of the head end with CR LF or LF. A header that is continued on a line that begins with
///   a space is joined.
/// - The body is what follows the first empty line, byte for byte: as many bytes as
///   `Content-Length` says, if it says so; chunks are joined.
/// - The version may be missing, and so may the whole body.
///
/// # Errors
///
/// - `""`: [`CaptureErrorKind::Empty`].
/// - `"/path"`: [`CaptureErrorKind::RequestLine`].
/// - `"HTTP/1.1 403 Forbidden"`: [`CaptureErrorKind::Response`].
/// - `"POST /path HTTP/1.1\nno colon\n"`: [`CaptureErrorKind::HeaderForm`], line 2, column 1.
///
/// # Examples
///
/// ```
/// let text = b"POST /v2/x HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}\n";
/// let request = kommo_explain::read_http_text(text)?;
/// assert_eq!((request.method(), request.target()), ("POST", "/v2/x"));
/// assert_eq!(request.body(), b"{}");
/// # Ok::<(), kommo_explain::CaptureError>(())
/// ```
pub fn read_http_text(text: &[u8]) -> Result<CapturedRequest, CaptureError> {
    read(text).map_err(|fault| fault.within(text))
}

fn read(text: &[u8]) -> Result<CapturedRequest, Fault> {
    let mut lines = Lines::of(text);
    let (at, line) = lines
        .find(|(_, line)| !line.trim_ascii().is_empty())
        .ok_or(Fault::new(CaptureErrorKind::Empty, 0))?;
    let (method, target) = request_line(line).map_err(|kind| Fault::new(kind, at))?;
    let mut headers: Vec<(String, String)> = Vec::new();
    for (at, line) in lines.by_ref() {
        if line.is_empty() {
            break;
        }
        let line = String::from_utf8_lossy(line);
        match (line.split_once(':'), headers.last_mut()) {
            (_, Some((_, value))) if line.starts_with([' ', '\t']) => {
                value.push(' ');
                value.push_str(line.trim());
            }
            (Some((name, value)), _) if !name.trim().is_empty() => {
                headers.push((name.to_owned(), value.to_owned()));
            }
            _ => return Err(Fault::new(CaptureErrorKind::HeaderForm, at)),
        }
    }
    let (body, notes) = body(&headers, lines.rest());
    Ok(CapturedRequest {
        method,
        target,
        headers,
        body,
        notes,
    })
}

fn request_line(line: &[u8]) -> Result<(String, String), CaptureErrorKind> {
    let line = String::from_utf8_lossy(line);
    if line.starts_with("HTTP/") {
        return Err(CaptureErrorKind::Response);
    }
    if line.starts_with("curl ") {
        return Err(CaptureErrorKind::CurlCommand);
    }
    let is_version = |word: &str| {
        word.get(..5)
            .is_some_and(|start| start.eq_ignore_ascii_case("HTTP/"))
    };
    let words: Vec<_> = line.split_ascii_whitespace().collect();
    match words.as_slice() {
        [method, target] => Ok(((*method).to_owned(), (*target).to_owned())),
        [method, target, version] if is_version(version) => {
            Ok(((*method).to_owned(), (*target).to_owned()))
        }
        _ => Err(CaptureErrorKind::RequestLine),
    }
}

fn body(headers: &[(String, String)], rest: &[u8]) -> (Vec<u8>, Vec<CaptureNote>) {
    let header = |name: &str| {
        let found = headers
            .iter()
            .find(|(own, _)| own.trim().eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim())
    };
    let coding = header("transfer-encoding").map(str::to_ascii_lowercase);
    if coding.is_some_and(|coding| coding.ends_with("chunked")) {
        return match joined_chunks(rest) {
            Some(body) => (body, [CaptureNote::ChunksJoined].into()),
            None => (rest.to_owned(), [CaptureNote::NoChunks].into()),
        };
    }
    let Some(length) = header("content-length") else {
        return (rest.to_owned(), Vec::new());
    };
    let is_number = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
    let Some(length) = length.parse::<usize>().ok().filter(|_| is_number) else {
        return (rest.to_owned(), [CaptureNote::LengthUnreadable].into());
    };
    let there = rest.len();
    match rest.split_at_checked(length) {
        Some((body, [])) => (body.to_owned(), Vec::new()),
        // The line end that an editor adds to a file is worth no word.
        Some((body, b"\n" | b"\r\n")) => (body.to_owned(), Vec::new()),
        Some((body, _)) => (
            body.to_owned(),
            [CaptureNote::BodyCut { length, there }].into(),
        ),
        None => (
            rest.to_owned(),
            [CaptureNote::BodyShort { length, there }].into(),
        ),
    }
}

/// The chunks to the last one, of no bytes. What follows it, such as trailers, is not of the body.
fn joined_chunks(rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    let mut lines = Lines::of_rest(rest);
    loop {
        let (_, line) = lines.next()?;
        let line = core::str::from_utf8(line).ok()?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let is_hex = !size.is_empty() && size.bytes().all(|byte| byte.is_ascii_hexdigit());
        let size = usize::from_str_radix(size, 16).ok().filter(|_| is_hex)?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(lines.take_bytes(size)?);
        // The line end after the chunk's bytes.
        lines.next().filter(|(_, line)| line.is_empty())?;
    }
}

/// Lines with the offset of each, without their ends.
struct Lines<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Lines<'a> {
    /// A byte-order mark at the start is an editor's.
    fn of(text: &'a [u8]) -> Self {
        let at = if text.starts_with(b"\xef\xbb\xbf") {
            3
        } else {
            0
        };
        Self { text, at }
    }

    const fn of_rest(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn take_bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let bytes = self.rest().get(..count)?;
        self.at += count;
        Some(bytes)
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = (usize, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (rest, at) = (self.rest(), self.at);
        if rest.is_empty() {
            return None;
        }
        let end = rest.iter().position(|byte| *byte == b'\n');
        self.at += end.map_or(rest.len(), |end| end + 1);
        let line = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        Some((at, line.strip_suffix(b"\r").unwrap_or(line)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn the_end_of_a_body_is_where_the_head_says() {
        let of = |head: &str, rest: &str| {
            let text = ["POST /x HTTP/1.1\r\n", head, "\r\n\r\n", rest].concat();
            let read = read_http_text(text.as_bytes()).unwrap();
            (String::from_utf8(read.body).unwrap(), read.notes)
        };
        let cut = CaptureNote::BodyCut {
            length: 2,
            there: 6,
        };
        let short = CaptureNote::BodyShort {
            length: 9,
            there: 2,
        };
        for (head, rest, body, notes) in [
            ("A: b", "{}\n", "{}\n", &[][..]),
            ("Content-Length: 2", "{}", "{}", &[]),
            ("content-length:2", "{}\r\n", "{}", &[]),
            ("Content-Length: 2", "{}\n\nab", "{}", &[cut]),
            ("Content-Length: 9", "{}", "{}", &[short]),
            (
                "Content-Length: +2",
                "{}",
                "{}",
                &[CaptureNote::LengthUnreadable],
            ),
            (
                "Transfer-Encoding: chunked",
                "2;x=y\r\n{}\r\n3\r\n\r\na\r\n0\r\n\r\n",
                "{}\r\na",
                &[CaptureNote::ChunksJoined],
            ),
            (
                "Transfer-Encoding: chunked",
                "2\n{}\n0\n",
                "{}",
                &[CaptureNote::ChunksJoined],
            ),
            (
                "Transfer-Encoding: chunked",
                "{}",
                "{}",
                &[CaptureNote::NoChunks],
            ),
            (
                "Transfer-Encoding: chunked",
                "ffffffffffffffff\r\n{}",
                "ffffffffffffffff\r\n{}",
                &[CaptureNote::NoChunks],
            ),
        ] {
            assert_eq!(of(head, rest), (body.to_owned(), notes.to_vec()), "{head}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, kind, line) in [
            ("", CaptureErrorKind::Empty, 1),
            ("\r\n \n", CaptureErrorKind::Empty, 1),
            ("\n/x\n", CaptureErrorKind::RequestLine, 2),
            ("POST /a b HTTP/1.1", CaptureErrorKind::RequestLine, 1),
            ("HTTP/1.1 403 Forbidden\n", CaptureErrorKind::Response, 1),
            ("curl http://x", CaptureErrorKind::CurlCommand, 1),
            (
                "GET / HTTP/1.1\nA: b\nno colon\n",
                CaptureErrorKind::HeaderForm,
                3,
            ),
            ("GET / HTTP/1.1\n: b\n", CaptureErrorKind::HeaderForm, 2),
        ] {
            let error = read_http_text(text.as_bytes()).unwrap_err();
            assert_eq!(
                (error.kind(), error.line(), error.column()),
                (kind, line, 1),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_folded_header_is_joined_and_a_byte_order_mark_dropped() {
        let text = "\u{feff}GET /x\nA: b\n  c\nD: e".as_bytes();
        let read = read_http_text(text).unwrap();
        let headers: Vec<_> = read.headers().collect();
        assert_eq!(headers, [("A", " b c"), ("D", " e")]);
        assert!(read.body().is_empty());
    }
}
