//! `[alerts.kinds]`: single kinds of finding that are louder or quieter than the rest.

use toml::de::{DeTable, DeValue};

use super::mistakes::Mistake;
use crate::detect::{Kinds, Loudness};
use crate::incident;

pub(super) fn kinds(kinds: &mut Kinds, values: &DeTable<'_>) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    for (kind, value) in values {
        let name = kind.get_ref();
        let word = match value.get_ref() {
            DeValue::String(word) => Loudness::NAMES.iter().find(|(name, _)| name == word),
            DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => None,
        };
        let mut wrong = |at, what: String, instead: &str| {
            mistakes.push(Mistake { at, what, instead: instead.to_owned() });
        };
        let is_stale = incident::family(name) == incident::Family::Stale;
        match word {
            _ if incident::words(name).is_none() || is_stale => {
                let what = format!("there is no alarm of the kind {name:?}");
                wrong(
                    kind.span(),
                    what,
                    "write one as `keyvigil incidents` shows it; stale keys have `ignore` in [stale]",
                );
            }
            None => {
                let what = format!("`{name}` is neither \"louder\", \"quieter\" nor \"off\"");
                wrong(value.span(), what, "write `quieter`, in quotes");
            }
            Some((_, Loudness::Louder | Loudness::Quieter)) if !Kinds::is_weighed(name) => {
                let what = format!("`{name}` does not hang on the budget of false alarms");
                wrong(value.span(), what, "write \"off\", or set its detector's thresholds");
            }
            Some((_, loudness)) => kinds.set(name.to_string(), *loudness),
        }
    }
    mistakes
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn a_kind_is_quieter_or_off() {
        let text = "[alerts.kinds]\nvolume_spike = \"quieter\"\nscanning = \"off\"\n";
        let config = Config::parse(text, "t.toml").unwrap();
        assert_eq!(config.alerts.kinds.said(), ["scanning is off", "volume_spike is quieter"]);
    }

    #[test]
    fn what_cannot_be_louder_is_refused_with_what_to_write() {
        for (line, part) in [
            ("volume_spikes = \"off\"", "there is no alarm of the kind \"volume_spikes\""),
            ("unused = \"off\"", "there is no alarm of the kind \"unused\""),
            ("volume_spike = \"loud\"", "neither \"louder\", \"quieter\" nor \"off\""),
            ("volume_spike = 1", "neither \"louder\", \"quieter\" nor \"off\""),
            ("canary_key_used = \"quieter\"", "does not hang on the budget"),
        ] {
            let text = format!("[alerts.kinds]\n{line}\n");
            let error = Config::parse(&text, "t.toml").unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
