//! Dates. Rules D1 to D5.

use std::time::UNIX_EPOCH;

use kommo_sign::{Freshness, RequestDate};

use crate::fields::Fields;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
const WEEKDAYS: [&str; 7] = ["Mon,", "Tue,", "Wed,", "Thu,", "Fri,", "Sat,", "Sun,"];

/// The last second of the year 9999.
const LAST_SECOND: u64 = 253_402_300_799;

/// A text is a date if the naive reader finds one, names the same instant, and stays as it came; an
/// instant is written as `httpdate` writes it, with another zone.
///
/// Fields: a text, then digits of an instant.
///
/// # Panics
///
/// If a law is broken.
pub fn request_date(data: &[u8]) {
    let mut fields = Fields::of(data);
    let text = fields.text();
    let now = instant(fields.bytes());
    let parsed = RequestDate::parse(&text);
    assert_eq!(
        parsed.map(|date| date.unix_seconds()).ok(),
        naive(&text),
        "{text:?}"
    );
    if let Ok(date) = parsed {
        assert_eq!(date.as_str(), text);
        agrees_with_httpdate(&date);
        freshness(&date, now);
    }
    let written = RequestDate::from_unix_seconds(now);
    assert_eq!(written.is_ok(), now <= LAST_SECOND);
    if let Ok(date) = written {
        assert_eq!(i128::from(date.unix_seconds()), i128::from(now));
        assert_eq!(RequestDate::parse(date.as_str()), Ok(date));
        let expected = httpdate::fmt_http_date(UNIX_EPOCH + core::time::Duration::from_secs(now));
        assert_eq!(date.as_str(), expected.replace("GMT", "+0000"));
    }
}

/// Any eight bytes; most of them within the years that can be written.
fn instant(bytes: &[u8]) -> u64 {
    let number = bytes
        .iter()
        .take(8)
        .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    if bytes.len() >= 8 {
        number
    } else {
        number % (LAST_SECOND + 2)
    }
}

/// Six words; days are counted one year and one month at a time.
fn naive(text: &str) -> Option<i64> {
    let words: Vec<&str> = text.split(' ').collect();
    let &[weekday, day, month, year, time, zone] = words.as_slice() else {
        return None;
    };
    if !WEEKDAYS.contains(&weekday) || !matches!(day.len(), 1 | 2) {
        return None;
    }
    let (day, year) = (number(day)?, number(year).filter(|_| year.len() == 4)?);
    let month = MONTHS.iter().position(|name| *name == month)?;
    let lengths = month_lengths(year);
    if day < 1 || day > *lengths.get(month)? {
        return None;
    }
    let years: i64 = if year >= 1970 {
        (1970..year)
            .map(|y| month_lengths(y).iter().sum::<i64>())
            .sum()
    } else {
        -(year..1970)
            .map(|y| month_lengths(y).iter().sum::<i64>())
            .sum::<i64>()
    };
    let months: i64 = lengths.iter().take(month).sum();
    let seconds = (years + months + day - 1) * 86_400 + naive_time(time)?;
    Some(seconds - naive_zone(zone)?)
}

const fn month_lengths(year: i64) -> [i64; 12] {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let february = if leap { 29 } else { 28 };
    [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
}

fn naive_time(text: &str) -> Option<i64> {
    let parts: Vec<&str> = text.split(':').collect();
    let &[hour, minute, second] = parts.as_slice() else {
        return None;
    };
    let two = |text: &str, last| number(text).filter(|n| text.len() == 2 && *n <= last);
    Some(two(hour, 23)? * 3600 + two(minute, 59)? * 60 + two(second, 59)?)
}

fn naive_zone(text: &str) -> Option<i64> {
    if text == "GMT" {
        return Some(0);
    }
    let sign = match text.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let digits = text.get(1..).filter(|digits| digits.len() == 4)?;
    let zone = number(digits)?;
    let (hours, minutes) = (zone / 100, zone % 100);
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 3600 + minutes * 60))
}

fn number(text: &str) -> Option<i64> {
    let digits_only = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits_only)
}

/// `httpdate` knows no zones but `GMT`, no day of one digit and nothing before 1970.
fn agrees_with_httpdate(date: &RequestDate) {
    let (before_zone, zone) = date.as_str().rsplit_once(' ').unwrap_or_default();
    let Some(offset) = naive_zone(zone) else {
        panic!("no zone in an accepted date");
    };
    let Ok(judged) = httpdate::parse_http_date(&format!("{before_zone} GMT")) else {
        return;
    };
    let seconds = judged
        .duration_since(UNIX_EPOCH)
        .map(|since| since.as_secs());
    let seconds = seconds.ok().and_then(|seconds| i64::try_from(seconds).ok());
    assert_eq!(Some(date.unix_seconds() + offset), seconds);
}

fn freshness(date: &RequestDate, now: u64) {
    let age = i128::from(now) - i128::from(date.unix_seconds());
    let (is_stale, is_future) = (age > 900, age < -900);
    match date.freshness_at(now) {
        Freshness::Stale { age_seconds } => {
            assert!(is_stale && i128::from(age_seconds) == age);
        }
        Freshness::Future { ahead_seconds } => {
            assert!(is_future && i128::from(ahead_seconds) == -age);
        }
        _ => assert!(!is_stale && !is_future),
    }
}
