//! Which characters are not shown as they are.

/// Whether a character can move a cursor, break a line, turn the reading direction, or be
/// invisible.
///
/// These are the controls C0 (tab and line ends too), DEL and C1, the line and paragraph
/// separators, the direction marks, the deprecated tags, and the other characters that Unicode
/// calls default ignorable. The variation selectors U+FE00 to U+FE0F are not among them: emoji have
/// them, and they do nothing else.
///
/// Source: Unicode 16, `DerivedCoreProperties.txt`, `Default_Ignorable_Code_Point`; `PropList.txt`,
/// `Bidi_Control`.
///
/// # Examples
///
/// ```
/// # use kommo_peer::is_hidden;
/// assert!(['\n', '\u{1b}', '\u{7f}', '\u{85}', '\u{9b}', '\u{202e}', '\u{2028}'].into_iter().all(is_hidden));
/// assert!(!['a', 'ж', '😍', '\u{fffd}', '\u{a0}'].into_iter().any(is_hidden));
/// ```
#[must_use]
pub const fn is_hidden(character: char) -> bool {
    matches!(character,
        '\0'..='\u{1f}'
        | '\u{7f}'..='\u{9f}'
        | '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}'
    )
}
