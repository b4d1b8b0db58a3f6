//! Sentences for a terminal of 80 columns.

/// The width of everything that is written for people.
const COLUMNS: usize = 80;

/// Breaks a sentence between words, each line with the same indent. A word that is too long gets
/// its own line. A number stays with its unit, and a command in backticks in one piece, to be
/// copied.
pub(crate) fn wrapped(sentence: &str, indent: usize) -> String {
    let mut lines = String::new();
    let mut column = 0;
    for word in pieces(sentence) {
        let word = word.as_str();
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

/// The words, and what is not broken.
fn pieces(sentence: &str) -> Vec<String> {
    const UNITS: [&str; 9] = ["ms", "s", "min", "h", "d", "day", "days", "MiB", "bytes"];
    let mut pieces: Vec<String> = Vec::new();
    let mut rest = sentence.split_whitespace().peekable();
    while let Some(word) = rest.next() {
        let is_open = |piece: &str| piece.matches('`').count() % 2 == 1;
        let mut piece = word.to_owned();
        if is_open(&piece) && rest.clone().any(|word| word.contains('`')) {
            while is_open(&piece) {
                let Some(word) = rest.next() else { break };
                piece.push(' ');
                piece.push_str(word);
            }
        }
        let unit = piece.trim_end_matches([',', ';', '.', ')', ':']);
        let is_number = |piece: &String| piece.bytes().all(|byte| byte.is_ascii_digit());
        match pieces.last_mut().filter(|last| is_number(last)) {
            Some(last) if UNITS.contains(&unit) => {
                last.push(' ');
                last.push_str(&piece);
            }
            _ => pieces.push(piece),
        }
    }
    pieces
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
    fn a_number_stays_with_its_unit_and_a_command_in_one_piece() {
        let before = "x".repeat(72);
        let text = wrapped(
            &format!("{before} at 20 s, then `kommo auth login` or ` alone"),
            0,
        );
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines,
            [
                &*format!("{before} at"),
                "20 s, then `kommo auth login` or ` alone"
            ]
        );
        let before = "x".repeat(60);
        let text = wrapped(&format!("{before} see `kommo auth status --all`."), 0);
        assert!(text.ends_with("\n`kommo auth status --all`."), "{text}");
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
