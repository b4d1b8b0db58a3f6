//! The date line as it may have been signed: a second earlier, in another form, or not at all.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use kommo_sign::RequestDate;

use crate::answer::finding::Finding;
use crate::answer::finding_code::FindingCode;
use crate::search::Variant;
use crate::text::time_words::{length, zone_offsets};

/// How far apart two readings of the clock are looked for, in seconds.
const CLOCK_READ_TWICE_SECONDS: i64 = 5;

/// How long before its arrival a request without a date may have been signed, and how far its clock
/// may be ahead.
const ABSENT_DATE_SECONDS: core::ops::RangeInclusive<i64> = -15..=2;

/// The variants of the line. `now` helps only if no date came.
pub(crate) fn date_variants(header: Option<&str>, now: Option<u64>) -> Vec<Variant<String>> {
    let Some(header) = header else {
        return absent(now);
    };
    let mut variants = Vec::from([Variant::right(header.to_string())]);
    let message = "The Date header came, but its line was signed empty.";
    let empty = Finding::new(FindingCode::DateDiffers, message);
    variants.push(Variant::common(String::new(), empty));
    if let Some(form) = Form::of(header) {
        read_twice(header, &form, &mut variants);
        machine_forms(&form, &mut variants);
        other_zones(&form, &mut variants);
    }
    white_space(header, &mut variants);
    variants
}

/// White space around the text is signed, and HTTP drops it from the header: an empty zone leaves
/// such a space.
fn white_space(header: &str, variants: &mut Vec<Variant<String>>) {
    let message = "White space around the date was signed, and HTTP drops it from the header.";
    let finding = Finding::new(FindingCode::HeaderWhitespace, message);
    for (before, after) in [("", " "), (" ", ""), ("", "\n"), ("", "\r\n"), ("", "\t")] {
        let text = format!("{before}{header}{after}");
        variants.push(Variant::rare(text, finding.clone()));
    }
}

/// The local time of a zone with the header's own zone, or UTC, after it.
fn other_zones(form: &Form, variants: &mut Vec<Variant<String>>) {
    for seconds in zone_offsets() {
        let direction = if seconds > 0 { "ahead of" } else { "behind" };
        let message = format!(
            "The signed date is {} {direction} the Date header: the difference of a time zone.",
            length(seconds.unsigned_abs())
        );
        let finding = Finding::new(FindingCode::DateZone, message);
        let Some(instant) = form.instant.checked_add(seconds) else {
            continue;
        };
        let own = written(instant, &form.zone, form.zone_seconds);
        let universal = ["+0000", "GMT"].map(|zone| written(instant, zone, 0));
        for text in universal.into_iter().chain([own]).flatten() {
            if variants.iter().all(|known| known.value != text) {
                variants.push(Variant::rare(text, finding.clone()));
            }
        }
    }
}

fn absent(now: Option<u64>) -> Vec<Variant<String>> {
    let mut variants = Vec::from([Variant::right(String::new())]);
    let now = now.and_then(|now| i64::try_from(now).ok());
    for offset in ABSENT_DATE_SECONDS.rev() {
        let instant = now.and_then(|now| now.checked_add(offset));
        for zone in ["+0000", "GMT"] {
            if let Some(text) = instant.and_then(|instant| written(instant, zone, 0)) {
                variants.push(Variant::rare(text, Finding::header_missing("Date")));
            }
        }
    }
    variants
}

/// How a header's date is written.
struct Form {
    instant: i64,
    zone: String,
    zone_seconds: i64,
    short_day: bool,
}

impl Form {
    fn of(header: &str) -> Option<Self> {
        let instant = RequestDate::parse(header).ok()?.unix_seconds();
        let (before, zone) = header.rsplit_once(' ')?;
        let local = RequestDate::parse(&format!("{before} GMT")).ok()?;
        Some(Self {
            instant,
            zone: zone.to_string(),
            zone_seconds: local.unix_seconds().checked_sub(instant)?,
            short_day: header.as_bytes().get(6) == Some(&b' '),
        })
    }

    fn write(&self, seconds: i64) -> Option<String> {
        let instant = self.instant.checked_add(seconds)?;
        let text = written(instant, &self.zone, self.zone_seconds)?;
        let day_has_zero = text.as_bytes().get(5) == Some(&b'0');
        Some(match text.split_at_checked(5) {
            Some((weekday, day)) if self.short_day && day_has_zero => {
                format!("{weekday}{}", day.strip_prefix('0').unwrap_or(day))
            }
            _ => text,
        })
    }
}

