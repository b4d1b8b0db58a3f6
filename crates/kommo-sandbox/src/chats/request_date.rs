//! Reads the date of a request: `Www, D[D] Mon YYYY HH:MM:SS ±HHMM|GMT` (rules D1, D2, D5).
//!
//! One space between the parts, as every client writes it. The weekday is not judged, but it must
//! be one of the seven names.

/// The instant that `text` names, in Unix seconds, or `None` if it has another form.
///
/// Instants before 1970 are negative: they are dates too, only hopelessly stale ones.
pub(crate) fn parse_request_date(text: &[u8]) -> Option<i64> {
    let text = core::str::from_utf8(text).ok()?;
    let (weekday, rest) = text.split_once(", ")?;
    if !WEEKDAYS.contains(&weekday) {
        return None;
    }
    let mut parts = rest.split(' ');
    let day = number(parts.next()?, 1..=2)?;
    let month = month_number(parts.next()?)?;
    let year = number(parts.next()?, 4..=4)?;
    let second_of_day = second_of_day(parts.next()?)?;
    let zone_seconds = zone_seconds(parts.next()?)?;
    if parts.next().is_some() || day == 0 || day > days_in_month(year, month) {
        return None;
    }
    Some(days_from_epoch(year, month, day) * 86_400 + second_of_day - zone_seconds)
}

const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

fn month_number(text: &str) -> Option<i64> {
    let index = MONTHS.iter().position(|name| *name == text)?;
    i64::try_from(index + 1).ok()
}

/// `HH:MM:SS`, two digits each. A leap second `:60` is refused: Unix time has none.
fn second_of_day(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let hour = number(parts.next()?, 2..=2).filter(|hour| *hour < 24)?;
    let minute = number(parts.next()?, 2..=2).filter(|minute| *minute < 60)?;
    let second = number(parts.next()?, 2..=2).filter(|second| *second < 60)?;
    parts
        .next()
        .is_none()
        .then_some((hour * 60 + minute) * 60 + second)
}

/// `GMT`, `+0300`, `-0430`; a zone with a colon is refused.
fn zone_seconds(text: &str) -> Option<i64> {
    if text == "GMT" {
        return Some(0);
    }
    let (sign, digits) = match text.strip_prefix('+') {
        Some(digits) => (1, digits),
        None => (-1, text.strip_prefix('-')?),
    };
    let zone = number(digits, 4..=4)?;
    let (hours, minutes) = (zone / 100, zone % 100);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes) * 60)
}

fn number(text: &str, lengths: core::ops::RangeInclusive<usize>) -> Option<i64> {
    let digits = lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1 January 1970. Counted plainly, month by month: this code judges cleverer ones.
fn days_from_epoch(year: i64, month: i64, day: i64) -> i64 {
    // Leap days before 1 January of `year` in a calendar that starts with the year 0, itself a leap
    // year.
    let leap_days = |year: i64| match year {
        0 => 0,
        _ => (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400 + 1,
    };
    let year_start = (year * 365 + leap_days(year)) - (1970 * 365 + leap_days(1970));
    let month_start: i64 = (1..month).map(|earlier| days_in_month(year, earlier)).sum();
    year_start + month_start + day - 1
}

#[cfg(test)]
mod tests {
    use super::parse_request_date;

    #[track_caller]
    fn reads(text: &str, unix: i64) {
        assert_eq!(parse_request_date(text.as_bytes()), Some(unix), "{text}");
    }

    // Rules D1, D2.
    #[test]
    fn every_documented_form_is_read() {
        reads("Wed, 15 Dec 2021 23:12:55 +0000", 1_639_609_975);
        reads("Wed, 15 Dec 2021 23:12:55 -0000", 1_639_609_975);
        reads("Wed, 15 Dec 2021 23:12:55 GMT", 1_639_609_975);
        reads("Thu, 16 Dec 2021 02:12:55 +0300", 1_639_609_975);
        reads("Wed, 15 Dec 2021 18:42:55 -0430", 1_639_609_975);
        reads("Tue, 5 Aug 2025 10:00:00 GMT", 1_754_388_000);
        reads("Tue, 05 Aug 2025 10:00:00 GMT", 1_754_388_000);
    }

    #[test]
    fn the_calendar_is_counted_right_at_its_edges() {
        reads("Thu, 01 Jan 1970 00:00:00 +0000", 0);
        reads("Wed, 31 Dec 1969 23:59:59 +0000", -1);
        reads("Tue, 29 Feb 2000 00:00:00 +0000", 951_782_400);
        reads("Thu, 29 Feb 2024 23:59:59 +0000", 1_709_251_199);
        reads("Fri, 31 Dec 9999 23:59:59 +0000", 253_402_300_799);
        reads("Sat, 01 Jan 0000 00:00:00 +0000", -62_167_219_200);
    }

    // Rule D5.
    #[test]
    fn the_weekday_is_a_name_but_not_judged() {
        reads("Mon, 15 Dec 2021 23:12:55 +0000", 1_639_609_975);
        assert_eq!(parse_request_date(b"Xyz, 15 Dec 2021 23:12:55 +0000"), None);
        assert_eq!(parse_request_date(b"wed, 15 Dec 2021 23:12:55 +0000"), None);
    }

    // Rule D2.
    #[test]
    fn other_forms_are_refused() {
        for text in [
            "",
            "1639609975",
            "2021-12-15T23:12:55Z",
            "Wed, 15 Dec 2021 23:12:55",
            "Wed, 15 Dec 2021 23:12:55 +00:00",
            "Wed, 15 Dec 2021 23:12:55 +000",
            "Wed, 15 Dec 2021 23:12:55 UTC",
            "Wed, 15 Dec 2021 23:12:55 gmt",
            "Wed, 15 Dec 2021 23:12:55 +2400",
            "Wed, 15 Dec 2021 23:12:55 +0060",
            "Wed, 15 Dec 2021 3:12:55 +0000",
            "Wed, 15 Dec 2021 24:00:00 +0000",
            "Wed, 15 Dec 2021 23:60:00 +0000",
            "Wed, 15 Dec 2021 23:12:60 +0000",
            "Wed, 15 Dec 2021 23:12:55:01 +0000",
            "Wed, 00 Dec 2021 23:12:55 +0000",
            "Wed, 32 Dec 2021 23:12:55 +0000",
            "Wed, 29 Feb 2021 23:12:55 +0000",
            "Wed, 29 Feb 1900 23:12:55 +0000",
            "Wed, 015 Dec 2021 23:12:55 +0000",
            "Wed, 15 dec 2021 23:12:55 +0000",
            "Wed, 15 Dec 21 23:12:55 +0000",
            "Wed, 15 Dec +021 23:12:55 +0000",
            "Wed,15 Dec 2021 23:12:55 +0000",
            "Wed, 15  Dec 2021 23:12:55 +0000",
            "Wed, 15 Dec 2021 23:12:55 +0000 ",
            " Wed, 15 Dec 2021 23:12:55 +0000",
            "Wednesday, 15-Dec-21 23:12:55 GMT",
            "Wed Dec 15 23:12:55 2021",
        ] {
            assert_eq!(parse_request_date(text.as_bytes()), None, "{text}");
        }
        assert_eq!(
            parse_request_date(b"Wed, 15 D\xffc 2021 23:12:55 +0000"),
            None
        );
    }
}
