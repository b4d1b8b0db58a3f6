//! Writes JSON into a buffer that is never reallocated, so that no copy of a token stays in freed
//! memory.

use alloc::vec::Vec;
use core::fmt::{self, Write as _};

use zeroize::Zeroizing;

/// A text under construction. Its buffer has the final size from the beginning.
pub(super) struct JsonText {
    bytes: Zeroizing<Vec<u8>>,
    needs_comma: bool,
}

impl JsonText {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self {
            bytes: Zeroizing::new(Vec::with_capacity(bytes)),
            needs_comma: false,
        }
    }

    pub(super) fn finish(self) -> Zeroizing<Vec<u8>> {
        self.bytes
    }

    pub(super) fn open(&mut self, bracket: u8) {
        self.comma();
        self.bytes.push(bracket);
        self.needs_comma = false;
    }

    pub(super) fn close(&mut self, bracket: u8) {
        self.bytes.push(bracket);
        self.needs_comma = true;
    }

    /// The name of the next value.
    pub(super) fn name(&mut self, name: &str) -> &mut Self {
        self.text(name);
        self.bytes.push(b':');
        self.needs_comma = false;
        self
    }

    pub(super) fn text(&mut self, text: &str) {
        self.comma();
        self.bytes.push(b'"');
        for byte in text.bytes() {
            match byte {
                b'"' | b'\\' => self.bytes.extend_from_slice(&[b'\\', byte]),
                0..=0x1f => self.bytes.extend_from_slice(&escaped_control(byte)),
                _ => self.bytes.push(byte),
            }
        }
        self.bytes.push(b'"');
    }

    /// A number, or `true` or `false`.
    pub(super) fn bare(&mut self, value: impl fmt::Display) {
        self.comma();
        // Writing into a vector does not fail.
        let _ = write!(self, "{value}");
    }

    pub(super) fn hex(&mut self, value: &[u8; 16]) {
        self.comma();
        let _ = write!(self, "\"{:032x}\"", u128::from_be_bytes(*value));
    }

    fn comma(&mut self) {
        if self.needs_comma {
            self.bytes.push(b',');
        }
        self.needs_comma = true;
    }
}

const fn escaped_control(byte: u8) -> [u8; 6] {
    let low = byte & 15;
    let digit = if low < 10 {
        b'0' + low
    } else {
        b'a' + low - 10
    };
    [b'\\', b'u', b'0', b'0', b'0' + (byte >> 4), digit]
}

impl fmt::Write for JsonText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.bytes.extend_from_slice(text.as_bytes());
        Ok(())
    }
}
