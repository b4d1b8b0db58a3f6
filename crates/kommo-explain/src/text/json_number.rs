//! Numbers as the encoders of different languages write them again.
//!
//! An encoder that parsed a number knows its value and not its text: `2.50` comes back as `2.5`,
//! PHP with an older setting writes `0.1` as `0.10000000000000001`, and a parser that knows
//! floating-point numbers alone writes `5` as `5.0`.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};

/// Who writes the numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// As they came.
    Kept,
    /// The fewest digits: JavaScript, Go, PHP since 7.1.
    Shortest,
    /// The same with a fraction wherever there was one: Python.
    Python,
    /// 17 digits: PHP with `serialize_precision = 17`.
    Php17,
    /// 14 digits: PHP before 7.1.
    Php14,
    /// Every number is a `double`: Java's Gson without a type.
    Java,
}

/// The text of a number in that style; other words as they are.
pub(crate) fn write(word: &str, numbers: Numbers) -> Cow<'_, str> {
    let is_number = word.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    let value = word.parse::<f64>().ok().filter(|value| value.is_finite());
    let Some(value) = value.filter(|_| is_number && numbers != Numbers::Kept) else {
        return Cow::Borrowed(word);
    };
    let is_integer = !word.contains(['.', 'e', 'E']);
    // Any of them keeps an integer that fits into 53 bits.
    let is_exact = is_integer && word.len() <= 15;
    match numbers {
        Numbers::Kept => Cow::Borrowed(word),
        Numbers::Java => Cow::Owned(java(value)),
        Numbers::Python if is_integer => Cow::Borrowed(word),
        _ if is_exact => Cow::Borrowed(word),
        Numbers::Php17 | Numbers::Php14 if word.parse::<i64>().is_ok() => Cow::Borrowed(word),
        Numbers::Shortest => Cow::Owned(shortest(value)),
        Numbers::Python => Cow::Owned(python(value)),
        Numbers::Php17 => Cow::Owned(php(value, 17)),
        Numbers::Php14 => Cow::Owned(php(value, 14)),
    }
}

fn shortest(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{value:e}");
        return match text.split_once('e') {
            Some((digits, power)) if !power.starts_with('-') => format!("{digits}e+{power}"),
            _ => text,
        };
    }
    value.to_string()
}

fn python(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-4..1e16).contains(&size) {
        let text = format!("{value:e}");
        let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
        return match power.strip_prefix('-') {
            Some(power) => format!("{digits}e-{power:0>2}"),
            None => format!("{digits}e+{power:0>2}"),
        };
    }
    with_fraction(value.to_string())
}

fn java(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-3..1e7).contains(&size) {
        let text = format!("{value:e}");
        let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{}E{power}", with_fraction(digits.to_string()));
    }
    with_fraction(value.to_string())
}

/// `%.{digits}G` of C, with PHP's exponent.
fn php(value: f64, digits: usize) -> String {
    let text = format!("{value:.0$e}", digits - 1);
    let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
    let power: i32 = power.parse().unwrap_or(0);
    let places = i32::try_from(digits).unwrap_or(i32::MAX);
    if (-4..places).contains(&power) {
        let decimals = usize::try_from(places - 1 - power).unwrap_or(0);
        return without_zeros(&format!("{value:.decimals$}"));
    }
    let mantissa = with_fraction(without_zeros(mantissa));
    let sign = if power < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{}", power.abs())
}

fn with_fraction(text: String) -> String {
    if text.contains('.') {
        text
    } else {
        format!("{text}.0")
    }
}

fn without_zeros(text: &str) -> String {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_string()
    } else {
        text.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::{Numbers, write};

    /// What PHP 8.2, Python 3.11 and Node 18 print; Java by the rules of `Double.toString`.
    #[test]
    fn numbers_are_written_as_each_language_does() {
        for (word, shortest, python, php17, php14, java) in [
            ("5", "5", "5", "5", "5", "5.0"),
            ("2.50", "2.5", "2.5", "2.5", "2.5", "2.5"),
            ("1.0", "1", "1.0", "1", "1", "1.0"),
            ("0.1", "0.1", "0.1", "0.10000000000000001", "0.1", "0.1"),
            (
                "1639660529379.123",
                "1639660529379.123",
                "1639660529379.123",
                "1639660529379.123",
                "1639660529379.1",
                "1.639660529379123E12",
            ),
            (
                "1639660529",
                "1639660529",
                "1639660529",
                "1639660529",
                "1639660529",
                "1.639660529E9",
            ),
            ("1e3", "1000", "1000.0", "1000", "1000", "1000.0"),
            (
                "1e25",
                "1e+25",
                "1e+25",
                "1.0000000000000001e+25",
                "1.0e+25",
                "1.0E25",
            ),
            (
                "0.00001",
                "0.00001",
                "1e-05",
                "1.0000000000000001e-5",
                "1.0e-5",
                "1.0E-5",
            ),
            ("true", "true", "true", "true", "true", "true"),
        ] {
            let styles = [
                (Numbers::Kept, word),
                (Numbers::Shortest, shortest),
                (Numbers::Python, python),
                (Numbers::Php17, php17),
                (Numbers::Php14, php14),
                (Numbers::Java, java),
            ];
            for (numbers, text) in styles {
                assert_eq!(write(word, numbers), text, "{word}");
            }
        }
        let long = "12345678901234567890";
        assert_eq!(write(long, Numbers::Shortest), "12345678901234567000");
        assert_eq!(write(long, Numbers::Python), long);
    }
}
