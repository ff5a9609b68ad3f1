//! How figures are shown.

use serde::Serialize;

/// What one workload gave.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measure {
    pub(crate) workload: &'static str,
    pub(crate) in_flight: usize,
    pub(crate) per_s: f64,
    pub(crate) p50_us: u64,
    pub(crate) p99_us: u64,
    pub(crate) seconds: f64,
    pub(crate) rss_bytes: u64,
    pub(crate) disk_bytes: u64,
    /// What else is worth knowing, for the table.
    pub(crate) note: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct Row {
    workload: &'static str,
    in_flight: usize,
    per_s: f64,
    p50_us: u64,
    p99_us: u64,
    seconds: f64,
    rss_bytes: u64,
    disk_bytes: u64,
    fdatasync_p50_us: u64,
    commit: String,
    version: &'static str,
    note: String,
}

impl Row {
    pub(crate) fn new(measure: Measure, fdatasync_p50_us: u64) -> Self {
        Self {
            workload: measure.workload,
            in_flight: measure.in_flight,
            per_s: (measure.per_s * 10.0).round() / 10.0,
            p50_us: measure.p50_us,
            p99_us: measure.p99_us,
            seconds: (measure.seconds * 1000.0).round() / 1000.0,
            rss_bytes: measure.rss_bytes,
            disk_bytes: measure.disk_bytes,
            fdatasync_p50_us,
            commit: commit(),
            version: env!("CARGO_PKG_VERSION"),
            note: measure.note,
        }
    }
}

/// The commit that was built, if the tree is a checkout.
fn commit() -> String {
    let output = std::process::Command::new("git").args(["rev-parse", "--short", "HEAD"]).output();
    output.ok().and_then(|output| String::from_utf8(output.stdout).ok()).unwrap_or_default().trim().to_owned()
}

#[allow(clippy::print_stdout)] // printing is what this program is for
pub(crate) fn json(row: &Row) -> serde_json::Result<()> {
    println!("{}", serde_json::to_string(row)?);
    Ok(())
}

/// What the same workloads gave elsewhere, on a quiet machine of this kind: medians of three.
const PEERS: [(&str, usize, &str); 6] = [
    ("sequence-5", 64, "Restate 1.7, 4 partitions: 1,384/s"),
    ("sequence-5", 256, "Restate 1.7, 4 partitions: 1,683/s; default 1,274/s"),
    ("sequence-5-alone", 1, "Restate 1.7: 5.0 ms; DBOS 26 ms; duroxide 79 ms"),
    ("fan-out-1000", 1, "Restate 1.7: 290 ms; duroxide 4.9 s"),
    ("order", 64, "Restate 1.7: 337 to 553/s; duroxide 31/s"),
    ("sleepers", 100_000, ""),
];

#[allow(clippy::print_stdout)] // printing is what this program is for
pub(crate) fn table(rows: &[Row]) {
    println!(
        "{:<18} {:>9} {:>11} {:>9} {:>9} {:>8} {:>9} {:>9} {:>9}  beside",
        "workload",
        "in flight",
        "per second",
        "p50 us",
        "p99 us",
        "seconds",
        "RSS MiB",
        "disk MiB",
        "fsync us"
    );
    for row in rows {
        let peer =
            PEERS.iter().find(|(name, in_flight, _)| *name == row.workload && *in_flight == row.in_flight);
        let notes = [row.note.as_str(), peer.map_or("", |(_, _, text)| text)];
        let notes: Vec<&str> = notes.into_iter().filter(|note| !note.is_empty()).collect();
        println!(
            "{:<18} {:>9} {:>11.1} {:>9} {:>9} {:>8.2} {:>9} {:>9} {:>9}  {}",
            row.workload,
            row.in_flight,
            row.per_s,
            row.p50_us,
            row.p99_us,
            row.seconds,
            row.rss_bytes >> 20,
            row.disk_bytes >> 20,
            row.fdatasync_p50_us,
            notes.join("; ")
        );
    }
}
