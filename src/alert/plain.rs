//! Text from logs made harmless: attackers write log lines, and mails carry them.

/// One line without anything that steers a terminal, breaks a header, turns the
/// direction of text or hides; `chars_max` characters at most.
pub fn plain(text: &str, chars_max: usize) -> String {
    let mut clean = String::with_capacity(text.len().min(4 * chars_max));
    let chars = text.chars().filter_map(harmless).skip_while(|&letter| letter == ' ');
    for (count, letter) in chars.enumerate() {
        if letter == ' ' && clean.ends_with(' ') {
            continue;
        }
        // One more than fits shows that something is missing; what repeats is not read on.
        if 4 * chars_max < count || chars_max < clean.chars().count() {
            break;
        }
        clean.push(letter);
    }
    // Mail programs make a link of what has the first in it, and text of the second.
    shortened(clean.replace("://", "[:]//").replace("=?", "= ?").trim_end(), chars_max)
}

fn shortened(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    let kept = text.chars().take(chars_max.saturating_sub(1));
    kept.chain(['…']).collect()
}

/// White space becomes a space; what is invisible is left out.
fn harmless(letter: char) -> Option<char> {
    match letter {
        '\t' | '\n' | '\r' | '\u{85}' | '\u{a0}' | '\u{2028}' | '\u{2029}' => Some(' '),
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}' => None,
        _ if letter.is_control() => None,
        _ => Some(letter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_steers_or_hides_gets_through() {
        assert_eq!(plain("a\r\nBcc: x@example.com", 99), "a Bcc: x@example.com");
        assert_eq!(plain("\u{1b}[31mred\u{7}\u{9b}2J", 99), "[31mred2J");
        assert_eq!(plain("abc\u{202e}fdp.exe\u{2066}\u{200b}", 99), "abcfdp.exe");
        assert_eq!(plain("http://192.0.2.1/x", 99), "http[:]//192.0.2.1/x");
    }

    #[test]
    fn a_long_text_is_cut_with_a_mark() {
        assert_eq!(plain("abcd", 4), "abcd");
        assert_eq!(plain("abcde", 4), "abc…");
        assert_eq!(plain(&"ä".repeat(10_000), 3).chars().count(), 3);
    }
}
