//! Times for people.

use jiff::Timestamp;
use partita_api::Time;
use std::time::Duration;

/// How long ago, or until then: `3m ago`, `in 20s`.
pub(crate) fn when(time: Time, now: Timestamp) -> String {
    let millis = now.as_millisecond() - time.to_jiff().as_millisecond();
    let distance = span(Duration::from_millis(millis.unsigned_abs()));
    if millis.abs() < 1000 {
        "now".to_owned()
    } else if millis > 0 {
        format!("{distance} ago")
    } else {
        format!("in {distance}")
    }
}

/// A span of time, in its two largest units at most: `1h 5m`, `20s`, `150ms`.
pub(crate) fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) if seconds == 0 => format!("{}ms", time.as_millis()),
        (0, 0, 0) if seconds < 10 => format!("{:.1}s", time.as_secs_f64()),
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, minutes) if minutes < 10 => format!("{minutes}m {}s", seconds % 60),
        (0, 0, minutes) => format!("{minutes}m"),
        (0, hours, minutes) => format!("{hours}h {minutes}m"),
        (days, hours, _) => format!("{days}d {hours}h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_as_exact_as_people_want_them() {
        let shown = [0, 150, 2_340, 45_000, 125_000, 1_500_000, 7_260_000, 180_000_000]
            .map(|ms| span(Duration::from_millis(ms)));
        assert_eq!(shown, ["0ms", "150ms", "2.3s", "45s", "2m 5s", "25m", "2h 1m", "2d 2h"]);
    }

    #[test]
    fn moments_are_told_from_now() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let of = |text: &str| when(text.parse().unwrap(), now);
        assert_eq!(of("2026-03-01T11:57:00Z"), "3m 0s ago");
        assert_eq!(of("2026-03-01T12:00:20Z"), "in 20s");
        assert_eq!(of("2026-03-01T11:59:59.5Z"), "now");
    }
}
