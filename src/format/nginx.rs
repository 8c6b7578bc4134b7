//! nginx `log_format`, as it is pasted: the whole statement or only its string.

use super::FormatError;
use super::credential::Credentials;
use super::escape::Escape;
use super::plan::Plan;
use super::plan::Token;
use super::variable::place_of;

/// Compiles a pasted `log_format name escape=… '…' '…';`, or the bare string.
pub(super) fn compile(pasted: &str, credentials: Credentials) -> Result<Plan, FormatError> {
    let (text, escape) = match statement(pasted)? {
        Some(statement) => statement,
        None => (bare(pasted), Escape::default()),
    };
    let tokens = tokens(pasted, &text)?;
    Plan::new(&tokens, pasted, escape, credentials)
}

/// What stands before each variable, its name and its place, as a preset names it; behind the
/// last, what ends the line.
#[cfg(test)]
pub(super) fn pieces(format: &str) -> Option<Vec<(String, String, super::place::Place)>> {
    use super::place::Place;
    let mut pieces = Vec::new();
    let mut literal = String::new();
    for token in tokens(format, &bare(format)).ok()? {
        match token {
            Token::Literal(text) => literal.push_str(&String::from_utf8(text).ok()?),
            Token::Variable { name, place, .. } => {
                let named = || super::preset::place_of(&name).unwrap_or(Place::Extra);
                let place = if place == Place::Extra { named() } else { place };
                pieces.push((std::mem::take(&mut literal), name, place));
            }
        }
    }
    pieces.push((literal, String::new(), Place::Skip));
    Some(pieces)
}

/// The characters of the format, each with its place in what was pasted.
type Placed = Vec<(usize, char)>;

fn bare(pasted: &str) -> Placed {
    let inner = pasted.trim();
    let start = pasted.len() - pasted.trim_start().len();
    let unquoted = inner.strip_prefix('\'').and_then(|inner| inner.strip_suffix('\''));
    let (start, inner) = unquoted.map_or((start, inner), |unquoted| (start + 1, unquoted));
    inner.char_indices().map(|(at, letter)| (start + at, letter)).collect()
}

/// The strings of a whole statement, joined. `None` if it is not one.
fn statement(pasted: &str) -> Result<Option<(Placed, Escape)>, FormatError> {
    let start = pasted.len() - pasted.trim_start().len();
    let Some(rest) = pasted.trim_start().strip_prefix("log_format") else { return Ok(None) };
    if !rest.starts_with(char::is_whitespace) {
        return Ok(None);
    }
    let mut escape = Escape::default();
    let mut text = Placed::new();
    let mut has_name = false;
    let mut letters =
        pasted.char_indices().skip_while(|(at, _)| *at < start + "log_format".len()).peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            ';' => break,
            letter if letter.is_whitespace() => {}
            '#' => while letters.next_if(|(_, letter)| *letter != '\n').is_some() {},
            '\'' | '"' if has_name => text.extend(string(&mut letters, letter, (pasted, at))?),
            letter => {
                let mut word = vec![(at, letter)];
                while let Some(next) =
                    letters.next_if(|(_, next)| !next.is_whitespace() && *next != ';')
                {
                    word.push(next);
                }
                let spelt: String = word.iter().map(|(_, letter)| letter).collect();
                match spelt.strip_prefix("escape=") {
                    _ if !has_name => has_name = true,
                    Some(name) => escape = escape_named(name, pasted, at)?,
                    None => text.extend(word),
                }
            }
        }
    }
    Ok(Some((text, escape)))
}

/// A quoted string of the configuration, up to its closing quote.
fn string(
    letters: &mut impl Iterator<Item = (usize, char)>,
    quote: char,
    (pasted, start): (&str, usize),
) -> Result<Placed, FormatError> {
    let mut text = Placed::new();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some((_, escaped @ ('\'' | '"' | '\\'))) => text.push((at, escaped)),
                Some((_, 't')) => text.push((at, '\t')),
                Some((_, 'n')) => text.push((at, '\n')),
                Some((_, other)) => text.extend([(at, '\\'), (at + 1, other)]),
                None => break,
            },
            letter if letter == quote => return Ok(text),
            letter => text.push((at, letter)),
        }
    }
    Err(FormatError::at(pasted, start, "this quote is never closed", "close it, or leave it out"))
}

fn escape_named(name: &str, pasted: &str, at: usize) -> Result<Escape, FormatError> {
    match name {
        "default" => Ok(Escape::Backslash),
        "json" => Ok(Escape::Json),
        "none" => Ok(Escape::None),
        _ => Err(FormatError::at(pasted, at, "unknown way to escape", "use default, json or none")),
    }
}

fn tokens(pasted: &str, text: &[(usize, char)]) -> Result<Vec<Token>, FormatError> {
    let mut tokens = Vec::new();
    let mut literal = String::new();
    let mut letters = text.iter().copied().peekable();
    while let Some((at, letter)) = letters.next() {
        if letter != '$' {
            literal.push(letter);
            continue;
        }
        let braces = letters.next_if(|(_, letter)| *letter == '{').is_some();
        let mut name = String::new();
        let is_part =
            |(_, letter): &(usize, char)| letter.is_ascii_alphanumeric() || *letter == '_';
        while let Some((_, letter)) = letters.next_if(is_part) {
            name.push(letter);
        }
        if name.is_empty() || (braces && letters.next_if(|(_, letter)| *letter == '}').is_none()) {
            let what = "a $ that no variable's name follows";
            return Err(FormatError::at(pasted, at, what, "write $name or ${name}"));
        }
        if !literal.is_empty() {
            tokens.push(Token::Literal(std::mem::take(&mut literal).into_bytes()));
        }
        let place = place_of(&name);
        tokens.push(Token::Variable { name, place, at });
    }
    if !literal.is_empty() {
        tokens.push(Token::Literal(literal.into_bytes()));
    }
    Ok(tokens)
}
