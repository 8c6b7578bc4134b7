//! nginx's configuration, cut into statements: words, and the text as it stands.

/// `access_log /var/log/a.log api;`, or the words before a `{`.
#[derive(Debug, PartialEq, Eq)]
pub struct Statement<'t> {
    pub words: Vec<String>,
    /// Verbatim, to be pasted.
    pub text: &'t str,
    /// Counted from 1.
    pub line: usize,
}

/// Never fails: what is no configuration gives statements that nobody asks for.
pub fn statements(text: &str) -> Vec<Statement<'_>> {
    let mut reading = Reading { text, ..Reading::default() };
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\n' => {
                reading.line += 1;
                reading.end_word();
            }
            letter if letter.is_whitespace() => reading.end_word(),
            '#' if reading.word.is_none() => {
                while letters.next_if(|(_, letter)| *letter != '\n').is_some() {}
            }
            '"' | '\'' if reading.word.is_none() => {
                reading.begin_word(at);
                while let Some((_, inner)) = letters.next_if(|(_, it)| *it != letter) {
                    reading.push(inner);
                    if inner == '\\' {
                        letters.next().into_iter().for_each(|(_, it)| reading.push(it));
                    }
                }
                letters.next();
                reading.end_word();
            }
            '{' if reading.is_behind_dollar() => reading.push(letter),
            '}' if reading.is_in_braces() => reading.push(letter),
            ';' | '{' | '}' => reading.end_statement(at + 1),
            letter => {
                reading.begin_word(at);
                reading.push(letter);
                if letter == '\\' {
                    letters.next().into_iter().for_each(|(_, it)| reading.push(it));
                }
            }
        }
    }
    reading.statements
}

#[derive(Default)]
struct Reading<'t> {
    text: &'t str,
    statements: Vec<Statement<'t>>,
    words: Vec<String>,
    word: Option<String>,
    /// Where the statement began, and in which line.
    began: Option<(usize, usize)>,
    /// Newlines so far.
    line: usize,
}

impl Reading<'_> {
    fn begin_word(&mut self, at: usize) {
        self.began.get_or_insert((at, self.line + 1));
        self.word.get_or_insert_default();
    }

    fn push(&mut self, letter: char) {
        self.line += usize::from(letter == '\n');
        self.word.get_or_insert_default().push(letter);
    }

    fn end_word(&mut self) {
        self.words.extend(self.word.take());
    }

    fn is_behind_dollar(&self) -> bool {
        self.word.as_deref().is_some_and(|word| word.ends_with('$'))
    }

    /// Inside `${name`.
    fn is_in_braces(&self) -> bool {
        let word = self.word.as_deref().unwrap_or_default();
        word.rfind("${").is_some_and(|open| !word.get(open..).unwrap_or_default().contains('}'))
    }

    fn end_statement(&mut self, end: usize) {
        self.end_word();
        let Some((from, line)) = self.began.take() else { return };
        let text = self.text.get(from..end).unwrap_or_default();
        self.statements.push(Statement { words: std::mem::take(&mut self.words), text, line });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_quotes_comments_and_braces_are_told_apart() {
        let text = "http { # all of it; {\n  log_format api '$a \"$b\" # no'\n    '${c};';\n access_log \"/var/log/a b.log\" api;}";
        let found = statements(text);
        let words: Vec<Vec<&str>> =
            found.iter().map(|it| it.words.iter().map(String::as_str).collect()).collect();
        assert_eq!(
            words,
            [
                vec!["http"],
                vec!["log_format", "api", "$a \"$b\" # no", "${c};"],
                vec!["access_log", "/var/log/a b.log", "api"],
            ]
        );
        assert_eq!((found[1].line, found[2].line), (2, 4));
        assert!(found[1].text.starts_with("log_format api '$a") && found[1].text.ends_with("';"));
    }

    #[test]
    fn a_bare_variable_in_braces_ends_no_block() {
        let found = statements("access_log /var/log/${host}.log;");
        assert_eq!(found[0].words, ["access_log", "/var/log/${host}.log"]);
    }
}
