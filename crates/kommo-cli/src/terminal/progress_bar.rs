//! How far a long batch has come, on one line of a terminal that is drawn again and again.

use crate::terminal::output::Output;

const WIDTH: usize = 30;

/// A bar on standard error; nothing where no person looks at it.
#[derive(Debug)]
pub(crate) struct ProgressBar {
    output: Output,
    /// In bytes, if it is known.
    total: Option<u64>,
}

impl ProgressBar {
    pub(crate) const fn new(output: Output, total: Option<u64>) -> Self {
        Self { output, total }
    }

    /// So many entries and bytes are done.
    pub(crate) fn show(&self, entries: u64, bytes: u64) {
        self.output.transient(&line(entries, bytes, self.total));
    }
}

impl Drop for ProgressBar {
    fn drop(&mut self) {
        self.output.transient("");
    }
}

fn line(entries: u64, bytes: u64, total: Option<u64>) -> String {
    let Some(total) = total.filter(|total| *total > 0) else {
        return format!("{entries} done");
    };
    let percent = u128::from(bytes.min(total)) * 100 / u128::from(total);
    let filled = usize::try_from(percent).unwrap_or(100) * WIDTH / 100;
    let bar = "#".repeat(filled);
    format!("[{bar:<WIDTH$}] {percent:>3} %, {entries} done")
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn a_bar_grows_with_the_bytes_and_never_beyond_its_end() {
        assert_eq!(
            line(0, 0, Some(10)),
            format!("[{}]   0 %, 0 done", " ".repeat(30))
        );
        assert_eq!(
            line(5, 5, Some(10)),
            format!("[{}{}]  50 %, 5 done", "#".repeat(15), " ".repeat(15))
        );
        assert_eq!(
            line(9, 99, Some(10)),
            format!("[{}] 100 %, 9 done", "#".repeat(30))
        );
        assert_eq!(line(7, 99, None), "7 done");
        assert_eq!(line(7, 99, Some(0)), "7 done");
    }
}
