//! Whether a request may be sent again when nobody knows what became of it.

/// Whether a request may be sent again when nobody knows if the first one was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Repeat {
    /// No: a message would stand there twice.
    #[default]
    Never,
    /// Yes, sending it twice does what sending it once does: reading, or a write that carries its own id.
    WhenSafe,
}
