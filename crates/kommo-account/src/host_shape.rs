//! Normalisation of a host under one of the three suffixes: the part that account hosts, API
//! domains and Chats API hosts have in common. Steps as in rules A1 to A3 of `docs/protocol.md`.
//!
//! ```text
//! given text ── bytes allowed? ── https:// off ── one / off ── :443 off ── dot? ── lower ── suffix ── one label ──> HostShape
//! ```
//!
//! The order matters: the scheme is taken off before letters are lowered, so `HTTPS://` is another
//! scheme and refused.

use core::hash::{Hash, Hasher};

use crate::error::HostShapeError;
use crate::inline_text::InlineText;
use crate::platform::HostSuffix;

/// Longest text that is looked at (rule A2).
const MAX_INPUT_BYTES: usize = 255;
/// Longest label (rule A3).
const MAX_LABEL_BYTES: usize = 63;
/// A label, a dot and the longest suffix.
const MAX_HOST_BYTES: usize = MAX_LABEL_BYTES + 1 + HostSuffix::AmocrmCom.as_str().len();

const HTTPS: &[u8] = b"https://";
const HTTP: &[u8] = b"http://";

/// One label under one of the three suffixes, in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct HostShape {
    text: InlineText<MAX_HOST_BYTES>,
    suffix: HostSuffix,
}

impl HostShape {
    /// Normalises; the second value is the offset of the label in the given text.
    pub(crate) fn parse(input: &[u8]) -> Result<(Self, usize), HostShapeError> {
        check_bytes(input)?;
        let (host, offset) = strip_surroundings(input)?;
        let (label, suffix) = split_suffix(host)?;
        check_label(label, offset)?;
        let text = InlineText::concat(&[label, b".", suffix.as_str().as_bytes()]).to_lower_case();
        Ok((Self { text, suffix }, offset))
    }

    pub(crate) fn as_str(&self) -> &str {
        self.text.as_str()
    }

    pub(crate) fn suffix(&self) -> HostSuffix {
        self.suffix
    }

    pub(crate) fn label(&self) -> &str {
        self.as_str()
            .strip_suffix(self.suffix.as_str())
            .and_then(|label| label.strip_suffix('.'))
            .unwrap_or_default()
    }

    /// Whether the label is `prefix` followed by one letter.
    pub(crate) fn label_is_prefix_and_letter(&self, prefix: &str) -> bool {
        match self.label().strip_prefix(prefix).map(str::as_bytes) {
            Some([letter]) => letter.is_ascii_lowercase(),
            _ => false,
        }
    }
}

impl Hash for HostShape {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // The suffix is part of the text; hashing the text alone keeps the hash equal to that of
        // the `str`.
        self.text.hash(state);
    }
}

/// Length, and no byte that could end a host, hide one, or forge a header line.
fn check_bytes(input: &[u8]) -> Result<(), HostShapeError> {
    if input.is_empty() {
        return Err(HostShapeError::Empty);
    }
    if input.len() > MAX_INPUT_BYTES {
        return Err(HostShapeError::TooLong { found: input.len() });
    }
    for (at, byte) in input.iter().enumerate() {
        match byte {
            0..=b' ' | 0x7f | b'\\' | b'@' | b'%' | b'#' | b'?' => {
                return Err(HostShapeError::ForbiddenByte { offset: at });
            }
            0x80.. => return Err(HostShapeError::NotAscii { offset: at }),
            _ => {}
        }
    }
    Ok(())
}

/// Takes off one `https://`, one trailing slash and `:443`; returns the host and its offset.
fn strip_surroundings(input: &[u8]) -> Result<(&[u8], usize), HostShapeError> {
    let (rest, offset) = match input.strip_prefix(HTTPS) {
        Some(rest) => (rest, HTTPS.len()),
        None => (input, 0),
    };
    if input
        .get(..HTTP.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(HTTP))
    {
        return Err(HostShapeError::PlainHttp);
    }
    let rest = rest.strip_suffix(b"/").unwrap_or(rest);
    if let Some(at) = rest.windows(3).position(|window| window == b"://") {
        return Err(HostShapeError::Scheme {
            offset: offset + at,
        });
    }
    if let Some(at) = rest.iter().position(|byte| *byte == b'/') {
        return Err(HostShapeError::AfterHost {
            offset: offset + at,
        });
    }
    let host = match rest.iter().position(|byte| *byte == b':') {
        Some(at) => rest
            .strip_suffix(b":443")
            .filter(|host| host.len() == at)
            .ok_or(HostShapeError::Port {
                offset: offset + at,
            })?,
        None => rest,
    };
    match host {
        [] => Err(HostShapeError::Empty),
        [before @ .., b'.'] => Err(HostShapeError::TrailingDot {
            offset: offset + before.len(),
        }),
        _ => Ok((host, offset)),
    }
}

/// Splits `label.suffix`.
fn split_suffix(host: &[u8]) -> Result<(&[u8], HostSuffix), HostShapeError> {
    for suffix in HostSuffix::ALL {
        let text = suffix.as_str().as_bytes();
        let Some((before, end)) = host
            .len()
            .checked_sub(text.len())
            .and_then(|at| host.split_at_checked(at))
        else {
            continue;
        };
        if !end.eq_ignore_ascii_case(text) {
            continue;
        }
        match before {
            [] | [b'.'] => return Err(HostShapeError::NoLabel),
            [label @ .., b'.'] => return Ok((label, suffix)),
            _ => {}
        }
    }
    Err(HostShapeError::Suffix)
}

fn check_label(label: &[u8], offset: usize) -> Result<(), HostShapeError> {
    if label
        .get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"xn--"))
    {
        return Err(HostShapeError::Punycode { offset });
    }
    for (at, byte) in label.iter().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' => {}
            b'.' => {
                return Err(HostShapeError::SeveralLabels {
                    offset: offset + at,
                });
            }
            _ => {
                return Err(HostShapeError::LabelCharacter {
                    offset: offset + at,
                });
            }
        }
    }
    if label.len() > MAX_LABEL_BYTES {
        return Err(HostShapeError::LabelTooLong { found: label.len() });
    }
    match label {
        [b'-', ..] => Err(HostShapeError::LabelHyphen { offset }),
        [before @ .., b'-'] => Err(HostShapeError::LabelHyphen {
            offset: offset + before.len(),
        }),
        _ => Ok(()),
    }
}
