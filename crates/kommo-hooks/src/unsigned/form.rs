//! Form bodies with brackets in their names, as PHP writes them: `leads[add][0][id]=777`.
//!
//! Names are chosen by the sender. An index is a name like any other and allocates nothing:
//! `a[4000000000]=1` is one entry. What PHP does with a name is done here: `[]` takes the next
//! number, a bracket that is not closed belongs to the name, of two equal names the last counts.
//!
//! Source: rules U2 and U3 of `docs/protocol.md`.

use alloc::borrow::{Cow, ToOwned};
use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::{error, fmt};

use serde_json::Value;

/// How much of a form is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct FormLimits {
    /// The most bytes of a body.
    pub bytes: usize,
    /// The most pairs of name and value.
    pub pairs: usize,
    /// The most different names, each part of a bracketed name counted: what bounds the memory,
    /// some 700 bytes a name. A number that `[]` finds taken counts too, which bounds the time.
    pub names: usize,
    /// The most brackets of one name.
    pub depth: usize,
}

impl FormLimits {
    /// 512 KiB, 5,000 pairs, 20,000 names, 10 brackets. The deepest name that was seen has 7.
    pub const DEFAULT: Self = Self {
        bytes: 1 << 19,
        pairs: 5_000,
        names: 20_000,
        depth: 10,
    };
}

impl Default for FormLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A decoded form: the group of all names.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Form {
    root: FormValue,
}

/// A value of a form.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FormValue {
    /// A text. All scalars of a form are texts.
    Text(String),
    /// Named values: an object, or a list whose names are numbers.
    Group(BTreeMap<String, Self>),
}

impl Default for FormValue {
    fn default() -> Self {
        Self::Group(BTreeMap::new())
    }
}

impl Form {
    /// Decodes a body of `application/x-www-form-urlencoded`. Bytes that are not UTF-8 become
    /// U+FFFD.
    ///
    /// # Errors
    ///
    /// [`FormError`]: more bytes, pairs, names or brackets than the limits allow.
    pub fn parse(body: &[u8], limits: &FormLimits) -> Result<Self, FormError> {
        if body.len() > limits.bytes {
            return Err(FormError::TooLong { bytes: body.len() });
        }
        let mut form = Self::default();
        let mut offset = 0;
        let mut names_left = limits.names;
        for (number, pair) in body.split(|byte| *byte == b'&').enumerate() {
            if number >= limits.pairs {
                return Err(FormError::TooManyPairs { offset });
            }
            if !pair.is_empty() {
                let mut halves = pair.splitn(2, |byte| *byte == b'=');
                let name = decode(halves.next().unwrap_or_default());
                let value = decode(halves.next().unwrap_or_default());
                let path = split_name(&name);
                if path.len() > limits.depth.saturating_add(1) {
                    return Err(FormError::TooDeep { offset });
                }
                form.root
                    .insert(&path, value.into_owned(), &mut names_left)
                    .ok_or(FormError::TooManyNames { offset })?;
            }
            offset += pair.len() + 1;
        }
        Ok(form)
    }

    /// Reads a JSON object in the place of a form, as the form of it would be: all scalars are
    /// texts, a list is a group whose names are numbers, true and false are 1 and 0, null is empty.
    /// Pairs are not counted, names are.
    ///
    /// # Errors
    ///
    /// [`FormError`]: no JSON object, or more bytes, names or levels than the limits allow.
    pub fn parse_json(body: &[u8], limits: &FormLimits) -> Result<Self, FormError> {
        if body.len() > limits.bytes {
            return Err(FormError::TooLong { bytes: body.len() });
        }
        let value = serde_json::from_slice(body).map_err(|_| FormError::NotJson)?;
        if !matches!(value, Value::Object(_)) {
            return Err(FormError::NotJson);
        }
        let mut names_left = limits.names;
        let levels = limits.depth.saturating_add(1);
        let root = FormValue::of_json(value, levels, &mut names_left)?;
        Ok(Self { root })
    }

    /// The value of a name without brackets.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&FormValue> {
        self.root.get(name)
    }

    /// All names without brackets with their values, in the order of their letters.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &FormValue)> {
        self.root.entries()
    }
}

