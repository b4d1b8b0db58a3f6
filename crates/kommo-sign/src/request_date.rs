//! The `Date` header of a signed request: its text, its instant, its age.
//!
//! The signature covers the text, so the text is kept as it came; the instant is read beside it,
//! for the age. The calendar is the proleptic Gregorian one, without leap seconds, as in Unix time.

mod parse;

use core::fmt;

pub use parse::ParseDateError;
use parse::{MONTHS, WEEKDAYS};

use crate::ascii_text::AsciiText;

/// How long a signature lives, counted from its date: 15 minutes. Source: rule D3 of
/// `docs/protocol.md`.
pub const SIGNATURE_LIFETIME_SECONDS: u64 = 900;

/// The longest admitted text: `Wed, 23 Nov 2022 19:25:21 +0000`.
const DATE_MAX_BYTES: usize = 31;

/// The last second of the year 9999, the last that four digits can write.
const LAST_UNIX_SECOND: u64 = 253_402_300_799;

/// The text of a `Date` header and the instant it names.
///
/// Written as `Wed, 23 Nov 2022 19:25:21 +0000`; read in that form, with another numeric zone, or
/// with `GMT`. One value serves both the header and the string to sign, so they cannot differ by a
/// tick of the clock.
///
/// Source: rules D1 to D7 of `docs/protocol.md`.
///
/// # Examples
///
/// ```
/// # use kommo_sign::{Freshness, RequestDate};
/// let date = RequestDate::from_unix_seconds(1_669_231_521).unwrap();
/// assert_eq!(date.as_str(), "Wed, 23 Nov 2022 19:25:21 +0000");
/// assert_eq!(RequestDate::parse("Wed, 23 Nov 2022 22:25:21 +0300")?.unix_seconds(), 1_669_231_521);
/// assert_eq!(date.freshness_at(1_669_231_521 + 901), Freshness::Stale { age_seconds: 901 });
/// # Ok::<(), kommo_sign::ParseDateError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestDate {
    text: AsciiText<DATE_MAX_BYTES>,
    unix_seconds: i64,
}

impl RequestDate {
    /// Writes the date of an instant, in seconds since 1970-01-01 00:00:00 UTC. Never panics, never
    /// allocates.
    ///
    /// # Errors
    ///
    /// [`DateOutOfRange`] for an instant after the year 9999 (`253402300800` and more).
    pub fn from_unix_seconds(unix_seconds: u64) -> Result<Self, DateOutOfRange> {
        if unix_seconds > LAST_UNIX_SECOND {
            return Err(DateOutOfRange);
        }
        let instant = i64::try_from(unix_seconds).map_err(|_| DateOutOfRange)?;
        Ok(Self {
            text: AsciiText::from_ascii_array(write(unix_seconds)),
            unix_seconds: instant,
        })
    }

    /// Reads the text of a header. Never panics, never allocates.
    ///
    /// # Errors
    ///
    /// [`ParseDateError`], with the offset in bytes at which the text stops being a date:
    ///
    /// - `"23 Nov 2022 19:25:21 +0000"`: no weekday, at byte 0.
    /// - `"Wed, 31 Feb 2022 19:25:21 +0000"`: no such day in that month, at byte 5.
    /// - `"Wed, 23 Nov 2022 19:25:21 +00:00"`: a zone with a colon, at byte 26.
    /// - `"Wed, 23 Nov 2022 19:25:21 +0000\nx"`: text after the date, at byte 31.
    pub fn parse(text: &str) -> Result<Self, ParseDateError> {
        let unix_seconds = parse::unix_seconds(text)?;
        let text = AsciiText::new(text).ok_or(ParseDateError::Trailing {
            offset: DATE_MAX_BYTES,
        })?;
        Ok(Self { text, unix_seconds })
    }

    /// The header's value, as written or as it came.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.text.as_str()
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    pub(crate) const fn padded(&self) -> &[u8; DATE_MAX_BYTES] {
        self.text.padded()
    }

