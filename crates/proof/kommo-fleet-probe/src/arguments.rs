//! Reads `--name value` arguments.

use alloc::collections::BTreeMap;
use core::str::FromStr;

use crate::failure::{Result, failure};

/// Arguments by their names, which take one value each.
#[derive(Debug)]
pub struct Arguments {
    given: BTreeMap<String, String>,
}

impl Arguments {
    /// Reads them; only these names are taken.
    ///
    /// # Errors
    ///
    /// Another name, a name twice, a name without a value.
    pub fn read(arguments: &[&str], names: &[&str]) -> Result<Self> {
        let mut given = BTreeMap::new();
        for pair in arguments.chunks(2) {
            let [name, value] = pair else {
                return Err(failure(format!("{} has no value", pair.concat())));
            };
            if !names.contains(name) || given.contains_key(*name) {
                return Err(failure(format!("{name} is unknown or repeated")));
            }
            given.insert((*name).to_owned(), (*value).to_owned());
        }
        Ok(Self { given })
    }

    /// The text of an argument.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.given.get(name).map(String::as_str)
    }

    /// A number, or its default.
    ///
    /// # Errors
    ///
    /// It is not such a number.
    pub fn number<T: FromStr>(&self, name: &str, usual: T) -> Result<T> {
        let Some(text) = self.text(name) else {
            return Ok(usual);
        };
        let number = text.parse();
        number.map_err(|_| failure(format!("{name}: {text} is not such a number")))
    }
}
