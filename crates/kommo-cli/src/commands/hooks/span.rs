//! A length of time as it is typed: `90s`, `10m`, `2h`, `7d`.

use core::str::FromStr;
use core::time::Duration;

/// A length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span(pub(super) Duration);

impl FromStr for Span {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "not a number with a unit, as in 90s, 10m, 2h or 7d";
        let (number, unit) = text
            .split_at_checked(text.len().saturating_sub(1))
            .ok_or(WRONG)?;
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            _ => return Err(WRONG),
        };
        // A sign is no digit.
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let number: u64 = number.parse().ok().filter(|_| is_number).ok_or(WRONG)?;
        let length = number.checked_mul(seconds).ok_or("duration is too long")?;
        Ok(Self(Duration::from_secs(length)))
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::Span;

    #[test]
    fn a_length_has_a_unit() {
        for (text, seconds) in [
            ("0s", 0),
            ("90s", 90),
            ("10m", 600),
            ("2h", 7200),
            ("7d", 604_800),
        ] {
            assert_eq!(
                text.parse(),
                Ok(Span(Duration::from_secs(seconds))),
                "{text}"
            );
        }
        for text in [
            "",
            "s",
            "10",
            "+1s",
            "-1s",
            "1.5h",
            "1w",
            "1 h",
            "é",
            "99999999999999999999d",
        ] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
