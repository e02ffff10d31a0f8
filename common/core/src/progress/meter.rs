//! Rates and estimates from amounts over time.
//!
//! The rate is a moving average over about fifteen seconds, blended with the mean of the whole
//! phase. An estimate is given only when both agree by half, and never in the first three seconds.

use std::time::Duration;

/// How long the past counts in the moving average.
const MEMORY: f64 = 15.0;
/// No estimate before this much time has shown a rate.
const ESTIMATE_AFTER: Duration = Duration::from_secs(3);
/// Updates closer than this are taken together.
const GRAIN: Duration = Duration::from_millis(100);
/// Silence shorter than this is never a stall.
const STALLED_AFTER: Duration = Duration::from_secs(10);

/// The amounts of one phase. Times are since its start.
#[derive(Debug, Clone, Default)]
pub(super) struct Meter {
    current: u64,
    total: u64,
    /// Highest share so far: a bar never goes back, even when the total grows.
    share: f64,
    average: Option<f64>,
    counted: Option<(Duration, u64)>,
    first: Option<(Duration, u64)>,
    last: Option<Duration>,
    longest_gap: Duration,
}

impl Meter {
    pub(super) fn update(&mut self, at: Duration, current: u64, total: u64) {
        if current != self.current || self.last.is_none() {
            let gap = self
                .last
                .map_or(Duration::ZERO, |last| at.saturating_sub(last));
            self.longest_gap = self.longest_gap.max(gap);
            self.last = Some(at);
        }
        (self.current, self.total) = (current, total);
        if total > 0 {
            self.share = self.share.max(ratio(current, total)).min(1.0);
        }
        self.first.get_or_insert((at, current));
        let (then, before) = *self.counted.get_or_insert((at, current));
        let passed = at.saturating_sub(then);
        if passed < GRAIN {
            return;
        }
        let rate = float(current.saturating_sub(before)) / passed.as_secs_f64();
        let weight = 1.0 - (-passed.as_secs_f64() / MEMORY).exp();
        self.average = Some(self.average.map_or(rate, |old| old + weight * (rate - old)));
        self.counted = Some((at, current));
    }

    pub(super) fn current(&self) -> u64 {
        self.current
    }

    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// Share of the total, in whole percent, rounded down: 100 means done.
    pub(super) fn percent(&self) -> Option<u8> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and 100"
        )]
        (self.total > 0).then_some((self.share * 100.0) as u8)
    }

    /// Units per second.
    pub(super) fn rate(&self, now: Duration) -> Option<f64> {
        let (average, mean) = (self.average?, self.mean(now)?);
        let rate = f64::midpoint(average, mean);
        (rate > 0.0).then_some(rate)
    }

    /// Time left, where it can be told.
    pub(super) fn eta(&self, now: Duration) -> Option<Duration> {
        if now < ESTIMATE_AFTER || self.total <= self.current || self.stalled(now).is_some() {
            return None;
        }
        let (average, mean) = (self.average?, self.mean(now)?);
        let unsure = (average - mean).abs() / average.max(mean);
        // Not a number when nothing moved at all.
        if unsure.is_nan() || unsure >= 0.5 {
            return None;
        }
        let left = float(self.total - self.current) / self.rate(now)?;
        Duration::try_from_secs_f64(left.ceil()).ok()
    }

    /// How long nothing moved, when that is longer than usual.
    pub(super) fn stalled(&self, now: Duration) -> Option<Duration> {
        let silent = now.saturating_sub(self.last?);
        (silent >= STALLED_AFTER.max(self.longest_gap * 5)).then_some(silent)
    }

    fn mean(&self, now: Duration) -> Option<f64> {
        let (at, start) = self.first?;
        let passed = now.saturating_sub(at).as_secs_f64();
        (passed > 0.0).then(|| float(self.current.saturating_sub(start)) / passed)
    }
}

#[expect(clippy::cast_precision_loss, reason = "an estimate for people")]
fn float(n: u64) -> f64 {
    n as f64
}

fn ratio(current: u64, total: u64) -> f64 {
    float(current) / float(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn steady_work_is_estimated_after_three_seconds() {
        let mut meter = Meter::default();
        for second in 0..=2 {
            meter.update(seconds(second), second * 10, 100);
        }
        assert_eq!(meter.percent(), Some(20));
        assert_eq!(meter.eta(seconds(2)), None);
        meter.update(seconds(3), 30, 100);
        assert_eq!(meter.eta(seconds(3)), Some(seconds(7)));
        assert!((meter.rate(seconds(3)).unwrap() - 10.0).abs() < 0.01);
    }

    #[test]
    fn work_that_jumps_is_not_estimated_and_silence_is_a_stall() {
        let mut meter = Meter::default();
        meter.update(seconds(0), 0, 1000);
        meter.update(seconds(1), 500, 1000);
        meter.update(seconds(9), 501, 1000);
        assert_eq!(meter.eta(seconds(9)), None);
        assert_eq!(meter.stalled(seconds(18)), None);
        assert_eq!(meter.stalled(seconds(50)), Some(seconds(41)));
    }

    #[test]
    fn a_growing_total_never_moves_the_share_back() {
        let mut meter = Meter::default();
        meter.update(seconds(1), 50, 100);
        meter.update(seconds(2), 60, 1000);
        assert_eq!(meter.percent(), Some(50));
        meter.update(seconds(3), 2000, 1000);
        assert_eq!(meter.percent(), Some(100));
    }

    #[test]
    fn an_empty_meter_knows_nothing() {
        let meter = Meter::default();
        assert_eq!(meter.percent(), None);
        assert_eq!(meter.rate(seconds(9)), None);
        assert_eq!(meter.eta(seconds(9)), None);
        assert_eq!(meter.stalled(seconds(99)), None);
    }
}
