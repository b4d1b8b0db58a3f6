//! An answer whose body is compressed, though we ask for none that is.
//!
//! Something on the way may compress all the same. A pair of tokens comes once, so what can be
//! understood is: `gzip` and `deflate`. Any other coding is an error that names it, and says
//! nothing about the platform.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use std::io::{self, Read};

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use kommo_peer::replaced;
use reqwest::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap};
use zeroize::Zeroizing;

use crate::transport::wiped_buffer;

/// So many codings on top of each other are taken off. One is more than enough.
const CODINGS_AT_MOST: usize = 2;

/// A longer name is cut.
const NAME_MAX_CHARACTERS: usize = 40;

/// How much is decompressed at a time.
const STEP_BYTES: usize = 16 * 1024;

/// Why a body cannot be read.
pub(crate) enum NotDecoded {
    /// A coding that is not understood.
    Unknown(String),
    /// It is broken, or cut.
    Broken(io::Error),
    /// It would be longer than the limit.
    TooLarge,
}

/// Takes the codings off, and the two headers that spoke of the body as it was.
pub(crate) fn decoded(
    headers: &mut HeaderMap,
    body: Zeroizing<Vec<u8>>,
    limit_bytes: usize,
) -> Result<Zeroizing<Vec<u8>>, NotDecoded> {
    let codings = codings(headers);
    if codings.is_empty() || body.is_empty() {
        return Ok(body);
    }
    if codings.len() > CODINGS_AT_MOST {
        return Err(NotDecoded::Unknown(codings.join(", ")));
    }
    let mut body = body;
    // The last one that was put on is the first to come off.
    for coding in codings.iter().rev() {
        body = match coding.as_str() {
            "gzip" | "x-gzip" => read(MultiGzDecoder::new(&**body), limit_bytes),
            // RFC 9110 says zlib; some send the bare stream.
            "deflate" if is_zlib(&body) => read(ZlibDecoder::new(&**body), limit_bytes),
            "deflate" => read(DeflateDecoder::new(&**body), limit_bytes),
            _ => Err(NotDecoded::Unknown(shown(coding))),
        }?;
    }
    headers.remove(CONTENT_ENCODING);
    headers.remove(CONTENT_LENGTH);
    Ok(body)
}

/// In lower case and in the order in which they were put on, without `identity`.
fn codings(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(CONTENT_ENCODING).into_iter();
    let names = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    names
        .map(|name| String::from_utf8_lossy(name).trim().to_ascii_lowercase())
        .filter(|name| !name.is_empty() && name != "identity")
        .collect()
}

fn shown(coding: &str) -> String {
    replaced(coding, NAME_MAX_CHARACTERS).to_string()
}

/// The first two bytes of a zlib stream: method 8, and a checksum of both.
fn is_zlib(body: &[u8]) -> bool {
    matches!(body, [first, second, ..]
        if first & 0x0f == 8 && (u16::from(*first) << 8 | u16::from(*second)) % 31 == 0)
}

fn read(mut decoder: impl Read, limit_bytes: usize) -> Result<Zeroizing<Vec<u8>>, NotDecoded> {
    let mut body = Zeroizing::new(Vec::new());
    let mut step = Zeroizing::new([0; STEP_BYTES]);
    loop {
        let length = match decoder.read(&mut *step) {
            Ok(0) => return Ok(body),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(NotDecoded::Broken(error)),
        };
        let piece = step.get(..length).unwrap_or_default();
        if piece.len() > limit_bytes - body.len() {
            return Err(NotDecoded::TooLarge);
        }
        wiped_buffer::append(&mut body, piece);
    }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "the parts of a test outside its function may end it too"
)]
mod tests {
    use alloc::vec::Vec;
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use reqwest::header::{CONTENT_ENCODING, HeaderMap};
    use zeroize::Zeroizing;

    use super::{NotDecoded, decoded};

    const BODY: &[u8] = br#"{"access_token":"a","refresh_token":"b"}"#;

    fn gzip(body: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    fn read(coding: &'static str, body: Vec<u8>, limit: usize) -> Result<Vec<u8>, NotDecoded> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, coding.parse().unwrap());
        let read = decoded(&mut headers, Zeroizing::new(body), limit)?;
        assert!(!headers.contains_key(CONTENT_ENCODING) || coding == "identity");
        Ok(read.to_vec())
    }

    #[test]
    fn gzip_and_both_readings_of_deflate_are_understood() {
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(BODY).unwrap();
        let mut bare = DeflateEncoder::new(Vec::new(), Compression::default());
        bare.write_all(BODY).unwrap();
        for (coding, body) in [
            ("gzip", gzip(BODY)),
            ("X-GZIP", gzip(BODY)),
            ("gzip, gzip", gzip(&gzip(BODY))),
            ("deflate", zlib.finish().unwrap()),
            ("deflate", bare.finish().unwrap()),
            ("identity", BODY.to_vec()),
        ] {
            assert_eq!(read(coding, body, 1024).ok().unwrap(), BODY, "{coding}");
        }
    }

    #[test]
    fn another_coding_a_broken_body_and_a_bomb_are_told_apart() {
        for coding in ["br", "zstd", "gzip, gzip, gzip", "\u{9b}"] {
            let read = read(coding, BODY.to_vec(), 1024);
            assert!(matches!(read, Err(NotDecoded::Unknown(_))), "{coding}");
        }
        let mut cut = gzip(BODY);
        cut.truncate(cut.len() / 2);
        assert!(matches!(
            read("gzip", cut, 1024),
            Err(NotDecoded::Broken(_))
        ));
        let bomb = gzip(&alloc::vec![0; 1_000_000]);
        assert!(matches!(
            read("gzip", bomb, 100_000),
            Err(NotDecoded::TooLarge)
        ));
    }
}
