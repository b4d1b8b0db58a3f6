//! Words while they are put together.

use alloc::vec::Vec;

/// One word of a command line, as a program would receive it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) bytes: Vec<u8>,
    /// Where it begins in the text.
    pub(crate) at: usize,
}

/// The words of a command, the one that is being put together last.
#[derive(Debug, Default)]
pub(crate) struct Words {
    ended: Vec<Word>,
    open: Option<Word>,
    /// Whether another command follows.
    pub(crate) has_more: bool,
}

impl Words {
    /// Begins a word, unless one is open.
    pub(crate) fn open(&mut self, at: usize) -> &mut Word {
        self.open.get_or_insert_with(|| Word {
            bytes: Vec::new(),
            at,
        })
    }

    pub(crate) fn push(&mut self, byte: u8, at: usize) {
        self.open(at).bytes.push(byte);
    }

    pub(crate) fn end_word(&mut self) {
        self.ended.extend(self.open.take());
    }

    pub(crate) const fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Drops the open word if it is the number of a stream, as in `2>`.
    pub(crate) fn drop_stream_number(&mut self) {
        let is_number = |word: &Word| word.bytes.iter().all(u8::is_ascii_digit);
        if self.open.as_ref().is_some_and(is_number) {
            self.open = None;
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ended.is_empty() && self.open.is_none()
    }

    /// Ends the command; `rest` is what follows it.
    pub(crate) fn end(mut self, rest: &[u8]) -> Self {
        self.end_word();
        self.has_more = !rest.trim_ascii().is_empty();
        self
    }

    pub(crate) fn into_vec(self) -> Vec<Word> {
        self.ended
    }
}
