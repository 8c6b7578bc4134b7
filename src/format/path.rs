//! Where a field stands in a JSON record, as a format's file says it: `actor/session/ip | ip`.

use super::shape::Hit;

/// Steps stand between `/`, other paths to try behind `|`. `~1` is a `/` in a name, `^2/` two
/// objects up from the record. Of a list the first item counts, so a step `0` may be left out.
#[derive(Debug, PartialEq)]
pub(super) struct Paths {
    /// Into the record, with their ranks; the lowest wins.
    pub(super) down: Vec<(u8, Vec<String>)>,
    /// Out of the record first, so many objects up.
    pub(super) up: Vec<(u8, usize, Vec<String>)>,
}

/// A field that stands in an object around the record.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Up {
    pub(super) levels: usize,
    pub(super) steps: Vec<String>,
    pub(super) hit: Hit,
}

const ALTERNATIVES_MAX: usize = 30;
/// A name with dots is a name first, and a path second: `a.b` may be `{"a":{"b":…}}`.
const RANK_OF_DOTS_AS_STEPS: u8 = 40;
/// And a path may have been flattened to a name: `a/b` may be `{"a.b":…}`.
const RANK_OF_STEPS_AS_DOTS: u8 = 80;

impl Paths {
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut paths = Self { down: Vec::new(), up: Vec::new() };
        for (rank, path) in (0u8..).zip(text.split('|').map(str::trim)) {
            if usize::from(rank) == ALTERNATIVES_MAX {
                return Err(format!("more than {ALTERNATIVES_MAX} paths"));
            }
            let (levels, path) = levels(path)?;
            if path.split('/').any(str::is_empty) {
                return Err(format!("{path:?} has a step without a name"));
            }
            let steps: Vec<String> =
                path.split('/').filter(|step| *step != "0").map(step).collect();
            if steps.is_empty() {
                return Err(format!("{path:?} names nothing"));
            }
            match levels {
                0 => paths.add(rank, steps),
                levels => paths.up.push((rank, levels, steps)),
            }
        }
        Ok(paths)
    }

    fn add(&mut self, rank: u8, steps: Vec<String>) {
        let parted: Vec<String> =
            steps.iter().flat_map(|step| step.split('.')).map(ToOwned::to_owned).collect();
        if parted.len() != steps.len() && parted.iter().all(|step| !step.is_empty()) {
            self.down.push((rank + RANK_OF_DOTS_AS_STEPS, parted));
        }
        if 1 < steps.len() && steps.first().is_some_and(|first| first != "$type") {
            self.down.push((rank + RANK_OF_STEPS_AS_DOTS, vec![steps.join(".")]));
        }
        self.down.push((rank, steps));
    }
}

/// A step without its escapes.
pub(super) fn step(text: &str) -> String {
    text.replace("~1", "/").replace("~0", "~")
}

fn levels(path: &str) -> Result<(usize, &str), String> {
    let Some(up) = path.strip_prefix('^') else { return Ok((0, path)) };
    let wrong = || format!("{path:?} should be like ^1/name");
    let (levels, path) = up.split_once('/').ok_or_else(wrong)?;
    match levels.parse() {
        Ok(levels @ 1..=9) => Ok((levels, path)),
        Ok(_) | Err(_) => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(text: &[&str]) -> Vec<String> {
        text.iter().map(|step| (*step).to_owned()).collect()
    }

    #[test]
    fn paths_are_read_with_their_ranks() {
        let paths = Paths::read("a/0/b | ^2/c | x.y~1z").unwrap();
        assert_eq!(paths.up, [(1, 2, steps(&["c"]))]);
        assert_eq!(
            paths.down,
            [
                (RANK_OF_STEPS_AS_DOTS, steps(&["a.b"])),
                (0, steps(&["a", "b"])),
                (2 + RANK_OF_DOTS_AS_STEPS, steps(&["x", "y/z"])),
                (2, steps(&["x.y/z"])),
            ]
        );
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in ["", "a|", "a//b", "^/a", "^x/a", "^1", "0"] {
            assert!(Paths::read(text).is_err(), "{text}");
        }
    }
}
