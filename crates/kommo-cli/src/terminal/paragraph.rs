//! Sentences for a terminal of 80 columns.

/// The width of everything that is written for people.
const COLUMNS: usize = 80;

/// Breaks a sentence between words, each line with the same indent. A word that is too long gets
/// its own line.
pub(crate) fn wrapped(sentence: &str, indent: usize) -> String {
    let mut lines = String::new();
    let mut column = 0;
    for word in sentence.split_whitespace() {
        let length = word.chars().count();
        if column == 0 || column + 1 + length > COLUMNS {
            if column != 0 {
                lines.push('\n');
            }
            lines.push_str(&" ".repeat(indent));
            column = indent + length;
        } else {
            lines.push(' ');
            column += 1 + length;
        }
        lines.push_str(word);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn no_line_is_longer_than_80_columns_and_no_word_is_lost() {
        let sentence = "Größe und другие words of many lengths, ".repeat(9);
        let text = wrapped(&sentence, 4);
        assert!(
            text.lines()
                .all(|line| line.chars().count() <= 80 && line.starts_with("    "))
        );
        assert_eq!(
            text.split_whitespace().collect::<Vec<_>>(),
            sentence.split_whitespace().collect::<Vec<_>>()
        );
        assert!(text.lines().next().unwrap().chars().count() > 70);
    }

    #[test]
    fn a_word_that_is_too_long_stands_alone() {
        let long = "x".repeat(100);
        assert_eq!(
            wrapped(&format!("a {long} b"), 2),
            format!("  a\n  {long}\n  b")
        );
        assert_eq!(wrapped("", 2), "");
    }
}
