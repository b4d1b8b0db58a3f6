//! Lengths of time in words, and differences that are those of time zones.

use alloc::format;
use alloc::string::String;

/// The offsets of the zones in use, in minutes, without their sign. Source: the IANA time zone
/// database.
const ZONE_MINUTES: [u64; 24] = [
    60, 120, 180, 210, 240, 270, 300, 330, 345, 360, 390, 420, 480, 525, 540, 570, 600, 630, 660,
    720, 765, 780, 825, 840,
];

/// How far from a zone's offset a difference may be, in seconds: the way of the request, and clocks
/// that differ.
const ZONE_TOLERANCE_SECONDS: u64 = 120;

/// A length of time in its two largest units: `3 h 5 min`, `6 years 85 days`.
pub(crate) fn length(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let units = |first: String, count: u64, unit: &str| match count {
        0 => first,
        _ => format!("{first} {}", counted(count, unit)),
    };
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => units(format!("{minutes} min"), seconds % 60, "s"),
        (0, _, _) => units(format!("{hours} h"), minutes % 60, "min"),
        (1..365, _, _) => units(counted(days, "day"), hours % 24, "h"),
        _ => units(counted(days / 365, "year"), days % 365, "day"),
    }
}

fn counted(count: u64, unit: &str) -> String {
    let is_word = matches!(unit, "day" | "year");
    let ending = if is_word && count != 1 { "s" } else { "" };
    format!("{count} {unit}{ending}")
}

/// The offset of the time zone that a difference of that many seconds is, as `3 h` or `5 h 30 min`.
pub(crate) fn zone(seconds: u64) -> Option<String> {
    let nearest = ZONE_MINUTES
        .into_iter()
        .find(|minutes| seconds.abs_diff(minutes * 60) <= ZONE_TOLERANCE_SECONDS)?;
    Some(length(nearest * 60))
}

/// Every offset from UTC in use, in seconds, those behind it too.
pub(crate) fn zone_offsets() -> impl Iterator<Item = i64> {
    let minutes = ZONE_MINUTES.into_iter();
    let offsets = minutes.filter_map(|minutes| i64::try_from(minutes * 60).ok());
    offsets.flat_map(|seconds| [seconds, -seconds])
}

#[cfg(test)]
mod tests {
    use super::{length, zone};

    #[test]
    fn a_length_is_said_in_its_two_largest_units() {
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (901, "15 min 1 s"),
            (10_800, "3 h"),
            (19_800, "5 h 30 min"),
            (86_400, "1 day"),
            (176_400, "2 days 1 h"),
            (31_536_000, "1 year"),
            (192_051_902, "6 years 32 days"),
        ] {
            assert_eq!(length(seconds), text);
        }
    }

    #[test]
    fn zones_of_half_and_quarter_hours_are_zones_too() {
        assert_eq!(zone(10_805).as_deref(), Some("3 h"));
        assert_eq!(zone(19_790).as_deref(), Some("5 h 30 min"));
        assert_eq!(zone(20_700).as_deref(), Some("5 h 45 min"));
        assert_eq!(zone(10_800 + 121), None);
        assert_eq!(zone(901), None);
        assert_eq!(zone(15 * 3600), None);
    }
}
