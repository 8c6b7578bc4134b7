//! Keys that stand in paths, as webhooks and bots have them: `/hooks/{key}`, `/bot{key}/send`.

use super::shapes::is_live_secret;

/// Where in a path a key stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathKeys(Vec<Pattern>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern {
    /// Segments before the key's; `*` is any.
    before: Vec<String>,
    /// What stands before the key in its own segment, and behind it.
    prefix: String,
    suffix: String,
}

const MARK: &str = "{key}";
/// A shorter segment is no key that can be told by its form.
const SHAPED_BYTES_MIN: usize = 12;

impl PathKeys {
    /// The first text that is no such pattern is the error.
    pub fn read(texts: &[String]) -> Result<Self, &str> {
        let read = |text: &'_ String| Pattern::read(text);
        match texts.iter().find(|text| read(text).is_none()) {
            Some(wrong) => Err(wrong),
            None => Ok(Self(texts.iter().filter_map(read).collect())),
        }
    }

    /// The key that a path holds: where it was said to stand, or by its form.
    pub(super) fn find<'p>(&self, path: &'p [u8]) -> Option<&'p [u8]> {
        self.said(path).or_else(|| {
            let mut segments = path.split(|byte| *byte == b'/');
            segments.find(|it| SHAPED_BYTES_MIN <= it.len() && is_live_secret(it))
        })
    }
}

impl PathKeys {
    /// The key where it was said to stand.
    pub(super) fn said<'p>(&self, path: &'p [u8]) -> Option<&'p [u8]> {
        self.0.iter().find_map(|pattern| pattern.find(path))
    }
}

impl Pattern {
    fn read(text: &str) -> Option<Self> {
        let (before, rest) = text.split_once(MARK)?;
        let (before, prefix) = before.strip_prefix('/')?.rsplit_once('/').unwrap_or(("", before));
        let prefix = prefix.trim_start_matches('/').to_owned();
        let suffix = rest.split('/').next().unwrap_or("").to_owned();
        let is_once = !rest.contains(MARK);
        let before = before.split('/').filter(|it| !it.is_empty()).map(str::to_owned).collect();
        is_once.then_some(Self { before, prefix, suffix })
    }

    fn find<'p>(&self, path: &'p [u8]) -> Option<&'p [u8]> {
        let mut segments = path.split(|byte| *byte == b'/').filter(|it| !it.is_empty());
        for wanted in &self.before {
            let segment = segments.next()?;
            if wanted != "*" && wanted.as_bytes() != segment {
                return None;
            }
        }
        let segment = segments.next()?;
        let key = segment.strip_prefix(self.prefix.as_bytes())?;
        let key = key.strip_suffix(self.suffix.as_bytes())?;
        (!key.is_empty()).then_some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, path: &str, expected: Option<&str>) {
        let keys = PathKeys::read(&[pattern.to_owned()]).unwrap();
        let found = keys.find(path.as_bytes()).map(|key| std::str::from_utf8(key).unwrap());
        assert_eq!(found, expected, "{pattern} {path}");
    }

    #[test]
    fn a_key_is_found_where_it_was_said_to_stand() {
        check("/hooks/{key}", "/hooks/abc", Some("abc"));
        check("/hooks/{key}", "/hooks/abc/more", Some("abc"));
        check("/hooks/{key}", "/hook/abc", None);
        check("/hooks/{key}", "/hooks/", None);
        check("/bot{key}/send", "/bot12:AB/send", Some("12:AB"));
        check("/v1/*/keys/{key}.json", "/v1/acme/keys/abc.json", Some("abc"));
        check("/{key}/x", "/abc/x", Some("abc"));
    }

    #[test]
    fn a_key_is_known_by_its_form_too() {
        let none = PathKeys::default();
        assert_eq!(none.find(b"/use/sk-abcdefghijklmnop/x"), Some(&b"sk-abcdefghijklmnop"[..]));
        assert_eq!(none.find(b"/v1/orders/76397250/sketches"), None);
    }

    #[test]
    fn what_is_no_pattern_is_named() {
        assert_eq!(PathKeys::read(&["/a/{key}".into(), "/b/key".into()]), Err("/b/key"));
        assert_eq!(PathKeys::read(&["{key}".into()]), Err("{key}"));
    }
}