impl FormValue {
    /// The text; `None` for a group and for an empty text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// The value of a name in a group.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Group(group) => group.get(name),
            Self::Text(_) => None,
        }
    }

    /// The text of a name in a group.
    #[must_use]
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.get(name)?.text()
    }

    /// The number of a name in a group: digits alone.
    #[must_use]
    pub fn number_of(&self, name: &str) -> Option<u64> {
        let text = self.text_of(name)?;
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| digits)
    }

    /// Names and values of a group, in the order of their letters.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Self)> {
        let group = match self {
            Self::Group(group) => Some(group),
            Self::Text(_) => None,
        };
        let entries = group.into_iter().flatten();
        entries.map(|(name, value)| (name.as_str(), value))
    }

    /// The values of a list, in the order of their indexes. A group whose names are not all numbers
    /// is returned as one value: PHP writes one element without an index in some places.
    #[must_use]
    pub fn list(&self) -> Vec<&Self> {
        let mut numbered = Vec::new();
        for (name, value) in self.entries() {
            match name.parse::<u64>() {
                Ok(index) if name.bytes().all(|byte| byte.is_ascii_digit()) => {
                    numbered.push((index, value));
                }
                _ => return Vec::from([self]),
            }
        }
        if numbered.is_empty() {
            return Vec::from([self]);
        }
        numbered.sort_by_key(|(index, _)| *index);
        numbered.into_iter().map(|(_, value)| value).collect()
    }

    fn of_json(value: Value, levels: usize, names_left: &mut usize) -> Result<Self, FormError> {
        let named: Vec<(String, Value)> = match value {
            Value::Object(object) => object.into_iter().collect(),
            Value::Array(items) => {
                let numbered = items.into_iter().enumerate();
                numbered
                    .map(|(number, item)| (number.to_string(), item))
                    .collect()
            }
            Value::String(text) => return Ok(Self::Text(text)),
            Value::Number(number) => return Ok(Self::Text(number.to_string())),
            Value::Bool(true) => return Ok(Self::Text("1".to_owned())),
            Value::Bool(false) => return Ok(Self::Text("0".to_owned())),
            Value::Null => return Ok(Self::Text(String::new())),
        };
        let left = names_left.checked_sub(named.len());
        *names_left = left.ok_or(FormError::TooManyNames { offset: 0 })?;
        let levels = levels
            .checked_sub(1)
            .ok_or(FormError::TooDeep { offset: 0 })?;
        let mut group = BTreeMap::new();
        for (name, value) in named {
            group.insert(name, Self::of_json(value, levels, names_left)?);
        }
        Ok(Self::Group(group))
    }

    /// `None` if it would take one more name than are left.
    fn insert(
        &mut self,
        path: &[Cow<'_, str>],
        value: String,
        names_left: &mut usize,
    ) -> Option<()> {
        let Some((name, rest)) = path.split_first() else {
            *self = Self::Text(value);
            return Some(());
        };
        // As in PHP, a group takes the place of a text.
        if matches!(self, Self::Text(_)) {
            *self = Self::default();
        }
        let Self::Group(group) = self else {
            return Some(());
        };
        let name = if name.is_empty() {
            next_index(group, names_left)?
        } else {
            name.as_ref().to_owned()
        };
        match group.entry(name) {
            Entry::Occupied(mut slot) => slot.get_mut().insert(rest, value, names_left),
            Entry::Vacant(slot) => {
                *names_left = names_left.checked_sub(1)?;
                slot.insert(Self::default()).insert(rest, value, names_left)
            }
        }
    }
}

/// How many names there are: enough for `a[]=1&a[]=2`, the only form without indexes that is ever
/// sent. Each number that is taken already costs a name, which bounds the search over a whole form.
fn next_index(group: &BTreeMap<String, FormValue>, names_left: &mut usize) -> Option<String> {
    let mut index = group.len();
    while group.contains_key(&index.to_string()) {
        *names_left = names_left.checked_sub(1)?;
        index = index.checked_add(1)?;
    }
    Some(index.to_string())
}

/// `a[b][]` into `a`, `b` and an empty name. What cannot be read as brackets belongs to the first
/// name.
fn split_name(name: &str) -> Vec<Cow<'_, str>> {
    let mut parts = Vec::new();
    let Some((first, brackets)) = name.split_once('[').filter(|(first, _)| !first.is_empty())
    else {
        parts.push(Cow::Borrowed(name));
        return parts;
    };
    parts.push(Cow::Borrowed(first));
    let mut rest = brackets;
    loop {
        let Some((part, after)) = rest.split_once(']') else {
            return Vec::from([Cow::Borrowed(name)]);
        };
        parts.push(Cow::Borrowed(part));
        match after.strip_prefix('[') {
            Some(next) => rest = next,
            // PHP drops what follows the last bracket.
            None => return parts,
        }
    }
}

/// `+` is a space, `%41` a letter; a percent sign without two digits is itself.
fn decode(bytes: &[u8]) -> Cow<'_, str> {
    if !bytes.iter().any(|byte| matches!(byte, b'+' | b'%')) {
        return String::from_utf8_lossy(bytes);
    }
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (first, after) {
            (b'+', _) => decoded.push(b' '),
            (b'%', [high, low, tail @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    decoded.push(high << 4 | low);
                    rest = tail;
                }
                _ => decoded.push(b'%'),
            },
            (byte, _) => decoded.push(*byte),
        }
    }
    Cow::Owned(String::from_utf8_lossy(&decoded).into_owned())
}

const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Shows names only: values are what people wrote.
impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.fmt(f)
    }
}

impl fmt::Debug for FormValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{} bytes", text.len()),
            Self::Group(group) => write!(f, "{} names", group.len()),
        }
    }
}

/// Why a form was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FormError {
    /// The body has too many bytes.
    TooLong {
        /// How many.
        bytes: usize,
    },
    /// The body has too many pairs.
    TooManyPairs {
        /// Where the first one too many begins, in bytes from the start.
        offset: usize,
    },
    /// The body has too many different names.
    TooManyNames {
        /// Where the pair with the first one too many begins, in bytes from the start.
        offset: usize,
    },
    /// A name has too many brackets.
    TooDeep {
        /// Where its pair begins, in bytes from the start.
        offset: usize,
    },
    /// The body begins as JSON and is not a JSON object.
    NotJson,
}

impl fmt::Display for FormError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { bytes } => write!(f, "a form of {bytes} bytes is too long"),
            Self::TooManyPairs { offset } => {
                write!(f, "the form has too many pairs, from byte {offset}")
            }
            Self::TooManyNames { offset } => {
                write!(f, "the form has too many names, from byte {offset}")
            }
            Self::TooDeep { offset } => {
                write!(f, "the name at byte {offset} has too many brackets")
            }
            Self::NotJson => f.write_str("the body is not a JSON object"),
        }
    }
}

impl error::Error for FormError {}
