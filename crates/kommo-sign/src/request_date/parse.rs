//! Reads `Www, DD Mon YYYY HH:MM:SS zone`.

use core::{error, fmt};

pub(super) const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
pub(super) const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Where, in bytes from the start, a text stops being a date, and what should be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseDateError {
    /// One of `Mon`…`Sun`, then a comma and a space.
    Weekday {
        /// Where it should begin.
        offset: usize,
    },
    /// A day of that month, one or two digits, then a space.
    Day {
        /// Where it should begin.
        offset: usize,
    },
    /// One of `Jan`…`Dec`, then a space.
    Month {
        /// Where it should begin.
        offset: usize,
    },
    /// Four digits, then a space.
    Year {
        /// Where it should begin.
        offset: usize,
    },
    /// `HH:MM:SS` with 00–23, 00–59, 00–59, then a space. A leap second is refused.
    Time {
        /// Where it should begin.
        offset: usize,
    },
    /// `GMT`, or a sign and four digits: hours 00–23, minutes 00–59.
    Zone {
        /// Where it should begin.
        offset: usize,
    },
    /// Something follows the date.
    Trailing {
        /// Where it begins.
        offset: usize,
    },
}

impl fmt::Display for ParseDateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, offset) = match self {
            Self::Weekday { offset } => ("a weekday and a comma", offset),
            Self::Day { offset } => ("a day of the month", offset),
            Self::Month { offset } => ("the name of a month", offset),
            Self::Year { offset } => ("a year of four digits", offset),
            Self::Time { offset } => ("a time HH:MM:SS", offset),
            Self::Zone { offset } => ("a zone GMT or +hhmm", offset),
            Self::Trailing { offset } => ("its end", offset),
        };
        write!(
            f,
            "date is malformed at byte {offset}: {what} is expected there"
        )
    }
}

impl error::Error for ParseDateError {}

/// The instant that `text` names.
pub(super) fn unix_seconds(text: &str) -> Result<i64, ParseDateError> {
    let mut cursor = Cursor { text, offset: 0 };

    cursor
        .name(&WEEKDAYS)
        .filter(|_| cursor.skip(", "))
        .ok_or(ParseDateError::Weekday { offset: 0 })?;

    let day_offset = cursor.offset;
    let day = cursor
        .digits(2)
        .or_else(|| cursor.digits(1))
        .filter(|_| cursor.skip(" "));
    let day = day.ok_or(ParseDateError::Day { offset: day_offset })?;

    let offset = cursor.offset;
    let month = cursor.name(&MONTHS).filter(|_| cursor.skip(" "));
    let month = month.ok_or(ParseDateError::Month { offset })?;

    let offset = cursor.offset;
    let year = cursor.digits(4).filter(|_| cursor.skip(" "));
    let year = year.ok_or(ParseDateError::Year { offset })?;
    if day < 1 || day > days_in_month(year, month) {
        return Err(ParseDateError::Day { offset: day_offset });
    }

    let offset = cursor.offset;
    let time = cursor.time().filter(|_| cursor.skip(" "));
    let second_of_day = time.ok_or(ParseDateError::Time { offset })?;

    let offset = cursor.offset;
    let zone_seconds = cursor.zone().ok_or(ParseDateError::Zone { offset })?;

    if cursor.offset < text.len() {
        return Err(ParseDateError::Trailing {
            offset: cursor.offset,
        });
    }
    Ok(days_from_civil(year, month, day) * 86_400 + second_of_day - zone_seconds)
}

/// An offset in the text; each step either matches and moves it, or leaves it as it was.
struct Cursor<'a> {
    text: &'a str,
    offset: usize,
}

impl Cursor<'_> {
    fn take(&mut self, length: usize) -> Option<&str> {
        let end = self.offset.checked_add(length)?;
        let taken = self.text.get(self.offset..end)?;
        self.offset = end;
        Some(taken)
    }

    fn skip(&mut self, expected: &str) -> bool {
        let start = self.offset;
        let found = self.take(expected.len()) == Some(expected);
        if !found {
            self.offset = start;
        }
        found
    }

    /// The number, from 0, of the name that is here.
    fn name(&mut self, names: &[&str]) -> Option<i64> {
        let position = names.iter().position(|name| self.skip(name))?;
        i64::try_from(position).ok()
    }

    fn digits(&mut self, count: usize) -> Option<i64> {
        let start = self.offset;
        let taken = self.take(count)?;
        if taken.bytes().all(|byte| byte.is_ascii_digit()) {
            return taken.parse().ok();
        }
        self.offset = start;
        None
    }

    fn two_digits_up_to(&mut self, last: i64) -> Option<i64> {
        self.digits(2).filter(|number| *number <= last)
    }

    fn time(&mut self) -> Option<i64> {
        let hour = self.two_digits_up_to(23).filter(|_| self.skip(":"))?;
        let minute = self.two_digits_up_to(59).filter(|_| self.skip(":"))?;
        let second = self.two_digits_up_to(59)?;
        Some((hour * 60 + minute) * 60 + second)
    }

    /// How far the zone is east of Greenwich, in seconds.
    fn zone(&mut self) -> Option<i64> {
        if self.skip("GMT") {
            return Some(0);
        }
        let sign = match self.take(1)? {
            "+" => 1,
            "-" => -1,
            _ => return None,
        };
        let hours = self.two_digits_up_to(23)?;
        let minutes = self.two_digits_up_to(59)?;
        Some(sign * (hours * 60 + minutes) * 60)
    }
}

/// `month` counts from 0.
const fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        1 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        1 => 28,
        3 | 5 | 8 | 10 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01; `month` counts from 0, `year` from 0 to 9999. The inverse of
/// `civil_from_days`.
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    // Years and months from March, so that the leap day is the last of its year.
    let (year, month_from_march) = if month >= 2 {
        (year, month - 2)
    } else {
        (year - 1, month + 10)
    };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}
