//! One line, to be shown as evidence. Lines under fire are kept by the hundred thousand for a few
//! seconds, so that the texts of each stand in one piece.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::{Event, EventBatch, Timestamp};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    pub at: Timestamp,
    pub status: u16,
    /// Address, method, path and user agent, one behind the other.
    text: Box<str>,
    /// Where all but the last of them end.
    ends: [u32; 3],
}

/// The same, as it is stored and compared.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename = "Sample")]
pub struct Said<'a> {
    pub at: Timestamp,
    #[serde(borrow)]
    pub address: Cow<'a, str>,
    #[serde(borrow)]
    pub method: Cow<'a, str>,
    #[serde(borrow)]
    pub path: Cow<'a, str>,
    pub status: u16,
    #[serde(borrow)]
    pub user_agent: Cow<'a, str>,
}

impl Sample {
    pub fn of(event: &Event<'_>) -> Self {
        let texts = [event.source_ip, event.method, event.path, event.user_agent];
        Self::joined((event.at, event.status), texts)
    }

    /// The same, without looking at the rest of the row.
    pub fn of_row(batch: &EventBatch, row: usize) -> Self {
        let columns = [&batch.source_ip, &batch.method, &batch.path, &batch.user_agent];
        let at = Timestamp(batch.time.get(row).copied().unwrap_or_default());
        let status = batch.status.get(row).copied().unwrap_or_default();
        Self::joined((at, status), columns.map(|column| column.get(row)))
    }

    fn joined((at, status): (Timestamp, u16), texts: [&str; 4]) -> Self {
        let text = texts.concat().into_boxed_str();
        let mut bytes = 0;
        let [first, second, third, _] = texts.map(|text| {
            bytes += text.len();
            u32::try_from(bytes).unwrap_or(u32::MAX)
        });
        Self { at, status, text, ends: [first, second, third] }
    }

    pub fn said(&self) -> Said<'_> {
        let [first, second, third] = self.ends.map(|end| end as usize);
        let text = |from: usize, to: usize| Cow::Borrowed(self.text.get(from..to).unwrap_or(""));
        Said {
            at: self.at,
            address: text(0, first),
            method: text(first, second),
            path: text(second, third),
            status: self.status,
            user_agent: text(third, self.text.len()),
        }
    }
}

impl Ord for Sample {
    fn cmp(&self, other: &Self) -> Ordering {
        self.at.cmp(&other.at).then_with(|| self.said().cmp(&other.said()))
    }
}

impl PartialOrd for Sample {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Serialize for Sample {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        self.said().serialize(out)
    }
}

impl<'de> Deserialize<'de> for Sample {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let Said { at, address, method, path, status, user_agent } = Said::deserialize(from)?;
        Ok(Self::joined((at, status), [&address, &method, &path, &user_agent]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(at: i64, texts: [&str; 4], status: u16) -> Sample {
        Sample::joined((Timestamp(at), status), texts)
    }

    #[test]
    fn it_is_stored_text_by_text() {
        let sample = sample(7, ["192.0.2.7", "GET", "/\"ü", ""], 401);
        let stored = serde_json::to_string(&sample).unwrap();
        assert_eq!(
            stored,
            r#"{"at":7,"address":"192.0.2.7","method":"GET","path":"/\"ü","status":401,"user_agent":""}"#
        );
        assert_eq!(serde_json::from_str::<Sample>(&stored).unwrap(), sample);
        let bytes = postcard::to_allocvec(&sample).unwrap();
        assert_eq!(postcard::from_bytes::<Sample>(&bytes).unwrap(), sample);
    }

    #[test]
    fn the_earliest_comes_first_and_then_text_by_text() {
        let ordered = [
            sample(1, ["b", "", "", ""], 500),
            sample(2, ["a", "", "bc", ""], 401),
            sample(2, ["a", "b", "", "z"], 401),
            sample(2, ["a", "b", "", "a"], 403),
            sample(2, ["ab", "", "", ""], 401),
        ];
        assert!(ordered.is_sorted());
        assert!(ordered.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
