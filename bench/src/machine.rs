//! The limits of the machine, and what a process uses of it.

use hdrhistogram::Histogram;
use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::time::{Duration, Instant};

/// The median of one 4 KiB append and fdatasync into space that was written before, in microseconds.
pub(crate) fn sync_p50_us(folder: &Path) -> std::io::Result<u64> {
    const SPACE: usize = 8 << 20;
    let path = folder.join("sync-probe");
    let file = File::create(&path)?;
    file.write_all_at(&vec![0; SPACE], 0)?;
    file.sync_all()?;
    let page = [7_u8; 4096];
    let mut taken = histogram();
    let (began, mut offset) = (Instant::now(), 0_u64);
    while began.elapsed() < Duration::from_secs(1) {
        let start = Instant::now();
        file.write_all_at(&page, offset)?;
        file.sync_data()?;
        let _ = taken.record(micros(start.elapsed()));
        offset = (offset + 4096) % (SPACE as u64 - 4096);
    }
    std::fs::remove_file(&path)?;
    Ok(taken.value_at_quantile(0.5))
}

/// Resident memory of this process, in bytes.
pub(crate) fn rss_bytes() -> u64 {
    rss_bytes_of("self")
}

/// Resident memory of a process, in bytes.
pub(crate) fn rss_bytes_of(process: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// Seconds of a core that a process has used; ticks of the kernel's clock are hundredths.
pub(crate) fn cpu_seconds_of(process: &str) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = after_name.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<u32>().ok());
    f64::from(ticks.sum::<u32>()) / 100.0
}

/// Bytes that a folder takes on the disk.
pub(crate) fn disk_bytes(folder: &Path) -> u64 {
    let Ok(metadata) = std::fs::symlink_metadata(folder) else { return 0 };
    if !metadata.is_dir() {
        return metadata.blocks() * 512;
    }
    std::fs::read_dir(folder)
        .map_or(0, |entries| entries.flatten().map(|entry| disk_bytes(&entry.path())).sum())
}

#[allow(clippy::expect_used)] // three digits are always allowed
pub(crate) fn histogram() -> Histogram<u64> {
    Histogram::new(3).expect("three digits are allowed")
}

pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
