//! What something on the way may do to an answer.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

/// The body of an answer, compressed.
pub fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}
