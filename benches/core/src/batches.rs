//! Batches of requests and hooks: owned once, borrowed by everything that is measured.

use kommo_sign::{
    ChannelSecret, ChatHookKey, ContentType, RequestDate, RequestMethod, RequestPath,
};
use kommo_sign_bulk::{BulkRequest, ReceivedHook};

use crate::inputs;

/// A length that looks random and is the same in every run.
fn length(number: usize, least: usize, most: usize) -> usize {
    let mixed = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
    least + usize::try_from(mixed).unwrap_or_default() % (most - least + 1)
}

/// The body number so-and-so: no two neighbours are the same.
fn body(bytes: usize, number: usize) -> Vec<u8> {
    let mut body = inputs::body(bytes);
    let digits = number.to_string();
    for (place, digit) in body.iter_mut().rev().skip(3).zip(digits.bytes().rev()) {
        *place = digit;
    }
    body
}

/// Requests of one batch.
#[derive(Debug)]
pub struct Requests {
    bodies: Vec<Vec<u8>>,
    paths: Vec<String>,
}

impl Requests {
    /// Bodies of one length, at least 95 bytes; one path and one date.
    #[must_use]
    pub fn of_length(bytes: usize, count: usize) -> Self {
        Self::mixed(bytes, bytes, count)
    }

    /// Bodies of mixed lengths.
    #[must_use]
    pub fn mixed(least: usize, most: usize, count: usize) -> Self {
        let lengths = (0..count).map(|number| (length(number, least, most), number));
        Self {
            bodies: lengths.map(|(bytes, number)| body(bytes, number)).collect(),
            paths: vec![inputs::PATH.to_owned()],
        }
    }

    /// The same with a path of each request's own.
    #[must_use]
    pub fn with_own_paths(mut self) -> Self {
        let numbers = 0..self.bodies.len();
        self.paths = numbers
            .map(|number| format!("{}/chats/{number:06}", inputs::PATH))
            .collect();
        self
    }

    /// As the signers take them.
    ///
    /// # Panics
    ///
    /// Never: the inputs are constants.
    #[must_use]
    pub fn borrowed(&self) -> Vec<BulkRequest<'_>> {
        #[expect(clippy::expect_used, reason = "a constant of this crate")]
        let date = RequestDate::parse(inputs::DATE).expect("a date");
        let requests = self.bodies.iter().zip(self.paths.iter().cycle());
        requests
            .map(|(body, path)| BulkRequest {
                method: RequestMethod::POST,
                #[expect(clippy::expect_used, reason = "written above")]
                path: RequestPath::parse(path).expect("a path"),
                content_type: ContentType::JSON,
                date,
                body,
            })
            .collect()
    }
}

/// Genuine hooks of one batch.
#[derive(Debug)]
pub struct Hooks {
    bodies: Vec<Vec<u8>>,
    signatures: Vec<String>,
}

impl Hooks {
    fn signed(texts: Vec<Vec<u8>>, line_end: &[u8]) -> Self {
        #[expect(clippy::expect_used, reason = "a constant of this crate")]
        let secret = ChannelSecret::new(inputs::CHANNEL_SECRET).expect("a secret");
        let key = ChatHookKey::new(&secret);
        let signatures = texts.iter().map(|text| key.sign(text).as_str().to_owned());
        Self {
            signatures: signatures.collect(),
            bodies: texts.iter().map(|text| [text, line_end].concat()).collect(),
        }
    }

    /// Bodies of one length that end as they were signed.
    #[must_use]
    pub fn without_line_feed(bytes: usize, count: usize) -> Self {
        Self::signed((0..count).map(|number| body(bytes, number)).collect(), b"")
    }

    /// The same with one more byte: the line feed that no signature covers.
    #[must_use]
    pub fn with_unsigned_line_feed(bytes: usize, count: usize) -> Self {
        Self::signed(
            (0..count).map(|number| body(bytes, number)).collect(),
            b"\n",
        )
    }

    /// Bodies of mixed lengths, with the unsigned line feed.
    #[must_use]
    pub fn mixed(least: usize, most: usize, count: usize) -> Self {
        let numbers = 0..count;
        let bodies = numbers.map(|number| body(length(number, least, most), number));
        Self::signed(bodies.collect(), b"\n")
    }

    /// As the judges take them.
    #[must_use]
    pub fn borrowed(&self) -> Vec<ReceivedHook<'_>> {
        let hooks = self.bodies.iter().zip(&self.signatures);
        hooks
            .map(|(body, signature)| ReceivedHook { body, signature })
            .collect()
    }
}
