//! Where a received signature first differs from the right one.

/// The place of the first byte that differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Difference {
    /// In the first byte.
    First,
    /// In the second byte.
    Second,
    /// In the byte in the middle.
    Middle,
    /// In the last byte but one.
    LastButOne,
    /// In the last byte.
    Last,
    /// From the first byte on, in every byte.
    Everywhere,
    /// It is the right one.
    Nowhere,
}

impl Difference {
    pub(crate) const ALL: [Self; 7] = [
        Self::First,
        Self::Second,
        Self::Middle,
        Self::LastButOne,
        Self::Last,
        Self::Everywhere,
        Self::Nowhere,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Second => "second",
            Self::Middle => "middle",
            Self::LastButOne => "last-1",
            Self::Last => "last",
            Self::Everywhere => "all",
            Self::Nowhere => "none",
        }
    }

    /// One digit, so that the arguments of every child have the same length: a longer one moves the
    /// stack, and `memcpy` takes other instructions on other alignments.
    pub(crate) const fn digit(self) -> &'static str {
        match self {
            Self::First => "0",
            Self::Second => "1",
            Self::Middle => "2",
            Self::LastButOne => "3",
            Self::Last => "4",
            Self::Everywhere => "5",
            Self::Nowhere => "6",
        }
    }

    pub(crate) fn of_digit(digit: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.digit() == digit)
    }

    /// Changes one bit of each byte that is to differ.
    pub(crate) fn apply(self, signature: &mut [u8]) {
        let last = signature.len().saturating_sub(1);
        for (place, byte) in signature.iter_mut().enumerate() {
            let differs = match self {
                Self::First => place == 0,
                Self::Second => place == 1,
                Self::Middle => place == last / 2,
                Self::LastButOne => place + 1 == last,
                Self::Last => place == last,
                Self::Everywhere => true,
                Self::Nowhere => false,
            };
            *byte ^= u8::from(differs);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Difference;

    #[test]
    fn each_place_has_one_digit_of_its_own() {
        for difference in Difference::ALL {
            assert_eq!(difference.digit().len(), 1);
            assert_eq!(Difference::of_digit(difference.digit()), Some(difference));
        }
        assert_eq!(Difference::of_digit("7"), None);
    }

    #[test]
    fn each_place_is_another_one() {
        let changed = Difference::ALL.map(|difference| {
            let mut signature = [0; 20];
            difference.apply(&mut signature);
            signature
        });
        for (place, one) in changed.iter().enumerate() {
            assert!(!changed[..place].contains(one));
        }
        assert_eq!(changed[0][0], 1);
        assert_eq!(changed[4][19], 1);
    }
}
