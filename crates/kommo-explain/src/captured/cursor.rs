//! A place in a text of bytes that moves forward.

/// The next byte, and where it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) const fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The offset of the next byte.
    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    /// What was not taken yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// The byte after the next one.
    pub(crate) fn peek_second(&self) -> Option<u8> {
        self.bytes.get(self.at.saturating_add(1)).copied()
    }

    pub(crate) fn take(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    /// Takes a line end, if one is next.
    pub(crate) fn take_line_end(&mut self) -> bool {
        let length = match (self.peek(), self.peek_second()) {
            (Some(b'\r'), Some(b'\n')) => 2,
            (Some(b'\n' | b'\r'), _) => 1,
            _ => return false,
        };
        self.at += length;
        true
    }

    /// Takes all up to the end of the line.
    pub(crate) fn skip_line(&mut self) {
        while self
            .peek()
            .is_some_and(|byte| !matches!(byte, b'\r' | b'\n'))
        {
            self.at += 1;
        }
    }

    /// Takes up to `most` digits of a base, as a number.
    pub(crate) fn take_number(&mut self, base: u32, most: u32) -> Option<u32> {
        let mut number = None;
        for _ in 0..most {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(base));
            let Some(digit) = digit else { break };
            self.at += 1;
            let so_far: u32 = number.unwrap_or_default();
            number = Some(so_far.wrapping_mul(base).wrapping_add(digit));
        }
        number
    }
}
