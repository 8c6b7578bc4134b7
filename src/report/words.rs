//! A question in SQL, cut into words, texts, numbers and signs.

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// In small letters.
    Word(String),
    /// Without its quotes.
    Text(String),
    Number(String),
    Sign(&'static str),
}

/// Longer signs first.
const SIGNS: [&str; 19] = [
    "<=", ">=", "<>", "!=", "||", "::", "<", ">", "=", "(", ")", ",", ".", "*", "+", "-", "/", "%",
    ";",
];

impl Token {
    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(self, Self::Word(own) if own == word)
    }

    pub(super) fn is_any(&self, words: &[&str]) -> bool {
        matches!(self, Self::Word(own) if words.contains(&own.as_str()))
    }
}

/// The tokens, without a semicolon at the end. `None` where there is a comment, a quoted name, or
/// anything else that may change what the rest means.
pub(super) fn tokens(sql: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = sql.trim().trim_end_matches(';').trim_end();
    while let Some(first) = rest.chars().next() {
        let is_of_word = |c: char| c.is_alphanumeric() || c == '_';
        if first.is_whitespace() {
            rest = rest.trim_start();
        } else if first == '\'' {
            let (text, behind) = text(rest.get(1..)?)?;
            tokens.push(Token::Text(text));
            rest = behind;
        } else if is_of_word(first) {
            let end = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
            let (word, behind) = rest.split_at_checked(end)?;
            tokens.push(if first.is_ascii_digit() {
                Token::Number(word.to_owned())
            } else {
                Token::Word(word.to_lowercase())
            });
            rest = behind;
        } else {
            let is_comment = rest.starts_with("--") || rest.starts_with("/*");
            let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
            let sign = sign.filter(|sign| !is_comment && *sign != ";")?;
            tokens.push(Token::Sign(sign));
            rest = rest.get(sign.len()..)?;
        }
    }
    Some(tokens)
}

/// A text up to its closing quote; two quotes are one in it.
fn text(rest: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut from = rest;
    loop {
        let (piece, behind) = from.split_once('\'')?;
        text.push_str(piece);
        let Some(more) = behind.strip_prefix('\'') else { return Some((text, behind)) };
        text.push('\'');
        from = more;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_cut_where_sql_cuts_it() {
        let word = |word: &str| Token::Word(word.to_owned());
        let seen = tokens("SELECT a.b FROM e WHERE x<='it''s -- it' AND n=1.5;").unwrap();
        let text = Token::Text("it's -- it".to_owned());
        let expected = [
            word("select"),
            word("a"),
            Token::Sign("."),
            word("b"),
            word("from"),
            word("e"),
            word("where"),
            word("x"),
            Token::Sign("<="),
            text,
            word("and"),
            word("n"),
            Token::Sign("="),
            Token::Number("1".to_owned()),
            Token::Sign("."),
            Token::Number("5".to_owned()),
        ];
        assert_eq!(seen, expected);
        for doubtful in ["a -- b", "a /* b */", "\"a\"", "`a`", "a; b", "'a", "a @ b"] {
            assert_eq!(tokens(doubtful), None, "{doubtful}");
        }
    }
}
