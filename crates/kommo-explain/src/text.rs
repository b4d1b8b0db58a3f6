//! Texts as the encoders of different languages write them.

pub(crate) mod percent;
pub(crate) mod time_words;
pub(crate) mod json_tree;
pub(crate) mod json_number;
pub(crate) mod json_style;
pub(crate) mod python;
pub(crate) mod php_query;
pub(crate) mod compressed;
pub(crate) mod charset;

/// Texts that languages print for a missing value, an object, or a list.
pub(crate) const NO_VALUES: [&str; 9] = [
    "undefined",
    "null",
    "None",
    "NULL",
    "nil",
    "<nil>",
    "false",
    "[object Object]",
    "Array",
];
