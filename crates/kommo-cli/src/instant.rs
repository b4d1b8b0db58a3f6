//! Instants and lengths of time for people.

use kommo_oauth::UnixSeconds;
use kommo_sign::RequestDate;

/// `Wed, 23 Nov 2022 19:25:21 +0000`; the number, if no calendar has it.
pub(crate) fn date(instant: UnixSeconds) -> String {
    RequestDate::from_unix_seconds(instant.get())
        .map_or_else(|_| instant.to_string(), |date| date.as_str().to_owned())
}

/// The distance between two instants in its two largest units: `23 h 59 min`.
pub(crate) fn distance(from: UnixSeconds, to: UnixSeconds) -> String {
    length(from.get().abs_diff(to.get()))
}

/// A length of time in its two largest units.
pub(crate) fn length(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, _) => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::{date, distance, length};
    use kommo_oauth::UnixSeconds;

    #[test]
    fn a_length_is_told_in_its_two_largest_units() {
        let told = [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (86_399, "23 h 59 min"),
            (90_000, "1 d 1 h"),
        ];
        for (seconds, text) in told {
            assert_eq!(length(seconds), text);
        }
        let (early, late) = (UnixSeconds::new(5), UnixSeconds::new(65));
        assert_eq!(distance(early, late), distance(late, early));
    }

    #[test]
    fn an_instant_that_no_calendar_has_is_a_number() {
        assert!(date(UnixSeconds::new(1_669_231_521)).starts_with("Wed, 23 Nov 2022"));
        assert_eq!(date(UnixSeconds::new(u64::MAX)), u64::MAX.to_string());
    }
}
