//! `cargo xtask bulk-bench`: all that is promised of `kommo-sign-bulk`, measured, judged and drawn.
//! `cargo xtask bulk-picture`: drawn again from the last run of the benchmark `bulk`: signatures a
//! second of each level, as bars.
//!
//! `docs/pictures/bulk.svg` is looked at by a person before it lands: a machine that others use
//! draws their load.

use core::fmt::Write;
use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};

use crate::benches::{estimates_below, median_of, target_directory};
use crate::shell::{cargo, root, run, say};

const SIZES: [&str; 5] = ["95", "350", "1024", "8192", "200-500"];
const LEVELS: [(&str, &str); 7] = [
    ("kommo-sign", "#8a8f98"),
    ("sse2", "#9ecae1"),
    ("neon", "#9ecae1"),
    ("avx2", "#4292c6"),
    ("avx512", "#084594"),
    ("floor", "#d9d9d9"),
    ("md5-many", "#fdae6b"),
];
/// Of each batch in the group `bulk`.
const REQUESTS: f64 = 10_000.0;

const LEFT: f64 = 150.0;
const WIDTH: f64 = 560.0;
const BAR: f64 = 16.0;

/// Measures with criterion, draws, and then judges the goals side by side.
pub(crate) fn measure() -> Result<()> {
    let bench = |name| cargo(&["bench", "--package", "kommo-bench-core", "--bench", name]);
    run(&mut bench("bulk"))?;
    draw()?;
    run(&mut bench("bulk_ratios"))
}

/// Draws the picture.
pub(crate) fn draw() -> Result<()> {
    let mut rates: BTreeMap<(usize, usize), f64> = BTreeMap::new();
    for estimates in estimates_below(&target_directory().join("criterion"))? {
        let (id, nanoseconds) = median_of(&estimates)?;
        let parts: Vec<&str> = id.split('/').collect();
        let ["bulk", size, level] = parts.as_slice() else {
            continue;
        };
        let size = SIZES.iter().position(|known| known == size);
        let level = LEVELS.iter().position(|(known, _)| known == level);
        if let (Some(size), Some(level)) = (size, level) {
            rates.insert((size, level), REQUESTS * 1000.0 / nanoseconds);
        }
    }
    if rates.is_empty() {
        bail!("nothing was measured: cargo bench --package kommo-bench-core --bench bulk");
    }
    let path = root().join("docs/pictures/bulk.svg");
    std::fs::write(&path, picture(&rates)?).with_context(|| format!("{}", path.display()))?;
    say(&format!("drawn: {}", path.display()));
    Ok(())
}

fn picture(rates: &BTreeMap<(usize, usize), f64>) -> Result<String> {
    let mut bars = String::new();
    let mut top = 62.0;
    for (index, size) in SIZES.iter().enumerate() {
        // Each size has its own scale: the longest bodies would have no bars else.
        let of_size = rates.range((index, 0)..(index + 1, 0));
        let most = of_size.map(|(_, rate)| *rate).fold(0.0, f64::max);
        writeln!(
            bars,
            r#"<text x="16" y="{:.0}" font-weight="bold">{size} bytes</text>"#,
            top + 12.0
        )?;
        for (level, (name, colour)) in LEVELS.iter().enumerate() {
            let Some(rate) = rates.get(&(index, level)) else {
                continue;
            };
            let width = WIDTH * rate / most;
            writeln!(
                bars,
                r#"<rect x="{LEFT}" y="{top:.0}" width="{width:.1}" height="{:.0}" fill="{colour}"/><text x="{:.1}" y="{:.0}">{name} {rate:.2}</text>"#,
                BAR - 2.0,
                LEFT + width + 6.0,
                top + 12.0,
            )?;
            top += BAR;
        }
        top += 12.0;
    }
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 860 {:.0}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
         <text x=\"16\" y=\"24\" font-size=\"14\">Millions of signatures a second on one core, 10,000 at a time; \
         each size has its own scale</text>\n\
         <text x=\"16\" y=\"44\">kommo-sign: one at a time; floor: its hash functions alone; \
         md5-many: no signature, the MD5 of the body alone</text>\n{bars}</svg>\n",
        top + 8.0,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_its_rate() -> Result<()> {
        let rates = BTreeMap::from([((1, 0), 1.0), ((1, 3), 4.0)]);
        let picture = picture(&rates)?;
        assert!(picture.contains(r#"width="140.0""#) && picture.contains(r#"width="560.0""#));
        assert!(picture.contains("kommo-sign 1.00") && picture.contains("avx2 4.00"));
        assert!(!picture.contains("avx512"));
        Ok(())
    }
}