    /// The instant, in seconds since 1970-01-01 00:00:00 UTC; negative before that.
    #[must_use]
    pub const fn unix_seconds(&self) -> i64 {
        self.unix_seconds
    }

    /// Whether a request of this date is still admitted now, in seconds since 1970-01-01 00:00:00
    /// UTC.
    ///
    /// Exactly 900 seconds, in the past or in the future, is admitted. The edge, and the limit for
    /// the future, are our choice: no source names them (rules D3 and D4).
    #[must_use]
    pub fn freshness_at(&self, now_unix_seconds: u64) -> Freshness {
        let now = i128::from(now_unix_seconds);
        let date = i128::from(self.unix_seconds);
        let distance = u64::try_from((now - date).abs()).unwrap_or(u64::MAX);
        match (distance > SIGNATURE_LIFETIME_SECONDS, date > now) {
            (false, _) => Freshness::Fresh,
            (true, false) => Freshness::Stale {
                age_seconds: distance,
            },
            (true, true) => Freshness::Future {
                ahead_seconds: distance,
            },
        }
    }
}

impl fmt::Debug for RequestDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestDate({:?})", self.as_str())
    }
}

impl fmt::Display for RequestDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What [`RequestDate::freshness_at`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Freshness {
    /// Within 15 minutes.
    Fresh,
    /// Older than 15 minutes.
    Stale {
        /// The age, in seconds: 901 or more.
        age_seconds: u64,
    },
    /// More than 15 minutes in the future.
    Future {
        /// How far ahead, in seconds: 901 or more.
        ahead_seconds: u64,
    },
}

/// The instant is after the year 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct DateOutOfRange;

impl fmt::Display for DateOutOfRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the instant is after the year 9999")
    }
}

impl core::error::Error for DateOutOfRange {}

/// `unix_seconds` is at most [`LAST_UNIX_SECOND`].
fn write(unix_seconds: u64) -> [u8; DATE_MAX_BYTES] {
    let days = unix_seconds / 86_400;
    let second_of_day = unix_seconds % 86_400;
    let (year, month, day) = civil_from_days(days);
    // 1970-01-01 was a Thursday, number 3 from Monday.
    let weekday = name(&WEEKDAYS, (days + 3) % 7);
    let month = name(&MONTHS, month - 1);
    let [d1, d0] = two_digits(day);
    let [c1, c0] = two_digits(year / 100);
    let [y1, y0] = two_digits(year % 100);
    let [h1, h0] = two_digits(second_of_day / 3600);
    let [m1, m0] = two_digits(second_of_day / 60 % 60);
    let [s1, s0] = two_digits(second_of_day % 60);
    let [w0, w1, w2] = weekday;
    let [n0, n1, n2] = month;
    [
        w0, w1, w2, b',', b' ', d1, d0, b' ', n0, n1, n2, b' ', c1, c0, y1, y0, b' ', h1, h0, b':',
        m1, m0, b':', s1, s0, b' ', b'+', b'0', b'0', b'0', b'0',
    ]
}

/// Three letters of a table; the blank is out of reach for the numbers that `write` passes.
fn name(names: &[&str], number: u64) -> [u8; 3] {
    usize::try_from(number)
        .ok()
        .and_then(|number| names.get(number))
        .and_then(|name| <[u8; 3]>::try_from(name.as_bytes()).ok())
        .unwrap_or(*b"   ")
}

const fn two_digits(number: u64) -> [u8; 2] {
    [b'0' + (number / 10 % 10) as u8, b'0' + (number % 10) as u8]
}

/// Year, month (1 to 12) and day of a number of days since 1970-01-01.
///
/// Counts from 0000-03-01, so that the leap day is the last of its year, in eras of 400 years
/// (146,097 days).
const fn civil_from_days(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Months from March: 31, 30, 31, 30, 31 days, and again: 153 days for five of them.
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}
