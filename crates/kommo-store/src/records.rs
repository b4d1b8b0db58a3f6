//! What a store keeps: rows as the databases have them, and what they mean.

pub(crate) mod realm_text;
pub(crate) mod rows;
pub(crate) mod rotated;
pub(crate) mod summaries;
pub(crate) mod grant_record;
pub(crate) mod code_record;
pub(crate) mod hook_record;
