//! Cuts an input into fields: one byte of choices, then texts and bodies between bytes `0xff`,
//! which no UTF-8 text has.

use alloc::borrow::Cow;

/// Between two fields.
pub(crate) const SEPARATOR: u8 = 0xff;

/// The fields of an input, handed out one after the other; empty ones follow the last.
pub(crate) struct Fields<'a> {
    choices: u8,
    rest: core::slice::Split<'a, u8, fn(&u8) -> bool>,
}

impl<'a> Fields<'a> {
    pub(crate) fn of(data: &'a [u8]) -> Self {
        let is_separator: fn(&u8) -> bool = |byte| *byte == SEPARATOR;
        let (choices, rest) = data.split_first().map_or((0, data), |(c, rest)| (*c, rest));
        Self {
            choices,
            rest: rest.split(is_separator),
        }
    }

    /// One of the eight choices.
    pub(crate) const fn choice(&self, number: u8) -> bool {
        self.choices >> (number & 7) & 1 == 1
    }

    pub(crate) fn bytes(&mut self) -> &'a [u8] {
        self.rest.next().unwrap_or_default()
    }

    /// As text; what is no UTF-8 becomes U+FFFD, which no verifier admits.
    pub(crate) fn text(&mut self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.bytes())
    }
}

/// The input that [`Fields`] cuts into these.
#[cfg(feature = "seeds")]
pub(crate) fn join(choices: u8, fields: &[&[u8]]) -> Vec<u8> {
    let mut input = vec![choices];
    for (number, field) in fields.iter().enumerate() {
        if number > 0 {
            input.push(SEPARATOR);
        }
        input.extend(field.iter().filter(|byte| **byte != SEPARATOR));
    }
    input
}
