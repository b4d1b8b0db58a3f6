//! `--at`: an instant that an operator types, as Unix seconds or as a date.

use core::str::FromStr;

use kommo_sign::RequestDate;

/// An instant, in Unix seconds, or a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct At {
    seconds: u64,
    is_day: bool,
}

impl At {
    const fn instant(seconds: u64) -> Self {
        Self {
            seconds,
            is_day: false,
        }
    }

    /// Of a day its midnight.
    pub(crate) const fn unix_seconds(self) -> u64 {
        self.seconds
    }

    /// The first and the last second of a day, if no time was typed.
    pub(crate) const fn day(self) -> Option<(u64, u64)> {
        match self.is_day {
            true => Some((self.seconds, self.seconds.saturating_add(86_399))),
            false => None,
        }
    }
}

/// The last second of the year 9999: a larger number is no number of seconds.
const LATEST: u64 = 253_402_300_799;

/// What the error says to write instead.
const FORMS: &str =
    "write Unix seconds, 2026-11-30, 2026-11-30T14:30:08Z or 2026-11-30T14:30:08+03:00";

impl FromStr for At {
    type Err = String;

    /// A date without a time is its midnight, a time without a zone is UTC; the text of a `Date`
    /// header is taken too.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return match text.parse() {
                Ok(seconds) if seconds <= LATEST => Ok(Self::instant(seconds)),
                _ => Err(too_large(text)),
            };
        }
        let header = as_header(text);
        let date = RequestDate::parse(header.as_deref().unwrap_or(text));
        let date = date.map_err(|_| format!("this is not a date; {FORMS}"))?;
        let seconds = u64::try_from(date.unix_seconds());
        let seconds = seconds.map_err(|_| "this date is before 1970".to_owned())?;
        // A date alone: `2026-11-30`.
        let is_day = text.len() == 10;
        Ok(Self { seconds, is_day })
    }
}

/// Digits that are more than seconds can be: probably milliseconds, or a smaller unit.
fn too_large(digits: &str) -> String {
    let (unit, kept) = match digits.len() {
        13 => ("milliseconds", 10),
        16 => ("microseconds", 10),
        19 => ("nanoseconds", 10),
        _ => return format!("this number of seconds is too large; {FORMS}"),
    };
    let seconds = digits.get(..kept).unwrap_or(digits);
    format!("these are {unit}; as seconds it is {seconds}; {FORMS}")
}

/// An ISO 8601 date in the form of a `Date` header, whose parser knows the calendar. The weekday is
/// not judged there.
fn as_header(text: &str) -> Option<String> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (date, rest) = text.split_at_checked(10)?;
    let [year, month, day] = date.split('-').collect::<Vec<_>>()[..] else {
        return None;
    };
    if year.len() != 4 || month.len() != 2 || day.len() != 2 {
        return None;
    }
    let month = MONTHS.get(month.parse::<usize>().ok()?.checked_sub(1)?)?;
    let (time, zone) = time_and_zone(rest)?;
    Some(format!("Mon, {day} {month} {year} {time} {zone}"))
}

/// `HH:MM:SS` and `+HHMM` of `T14:30:08.25+03:00` and its shorter forms.
fn time_and_zone(text: &str) -> Option<(String, String)> {
    if text.is_empty() {
        return Some(("00:00:00".to_owned(), "+0000".to_owned()));
    }
    let text = text.strip_prefix(['T', 't', ' '])?;
    let end = text.find(['Z', 'z', '+', '-', ' ']).unwrap_or(text.len());
    let (time, zone) = text.split_at_checked(end)?;
    let time = match time.len() {
        5 => format!("{time}:00"),
        _ => {
            let (whole, fraction) = time.split_once('.').unwrap_or((time, "0"));
            let is_fraction = !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit());
            is_fraction.then(|| whole.to_owned())?
        }
    };
    let zone = match zone.trim_start() {
        "" | "Z" | "z" | "UTC" => "+0000".to_owned(),
        zone => {
            let digits = zone.replace(':', "");
            match digits.len() {
                3 => format!("{digits}00"),
                _ => digits,
            }
        }
    };
    Some((time, zone))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::At;

    const AT: u64 = 1_796_049_008;

    #[test]
    fn unix_seconds_and_dates_are_the_same_instant() {
        for text in [
            "1796049008",
            " 1796049008\n",
            "2026-11-30T14:30:08Z",
            "2026-11-30t14:30:08z",
            "2026-11-30 14:30:08",
            "2026-11-30 14:30:08 UTC",
            "2026-11-30T14:30:08.999Z",
            "2026-11-30T17:30:08+03:00",
            "2026-11-30T17:30:08+0300",
            "2026-11-30T17:30:08+03",
            "2026-11-30T09:00:08-05:30",
            "Mon, 30 Nov 2026 14:30:08 +0000",
            "Mon, 30 Nov 2026 14:30:08 GMT",
        ] {
            assert_eq!(text.parse(), Ok(At::instant(AT)), "{text:?}");
        }
        assert_eq!("2026-11-30T14:30".parse(), Ok(At::instant(AT - 8)));
        assert_eq!("0".parse(), Ok(At::instant(0)));
    }

    #[test]
    fn a_date_alone_is_the_whole_day() {
        let midnight = AT - 52_208;
        let day: At = "2026-11-30".parse().unwrap();
        assert_eq!(day.unix_seconds(), midnight);
        assert_eq!(day.day(), Some((midnight, midnight + 86_399)));
        let instant: At = "2026-11-30T00:00:00Z".parse().unwrap();
        assert_eq!((instant.unix_seconds(), instant.day()), (midnight, None));
    }

    #[test]
    fn a_smaller_unit_than_seconds_is_named() {
        for (text, part) in [
            (
                "1603972795000",
                "these are milliseconds; as seconds it is 1603972795",
            ),
            (
                "1603972795000000",
                "these are microseconds; as seconds it is 1603972795",
            ),
            ("253402300800", "too large"),
        ] {
            let error = text.parse::<At>().unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn what_is_no_instant_is_refused_with_the_forms_to_write() {
        for text in [
            "",
            "yesterday",
            "-1",
            "+1",
            "1.5",
            "2026-13-01",
            "2026-02-30",
            "2026-1-1",
            "26-11-30",
            "2026-11-30T",
            "2026-11-30T25:00:00Z",
            "2026-11-30T14",
            "2026-11-30T14:30:08.Z",
            "2026-11-30T14:30:08+3",
            "2026-11-30T14:30:08 CET",
            "2026-11-30T14:30:08+03:00:00",
            "99999999999999999999",
            "é026-11-30",
        ] {
            let error = text.parse::<At>().unwrap_err();
            assert!(error.contains("2026-11-30T14:30:08Z"), "{text:?}: {error}");
        }
        assert_eq!(
            "1969-12-31".parse::<At>().unwrap_err(),
            "this date is before 1970"
        );
    }
}
