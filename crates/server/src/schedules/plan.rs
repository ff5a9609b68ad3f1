//! When a schedule starts something: no clock, no store, only times.

use super::{LARGEST_CATCH_UP, Schedule};
use crate::config::schedule::CatchUp;
use jiff::Zoned;
use partita_api::Time;
use partita_engine::kernel::Timestamp;
use std::time::Duration;

/// How late a start may be without being one that was missed.
const ON_TIME: Duration = Duration::from_secs(60);
/// How far to look back first when times are searched.
const FIRST_LOOK: Duration = Duration::from_secs(60);

/// One start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fire {
    /// The time that the cron pattern names.
    pub at: Timestamp,
    /// When the instance begins: a little later, with jitter.
    pub begin_at: Timestamp,
}

/// The starts that are due now, the last one dealt with being `last`, of a schedule that is not paused; oldest
/// first.
#[must_use]
pub fn plan(schedule: &Schedule, last: Timestamp, now: Timestamp) -> Vec<Fire> {
    if now <= last {
        return Vec::new();
    }
    let (after, most) = match schedule.catch_up {
        CatchUp::None => (last.max(now.before(ON_TIME)), LARGEST_CATCH_UP),
        CatchUp::Latest => (last, 1),
        CatchUp::All => (last, schedule.catch_up_limit),
    };
    let times = latest(schedule, after, now, most);
    times.into_iter().map(|at| Fire { at, begin_at: at.after(jitter(schedule, at)) }).collect()
}

/// The first time after `after`.
#[must_use]
pub fn next(schedule: &Schedule, after: Timestamp) -> Option<Timestamp> {
    let next = schedule.cron.find_next_occurrence(&zoned(schedule, after), false).ok()?;
    Some(Time::of_jiff(next.timestamp()).0).filter(|next| *next > after)
}

/// The times from `from` on and before `to`, as many as `most` at most; earliest first.
pub(super) fn times(schedule: &Schedule, from: Timestamp, to: Timestamp, most: usize) -> Vec<Timestamp> {
    let instant = Duration::from_nanos(1);
    between(schedule, from.before(instant), to.before(instant)).take(most).collect()
}

/// The next `count` times after `after`.
pub(super) fn upcoming(schedule: &Schedule, after: Timestamp, count: usize) -> Vec<Timestamp> {
    between(schedule, after, Timestamp::MAX).take(count).collect()
}

fn zoned(schedule: &Schedule, at: Timestamp) -> Zoned {
    Time(at).to_jiff().to_zoned(schedule.timezone.clone())
}

/// The latest `most` times after `after` and up to `until`. Looks back further and further, so that a long
/// absence costs no more than a short one.
fn latest(schedule: &Schedule, after: Timestamp, until: Timestamp, most: usize) -> Vec<Timestamp> {
    let mut look = FIRST_LOOK;
    loop {
        let from = after.max(until.before(look));
        let mut times: Vec<Timestamp> = between(schedule, from, until).collect();
        if from == after || times.len() >= most {
            times.drain(..times.len().saturating_sub(most));
            return times;
        }
        look = look.saturating_mul(2);
    }
}

fn between(schedule: &Schedule, from: Timestamp, until: Timestamp) -> impl Iterator<Item = Timestamp> + '_ {
    let step = move |at: &Timestamp| next(schedule, *at);
    std::iter::successors(next(schedule, from), step).take_while(move |at| *at <= until)
}

