//! Instants and lengths of time for people.

use core::cmp::Ordering;

use kommo_oauth::UnixSeconds;
use kommo_sign::RequestDate;

/// An instant beside now, in words: `2026-11-30 14:30:08 UTC (in 12 minutes)`. The number, if no
/// calendar has it.
pub(crate) fn when(instant: UnixSeconds, now: UnixSeconds) -> String {
    let date = date(instant);
    let length = length(now.get().abs_diff(instant.get()));
    let beside = match instant.cmp(&now) {
        Ordering::Less => format!("{length} ago"),
        Ordering::Equal => "now".to_owned(),
        Ordering::Greater => format!("in {length}"),
    };
    format!("{date} ({beside})")
}

/// `2026-11-30 14:30:08 UTC`; the number, if no calendar has it.
pub(crate) fn date(instant: UnixSeconds) -> String {
    iso(instant).unwrap_or_else(|| instant.to_string())
}

/// Out of `Mon, 30 Nov 2026 14:30:08 +0000`.
fn iso(instant: UnixSeconds) -> Option<String> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let date = RequestDate::from_unix_seconds(instant.get()).ok()?;
    let mut parts = date.as_str().split(' ').skip(1);
    let (day, month) = (parts.next()?, parts.next()?);
    let (year, time) = (parts.next()?, parts.next()?);
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    Some(format!("{year}-{month:02}-{day:0>2} {time} UTC"))
}

/// A length of time in words, in its largest unit, below three of them with the next one: `2 hours
/// 5 minutes`, `12 minutes`.
pub(crate) fn length(seconds: u64) -> String {
    const UNITS: [(u64, &str); 4] = [
        (86_400, "day"),
        (3600, "hour"),
        (60, "minute"),
        (1, "second"),
    ];
    let count = |number: u64, unit: &str| match number {
        1 => format!("1 {unit}"),
        _ => format!("{number} {unit}s"),
    };
    for (index, (size, unit)) in UNITS.iter().enumerate() {
        let number = seconds / size;
        if number == 0 {
            continue;
        }
        let first = count(number, unit);
        let next = UNITS.get(index + 1);
        let rest = next.map(|(next_size, unit)| (seconds % size / next_size, unit));
        return match rest {
            Some((rest, unit)) if number < 3 && rest > 0 => {
                format!("{first} {}", count(rest, unit))
            }
            _ => first,
        };
    }
    count(0, "second")
}

/// The distance between two instants in words.
pub(crate) fn distance(from: UnixSeconds, to: UnixSeconds) -> String {
    length(from.get().abs_diff(to.get()))
}

#[cfg(test)]
mod tests {
    use super::{distance, length, when};
    use kommo_oauth::UnixSeconds;

    #[test]
    fn a_length_is_told_in_its_largest_units() {
        let told = [
            (0, "0 seconds"),
            (59, "59 seconds"),
            (60, "1 minute"),
            (86_399, "23 hours"),
            (86_400, "1 day"),
            (90_000, "1 day 1 hour"),
        ];
        for (seconds, text) in told {
            assert_eq!(length(seconds), text);
        }
        let (early, late) = (UnixSeconds::new(5), UnixSeconds::new(65));
        assert_eq!(distance(early, late), distance(late, early));
    }

    #[test]
    fn an_instant_is_told_as_date_and_distance() {
        let now = 1_796_049_008;
        for (at, text) in [
            (now, "2026-11-30 14:30:08 UTC (now)"),
            (now + 1, "2026-11-30 14:30:09 UTC (in 1 second)"),
            (now + 720, "2026-11-30 14:42:08 UTC (in 12 minutes)"),
            (now - 3900, "2026-11-30 13:25:08 UTC (1 hour 5 minutes ago)"),
            (now + 5 * 3600 + 61, "2026-11-30 19:31:09 UTC (in 5 hours)"),
            (now + 90_000, "2026-12-01 15:30:08 UTC (in 1 day 1 hour)"),
            (now - 86_400 * 29, "2026-11-01 14:30:08 UTC (29 days ago)"),
        ] {
            assert_eq!(when(UnixSeconds::new(at), UnixSeconds::new(now)), text);
        }
        let never = UnixSeconds::new(u64::MAX);
        assert!(when(never, UnixSeconds::new(now)).starts_with("18446744073709551615 ("));
    }
}
