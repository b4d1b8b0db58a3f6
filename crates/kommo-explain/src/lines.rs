//! The lines of a request as they may have been signed.

pub(crate) mod date_variants;
pub(crate) mod line_variants;
pub(crate) mod target;
pub(crate) mod content_md5;
pub(crate) mod line_layout;