/// The same for the same schedule and time, whoever asks, however often.
fn jitter(schedule: &Schedule, at: Timestamp) -> Duration {
    let most = u64::try_from(schedule.jitter.as_millis()).unwrap_or(u64::MAX);
    if most == 0 {
        return Duration::ZERO;
    }
    let name = schedule.name.bytes().chain(at.0.to_le_bytes());
    let hash = name.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    Duration::from_millis((hash ^ (hash >> 29)) % most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::schedule::ScheduleConfig;

    fn schedule(change: impl FnOnce(&mut ScheduleConfig)) -> Schedule {
        let mut config = ScheduleConfig {
            name: "s".into(),
            cron: "0 * * * *".into(),
            workflow: "W".into(),
            ..ScheduleConfig::default()
        };
        change(&mut config);
        Schedule::new(&config).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse::<Time>().unwrap().0
    }

    fn times(schedule: &Schedule, last: &str, now: &str) -> Vec<String> {
        plan(schedule, at(last), at(now)).iter().map(|fire| Time(fire.at).to_jiff().to_string()).collect()
    }

    #[test]
    fn a_time_is_due_once_it_has_come() {
        let hourly = schedule(|_| {});
        assert!(times(&hourly, "2026-01-01T00:00:00Z", "2026-01-01T00:59:59.999Z").is_empty());
        assert_eq!(times(&hourly, "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z"), ["2026-01-01T01:00:00Z"]);
        assert!(times(&hourly, "2026-01-01T01:00:00Z", "2026-01-01T01:00:30Z").is_empty());
        assert_eq!(next(&hourly, at("2026-01-01T01:00:00Z")), Some(at("2026-01-01T02:00:00Z")));
        assert_eq!(next(&hourly, at("2026-01-01T01:00:00.5Z")), Some(at("2026-01-01T02:00:00Z")));
    }

    #[test]
    fn missed_times_are_caught_up_on_as_was_said() {
        let (last, now) = ("2026-01-01T00:00:00Z", "2026-01-01T03:30:00Z");
        assert!(times(&schedule(|s| s.catch_up = CatchUp::None), last, now).is_empty());
        assert_eq!(times(&schedule(|s| s.catch_up = CatchUp::Latest), last, now), ["2026-01-01T03:00:00Z"]);
        let all = ["2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z", "2026-01-01T03:00:00Z"];
        assert_eq!(times(&schedule(|s| s.catch_up = CatchUp::All), last, now), all);
        let two = schedule(|s| (s.catch_up, s.catch_up_limit) = (CatchUp::All, Some(2)));
        assert_eq!(times(&two, last, now), all[1..]);
        assert_eq!(times(&schedule(|s| s.catch_up = CatchUp::None), last, "2026-01-01T03:00:59Z"), [all[2]]);
    }

    #[test]
    fn a_long_absence_is_bounded() {
        let each_second = schedule(|s| (s.cron, s.catch_up) = ("* * * * * *".into(), CatchUp::All));
        let times = times(&each_second, "2020-01-01T00:00:00Z", "2026-01-01T00:00:00Z");
        assert_eq!((times.len(), times.last().unwrap().as_str()), (100, "2026-01-01T00:00:00Z"));
    }

    #[test]
    fn a_span_has_its_beginning_and_not_its_end() {
        let hourly = schedule(|_| {});
        let of = |from, to, most| {
            let times = super::times(&hourly, at(from), at(to), most);
            times.iter().map(|at| Time(*at).to_jiff().to_string()).collect::<Vec<_>>()
        };
        let (one, two) = ("2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z");
        assert_eq!(of(one, "2026-01-01T03:00:00Z", 9), [one, two]);
        assert_eq!(of("2026-01-01T00:00:00.5Z", "2026-01-01T02:00:00.5Z", 9), [one, two]);
        assert_eq!(of(one, "2026-01-02T00:00:00Z", 1), [one]);
        assert!(of(one, one, 9).is_empty());
        let next: Vec<_> = upcoming(&hourly, at(one), 2).iter().map(|at| Time(*at).to_string()).collect();
        assert_eq!(next, ["2026-01-01T02:00:00.000000Z", "2026-01-01T03:00:00.000000Z"]);
    }

    /// In Berlin, 02:00 to 03:00 did not exist on 29 March 2026.
    #[test]
    fn a_time_in_the_gap_comes_right_after_it() {
        let daily = schedule(|s| {
            (s.cron, s.timezone, s.catch_up) =
                ("30 2 * * *".into(), Some("Europe/Berlin".into()), CatchUp::All);
        });
        let found = times(&daily, "2026-03-28T00:00:00Z", "2026-03-31T00:00:00Z");
        assert_eq!(found, ["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]);
    }

    /// In Berlin, 02:00 to 03:00 came twice on 25 October 2026.
    #[test]
    fn a_time_that_comes_twice_counts_once_and_an_interval_goes_on() {
        let daily = schedule(|s| {
            (s.cron, s.timezone, s.catch_up) =
                ("30 2 * * *".into(), Some("Europe/Berlin".into()), CatchUp::All);
        });
        let found = times(&daily, "2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z");
        assert_eq!(found, ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
        let hourly = schedule(|s| (s.timezone, s.catch_up) = (Some("Europe/Berlin".into()), CatchUp::All));
        let found = times(&hourly, "2026-10-24T23:30:00Z", "2026-10-25T02:30:00Z");
        assert_eq!(found, ["2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z"]);
    }

    #[test]
    fn jitter_is_the_same_each_time_and_within_its_bound() {
        let jittery = schedule(|s| (s.jitter, s.catch_up) = (Some("30s".into()), CatchUp::All));
        let fires = || plan(&jittery, at("2026-01-01T00:00:00Z"), at("2026-01-02T00:00:00Z"));
        assert_eq!(fires(), fires());
        let offsets: Vec<u64> = fires().iter().map(|fire| fire.begin_at.since(fire.at).as_secs()).collect();
        assert!(offsets.iter().all(|offset| *offset < 30), "{offsets:?}");
        assert!(offsets.iter().collect::<std::collections::BTreeSet<_>>().len() > 10, "{offsets:?}");
    }

    #[test]
    fn what_is_wrong_with_a_schedule_is_told_at_once() {
        let config = ScheduleConfig {
            name: "a b".into(),
            cron: "61 * * * *".into(),
            timezone: Some("Europe/Berlim".into()),
            workflow: "W".into(),
            catch_up_limit: Some(101),
            jitter: Some("soon".into()),
            ..ScheduleConfig::default()
        };
        insta::assert_snapshot!(Schedule::new(&config).unwrap_err().to_string(), @r#"
the configuration has 5 problems:
  schedule.name: "a b" is no name; it has 1 to 64 letters, digits, '-', '_' and '.'
  schedule.cron: "61 * * * *" is no cron pattern: Component error: Number out of bounds.; it has five fields (minute, hour, day, month, weekday), or six with the second first
  schedule.timezone: there is no time zone "Europe/Berlim"; take an IANA name such as Europe/Berlin
  schedule.catch-up-limit: 101 is not between 1 and 100
  schedule.jitter: "soon" is not a duration; write it like 30s, 500ms, 10m, 2h, 7d or 1h30m
"#);
    }
}
