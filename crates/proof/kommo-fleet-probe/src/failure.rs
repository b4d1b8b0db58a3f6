//! Why a run of the probe ends: a sentence, or another crate's error. It is an internal program,
//! and no code branches on these.

use core::error::Error;
use core::fmt;

/// Anything that ends a run.
pub type Failure = Box<dyn Error + Send + Sync>;

/// The result of every step of the probe.
pub type Result<T> = core::result::Result<T, Failure>;

/// A sentence.
#[derive(Debug)]
struct Sentence(String);

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Sentence {}

/// A failure that says this.
pub(crate) fn failure(sentence: impl Into<String>) -> Failure {
    Box::new(Sentence(sentence.into()))
}

/// Fails with the sentence unless the condition holds: a promise of the design is broken, or the
/// probe itself is.
pub(crate) fn ensure(holds: bool, sentence: impl FnOnce() -> String) -> Result<()> {
    if holds {
        Ok(())
    } else {
        Err(failure(sentence()))
    }
}
