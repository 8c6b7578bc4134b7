//! How a key's requests fall within their hours: what makes one service's log so unlike
//! another's.

use super::draw::Draw;
use super::key::HOUR;

/// Of one key, for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Law {
    /// People and programs that do a few things and rest.
    #[default]
    Sessions,
    /// As regular as a clock: a poll every so many seconds.
    Clock,
    /// For some hours at work, for some not.
    OnOff,
    /// Seldom, and then sometimes very much at once.
    Bursts,
}

/// So long a key that is on or off stays so.
const SPELL_HOURS: i64 = 5;

impl Law {
    pub(super) fn any(draw: &mut Draw) -> Self {
        let laws =
            [(Self::Sessions, 4.0), (Self::Clock, 2.0), (Self::OnOff, 2.0), (Self::Bursts, 2.0)];
        draw.weighted(&laws).unwrap_or_default()
    }

    /// What is left of the hour's rate, or comes on top.
    pub(super) fn factor(self, key: u64, hour: i64) -> f64 {
        if self != Self::OnOff {
            return 1.0;
        }
        let spell = hour.div_euclid(SPELL_HOURS).unsigned_abs();
        if Draw::of(key, &[spell]).chance(0.45) { 2.2 } else { 0.03 }
    }

    /// When sessions begin, from the hour's start, and how many requests each has; none if the
    /// law leaves that to the role.
    pub(super) fn sessions(self, rate: f64, draw: &mut Draw) -> Option<Vec<(i64, usize)>> {
        match self {
            Self::Sessions | Self::OnOff => None,
            Self::Clock => {
                let count = rate as usize + usize::from(draw.chance(rate.fract()));
                let step = HOUR / i64::try_from(count.max(1)).unwrap_or(HOUR);
                let late = draw.whole(0, step.max(1));
                Some((0i64..).take(count).map(|place| (place * step + late, 1)).collect())
            }
            Self::Bursts => {
                let count = draw.poisson(rate / 9.0);
                let mut burst = || {
                    let length = 2.0 * (1.0 - draw.unit()).powf(-1.0 / 1.3);
                    (draw.whole(0, HOUR), (length as usize).clamp(1, 400))
                };
                Some((0..count).map(|_| burst()).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_law_brings_about_as_much_as_it_should() {
        for law in [Law::Clock, Law::Bursts] {
            let mut draw = Draw::of(5, &[1]);
            let hours = (0..2000).map(|_| law.sessions(20.0, &mut draw).unwrap());
            let sum: usize = hours.flatten().map(|(_, length)| length).sum();
            assert!((25_000..60_000).contains(&sum), "{law:?} {sum}");
        }
        let mean = (0..5000).map(|hour| Law::OnOff.factor(9, hour)).sum::<f64>() / 5000.0;
        assert!((0.8..1.2).contains(&mean), "{mean}");
    }
}
