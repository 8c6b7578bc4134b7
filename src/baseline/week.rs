//! The counts of a week's hours, each in no more bytes than the largest of them needs: most keys
//! never make more than 255 requests in an hour, and there are many keys.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(super) const HOURS: usize = 168;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Week {
    Bytes(Box<[u8; HOURS]>),
    Shorts(Box<[u16; HOURS]>),
    Longs(Box<[u32; HOURS]>),
}

impl Default for Week {
    fn default() -> Self {
        Self::Bytes(Box::new([0; HOURS]))
    }
}

impl Week {
    pub(super) fn get(&self, hour: usize) -> Option<u32> {
        match self {
            Self::Bytes(hours) => hours.get(hour).copied().map(u32::from),
            Self::Shorts(hours) => hours.get(hour).copied().map(u32::from),
            Self::Longs(hours) => hours.get(hour).copied(),
        }
    }

    pub(super) fn set(&mut self, hour: usize, count: u32) {
        self.widen_for(count);
        match self {
            Self::Bytes(hours) => put(hours.as_mut_slice(), hour, count),
            Self::Shorts(hours) => put(hours.as_mut_slice(), hour, count),
            Self::Longs(hours) => put(hours.as_mut_slice(), hour, count),
        }
    }

    pub(super) fn counts(&self) -> Vec<u32> {
        (0..HOURS).filter_map(|hour| self.get(hour)).collect()
    }

    fn widen_for(&mut self, count: u32) {
        let is_short = u16::try_from(count).is_ok();
        let wider = match self {
            Self::Bytes(hours) if u32::from(u8::MAX) < count && is_short => {
                Self::Shorts(Box::new(hours.map(u16::from)))
            }
            Self::Bytes(hours) if !is_short => Self::Longs(Box::new(hours.map(u32::from))),
            Self::Shorts(hours) if !is_short => Self::Longs(Box::new(hours.map(u32::from))),
            Self::Bytes(_) | Self::Shorts(_) | Self::Longs(_) => return,
        };
        *self = wider;
    }
}

fn put<T: TryFrom<u32>>(hours: &mut [T], hour: usize, count: u32) {
    if let (Some(place), Ok(count)) = (hours.get_mut(hour), T::try_from(count)) {
        *place = count;
    }
}

impl Serialize for Week {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.counts().serialize(to)
    }
}

impl<'de> Deserialize<'de> for Week {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut week = Self::default();
        for (hour, count) in Vec::<u32>::deserialize(from)?.into_iter().enumerate() {
            week.set(hour, count);
        }
        Ok(week)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_the_counts_are_they_come_back() {
        let mut week = Week::default();
        let mut expected = vec![0; HOURS];
        for (hour, count) in [(0, 255), (3, 256), (167, 65_535), (5, 65_536), (3, 7), (4, u32::MAX)]
        {
            week.set(hour, count);
            expected[hour] = count;
            assert_eq!(week.counts(), expected);
        }
        week.set(HOURS, 9);
        assert_eq!((week.get(HOURS), week.counts()), (None, expected.clone()));
        let bytes = postcard::to_allocvec(&week).unwrap();
        assert_eq!(bytes, postcard::to_allocvec(&expected).unwrap(), "as a list of numbers");
        assert_eq!(postcard::from_bytes::<Week>(&bytes).unwrap(), week);
    }
}
