//! A form with brackets in its names, read for reading: pairs by `form_urlencoded`, names letter by
//! letter, groups as plain lists.

use kommo_hooks::unsigned::{FormError, FormLimits, FormValue};
use url::form_urlencoded;

/// A value: a text, or names with their values in the order in which they came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Text(String),
    Group(Vec<(String, Self)>),
}

impl Node {
    /// The form, or the limit that it is beyond.
    pub(crate) fn read(body: &[u8], limits: &FormLimits) -> Result<Self, FormError> {
        if body.len() > limits.bytes {
            return Err(FormError::TooLong { bytes: body.len() });
        }
        let mut root = Self::Group(Vec::new());
        let (mut offset, mut names) = (0, limits.names);
        for (number, piece) in body.split(|byte| *byte == b'&').enumerate() {
            if number == limits.pairs {
                return Err(FormError::TooManyPairs { offset });
            }
            if let Some((name, value)) = form_urlencoded::parse(piece).next() {
                let parts = parts(&name);
                if parts.len() - 1 > limits.depth {
                    return Err(FormError::TooDeep { offset });
                }
                if !root.insert(&parts, &value, &mut names) {
                    return Err(FormError::TooManyNames { offset });
                }
            }
            offset += piece.len() + 1;
        }
        Ok(root)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        let Self::Group(group) = self else {
            return None;
        };
        let found = group.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value)
    }

    /// A text that is not empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Self::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// In the order of their letters.
    pub(crate) fn sorted(&self) -> Vec<(&str, &Self)> {
        let Self::Group(group) = self else {
            return Vec::new();
        };
        let mut all: Vec<_> = group.iter().map(|(name, it)| (name.as_str(), it)).collect();
        all.sort_by_key(|(name, _)| *name);
        all
    }

    /// Whether the decoder found the same.
    pub(crate) fn is(&self, other: &FormValue) -> bool {
        match (self, other) {
            (Self::Text(own), FormValue::Text(other)) => own == other,
            (Self::Group(_), FormValue::Group(_)) => are(&self.sorted(), other.entries()),
            _ => false,
        }
    }

    /// False if there are not names enough.
    fn insert(&mut self, parts: &[String], value: &str, names: &mut usize) -> bool {
        let Some((name, rest)) = parts.split_first() else {
            *self = Self::Text(value.to_owned());
            return true;
        };
        if matches!(self, Self::Text(_)) {
            *self = Self::Group(Vec::new());
        }
        let Self::Group(group) = self else {
            return true;
        };
        let mut name = name.clone();
        if name.is_empty() {
            let mut index = group.len();
            while group.iter().any(|(own, _)| *own == index.to_string()) {
                index += 1;
                if *names == 0 {
                    return false;
                }
                *names -= 1;
            }
            name = index.to_string();
        }
        if !group.iter().any(|(own, _)| *own == name) {
            if *names == 0 {
                return false;
            }
            *names -= 1;
            group.push((name.clone(), Self::Group(Vec::new())));
        }
        let mut slots = group.iter_mut().filter(|(own, _)| *own == name);
        slots
            .next()
            .is_some_and(|(_, slot)| slot.insert(rest, value, names))
    }
}

/// Whether names and values are the same, in the same order.
pub(crate) fn are<'a>(
    own: &[(&str, &Node)],
    other: impl Iterator<Item = (&'a str, &'a FormValue)>,
) -> bool {
    let other: Vec<_> = other.collect();
    own.len() == other.len()
        && own
            .iter()
            .zip(other)
            .all(|((name, node), (other, value))| *name == other && node.is(value))
}

/// `a[b][]` into `a`, `b` and an empty name; a name whose brackets are not closed is one part.
fn parts(name: &str) -> Vec<String> {
    enum At {
        First,
        Inside,
        After,
    }
    let whole = || vec![name.to_owned()];
    let (mut at, mut parts, mut part) = (At::First, Vec::new(), String::new());
    for letter in name.chars() {
        match (&at, letter) {
            (At::First, '[') if part.is_empty() => return whole(),
            (At::First, '[') => {
                parts.push(core::mem::take(&mut part));
                at = At::Inside;
            }
            (At::Inside, ']') => {
                parts.push(core::mem::take(&mut part));
                at = At::After;
            }
            (At::After, '[') => at = At::Inside,
            (At::After, _) => return parts,
            _ => part.push(letter),
        }
    }
    match at {
        At::After => parts,
        At::First | At::Inside => whole(),
    }
}