/// `Www, DD Mon YYYY HH:MM:SS zone` of an instant, in local time of that zone.
fn written(instant: i64, zone: &str, zone_seconds: i64) -> Option<String> {
    let local = u64::try_from(instant.checked_add(zone_seconds)?).ok()?;
    let date = RequestDate::from_unix_seconds(local).ok()?;
    let text = date.as_str().strip_suffix("+0000")?;
    Some(format!("{text}{zone}"))
}

fn read_twice(header: &str, form: &Form, variants: &mut Vec<Variant<String>>) {
    let mut add = |text: Option<String>, seconds: i64, common: bool| {
        let Some(text) = text.filter(|text| text != header) else {
            return;
        };
        let finding = Finding::new(FindingCode::DateTakenTwice, apart(seconds));
        variants.push(Variant {
            value: text,
            findings: Vec::from([finding]),
            common,
        });
    };
    for distance in 0..=CLOCK_READ_TWICE_SECONDS {
        for seconds in [-distance, distance] {
            add(form.write(seconds), seconds, distance <= 2);
            let instant = form.instant.checked_add(seconds);
            for zone in ["+0000", "GMT", "-0000"] {
                let text = instant.and_then(|instant| written(instant, zone, 0));
                add(text, seconds, distance == 0);
            }
        }
    }
    for hours in -12..=14_i64 {
        let sign = if hours < 0 { '-' } else { '+' };
        let zone = format!("{sign}{:02}00", hours.abs());
        add(written(form.instant, &zone, hours * 3600), 0, false);
    }
}

fn apart(seconds: i64) -> String {
    match seconds {
        0 => "The same instant was signed in another form than the Date header has.".into(),
        1.. => format!("The signed date is {seconds} s later than the Date header."),
        _ => format!(
            "The signed date is {} s earlier than the Date header.",
            -seconds
        ),
    }
}

/// Forms that no `Date` header has.
fn machine_forms(form: &Form, variants: &mut Vec<Variant<String>>) {
    let Some(text) = written(form.instant, "GMT", 0) else {
        return;
    };
    let bare = text.strip_suffix(" GMT").unwrap_or_default();
    let mut forms = Vec::from([
        form.instant.to_string(),
        format!("{}000", form.instant),
        format!("{bare} +00:00"),
        format!("{bare} UTC"),
        format!("{bare} Z"),
        bare.to_string(),
    ]);
    if let Some((_, without_day)) = bare.split_once(", ") {
        forms.push(format!("{without_day} +0000"));
        forms.push(format!("{without_day} GMT"));
    }
    // `H` in place of `HH`.
    if let Some((before, after)) = bare.split_once(" 0") {
        forms.push(format!("{before} {after} +0000"));
        forms.push(format!("{before} {after} +00:00"));
    }
    if let Some(date_and_time) = iso_8601(&text) {
        for end in ["Z", "+00:00", "+0000", ".000Z", ".000+00:00", ""] {
            forms.push(format!("{date_and_time}{end}"));
        }
        forms.push(date_and_time.replace('T', " "));
    }
    if let Some(colon) = zone_with_colon(form) {
        forms.push(colon);
    }
    for text in forms {
        if variants.iter().any(|known| known.value == text) {
            continue;
        }
        let message = "The date was signed in a form that no Date header has.";
        let finding = Finding::new(FindingCode::DateDiffers, message);
        variants.push(Variant::rare(text, finding));
    }
}

/// The header's own date with a colon in its zone: `+03:00`.
fn zone_with_colon(form: &Form) -> Option<String> {
    let (hours, minutes) = form.zone.split_at_checked(3)?;
    let zone = (minutes.len() == 2).then(|| format!("{hours}:{minutes}"))?;
    written(form.instant, &zone, form.zone_seconds)
}

/// `YYYY-MM-DDTHH:MM:SS` of a date as written above.
fn iso_8601(text: &str) -> Option<String> {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let month = MONTHS.find(text.get(8..11)?)? / 3 + 1;
    let (day, year, time) = (text.get(5..7)?, text.get(12..16)?, text.get(17..25)?);
    Some(format!("{year}-{month:02}-{day}T{time}"))
}
