//! The search: each part of a recipe in its variants, first one of them wrong, then two.
//!
//! ```text
//!            right      wrong, common             wrong, rare
//! key        text       text + LF, hex-decoded    in quotes
//! order      documented date first                any other of 238
//! separator  LF         CR LF, nothing            "|", ";"
//! ```
//!
//! A variant without findings is a right one. No deviation: all right. One deviation: one part is
//! any of its wrong variants. Two deviations: two parts are among their common wrong variants. The
//! first hit has the fewest deviations, since they are tried in that order; what a hit costs is
//! bounded by [`MACS_MAX`].

use alloc::vec::Vec;

use crate::answer::finding::Finding;

/// The most MACs that are computed for one explanation.
///
/// A MAC over a Chats API string costs about a microsecond; over a body its cost grows with the
/// body. Bodies above [`RE_ENCODED_BYTES_MAX`](crate::RE_ENCODED_BYTES_MAX) are neither re-encoded
/// nor tried with two deviations.
pub const MACS_MAX: usize = 4096;

/// Strings to sign above this length, in bytes, are tried without deviations only. Real ones have
/// about 200.
pub(crate) const LINES_BYTES_MAX: usize = 8 * 1024;

/// One way to make a part, and what is wrong with it.
pub(crate) struct Variant<T> {
    pub(crate) value: T,
    /// Empty if it is a right one.
    pub(crate) findings: Vec<Finding>,
    /// Whether it is tried together with another deviation.
    pub(crate) common: bool,
}

impl<T> Variant<T> {
    pub(crate) const fn right(value: T) -> Self {
        Self {
            value,
            findings: Vec::new(),
            common: true,
        }
    }

    pub(crate) fn common(value: T, finding: Finding) -> Self {
        Self {
            value,
            findings: Vec::from([finding]),
            common: true,
        }
    }

    pub(crate) fn rare(value: T, finding: Finding) -> Self {
        Self {
            value,
            findings: Vec::from([finding]),
            common: false,
        }
    }
}

/// The variants of one part, whatever the part is made of.
pub(crate) trait Axis {
    fn length(&self) -> usize;
    fn is_right(&self, number: usize) -> bool;
    fn is_common(&self, number: usize) -> bool;
    fn findings(&self, number: usize) -> &[Finding];
}

impl<T> Axis for Vec<Variant<T>> {
    fn length(&self) -> usize {
        self.len()
    }

    fn is_right(&self, number: usize) -> bool {
        self.get(number)
            .is_some_and(|variant| variant.findings.is_empty())
    }

    fn is_common(&self, number: usize) -> bool {
        self.get(number).is_some_and(|variant| variant.common)
    }

    fn findings(&self, number: usize) -> &[Finding] {
        self.get(number).map_or(&[], |variant| &variant.findings)
    }
}

/// The first variants of a part.
pub(crate) struct First<'a, T> {
    pub(crate) variants: &'a Vec<Variant<T>>,
    pub(crate) count: usize,
}

impl<T> Axis for First<'_, T> {
    fn length(&self) -> usize {
        self.variants.len().min(self.count)
    }

    fn is_right(&self, number: usize) -> bool {
        self.variants.is_right(number)
    }

    fn is_common(&self, number: usize) -> bool {
        self.variants.is_common(number)
    }

    fn findings(&self, number: usize) -> &[Finding] {
        self.variants.findings(number)
    }
}

/// How many MACs may still be computed.
pub(crate) struct Budget {
    left: usize,
}

impl Budget {
    pub(crate) const fn new() -> Self {
        Self { left: MACS_MAX }
    }

    pub(crate) const fn spent(&self) -> usize {
        MACS_MAX - self.left
    }

    /// Takes one, if one is left.
    pub(crate) fn take(&mut self) -> bool {
        let rest = self.left.checked_sub(1);
        self.left = rest.unwrap_or_default();
        rest.is_some()
    }
}

/// Looks for the first choice of variants, with exactly that many deviations, that `fits`; returns
/// its findings.
///
/// `fits` is asked with the number of the chosen variant of each axis, in the order of `axes`.
pub(crate) fn search(
    axes: &[&dyn Axis],
    deviations: usize,
    budget: &mut Budget,
    fits: &mut dyn FnMut(&[usize]) -> bool,
) -> Option<Vec<Finding>> {
    let mut chosen = Vec::with_capacity(axes.len());
    let several = deviations > 1;
    if !choose(axes, deviations, several, &mut chosen, budget, fits) {
        return None;
    }
    let findings = axes.iter().zip(&chosen);
    Some(
        findings
            .flat_map(|(axis, number)| axis.findings(*number).iter().cloned())
            .collect(),
    )
}

/// Chooses for the first of `axes`, and calls itself for the rest. The depth is the number of axes.
fn choose(
    axes: &[&dyn Axis],
    deviations: usize,
    several: bool,
    chosen: &mut Vec<usize>,
    budget: &mut Budget,
    fits: &mut dyn FnMut(&[usize]) -> bool,
) -> bool {
    let Some((axis, rest)) = axes.split_first() else {
        return deviations == 0 && budget.take() && fits(chosen);
    };
    if deviations > axes.len() {
        return false;
    }
    for number in 0..axis.length() {
        let left = if axis.is_right(number) {
            Some(deviations)
        } else if several && !axis.is_common(number) {
            None
        } else {
            deviations.checked_sub(1)
        };
        let Some(left) = left else { continue };
        chosen.push(number);
        if choose(rest, left, several, chosen, budget, fits) {
            return true;
        }
        chosen.pop();
    }
    false
}
