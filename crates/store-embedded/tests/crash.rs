//! What the journal withstands: torn, lost, reordered and refused writes, at every place.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{acquire, commit, grow, length, open_on, segments, settle, until_spare};
use partita_store::StoreError;
use partita_store_embedded::simulated::{Failure, SimulatedDisk, Unsynced};
use std::io::ErrorKind;
use std::path::Path;
use tempfile::TempDir;

/// A journal whose paths mean the same under every folder.
fn moved(disk: &SimulatedDisk, from: &Path, to: &Path) -> SimulatedDisk {
    let moved = SimulatedDisk::default();
    for path in disk.paths() {
        moved.write(&to.join(path.strip_prefix(from).unwrap()), disk.read(&path).unwrap());
    }
    moved
}

/// Opens what a crash left, with tables that hold nothing yet, and tells how long the history is.
fn length_after(disk: &SimulatedDisk, folder: &Path, unsynced: Unsynced) -> Result<u32, StoreError> {
    let fresh = TempDir::new().unwrap();
    let disk = moved(&disk.after_crash(unsynced), folder, fresh.path());
    let store = open_on(fresh.path(), &disk)?;
    let before = length(&store);
    // What was found must also stay, and more must fit behind it.
    let epoch = acquire(&store)?;
    commit(&store, epoch, before)?;
    drop(store);
    let again = moved(&disk.after_crash(Unsynced::Lost), fresh.path(), fresh.path());
    let other = TempDir::new().unwrap();
    let store = open_on(other.path(), &moved(&again, fresh.path(), other.path()))?;
    assert_eq!(length(&store), before + 1);
    Ok(before)
}

/// A store with five acknowledged commits and a sixth whose sync failed.
fn with_a_write_in_flight() -> (TempDir, SimulatedDisk, usize) {
    let (folder, disk) = (TempDir::new().unwrap(), SimulatedDisk::default());
    let store = open_on(folder.path(), &disk).unwrap();
    let epoch = acquire(&store).unwrap();
    grow(&store, epoch, 0, 5);
    until_spare(&disk, folder.path());
    let segment = segments(&disk).remove(0);
    let before = disk.read(&segment).unwrap();
    disk.fail(Failure { at: 2, times: 1, kind: ErrorKind::Other });
    assert!(matches!(commit(&store, epoch, 5), Err(StoreError::Poisoned(_))));
    let after = disk.read(&segment).unwrap();
    let start = before.iter().zip(&after).position(|(a, b)| a != b).unwrap();
    let end = before.iter().zip(&after).rposition(|(a, b)| a != b).unwrap();
    drop(store);
    (folder, disk, end - start + 1)
}

#[test]
fn a_last_write_torn_at_any_byte_is_there_or_not_at_all() {
    let (folder, disk, bytes) = with_a_write_in_flight();
    for kept in 0..=bytes {
        let found = length_after(&disk, folder.path(), Unsynced::Torn(kept)).unwrap();
        assert!(
            found == 5 || (found == 6 && kept + 8 >= bytes),
            "{kept} of {bytes} bytes give {found} events"
        );
    }
    assert_eq!(length_after(&disk, folder.path(), Unsynced::Kept), Ok(6));
}

#[test]
fn a_lost_or_reordered_last_write_does_not_hurt_what_was_acknowledged() {
    let (folder, disk, _) = with_a_write_in_flight();
    assert_eq!(length_after(&disk, folder.path(), Unsynced::Lost), Ok(5));
    assert!(matches!(length_after(&disk, folder.path(), Unsynced::LastSectorOnly), Ok(5 | 6)));
}

#[test]
fn whatever_was_acknowledged_survives_the_loss_of_all_else() {
    let (folder, disk) = (TempDir::new().unwrap(), SimulatedDisk::default());
    let store = open_on(folder.path(), &disk).unwrap();
    let epoch = acquire(&store).unwrap();
    for before in 0..80 {
        commit(&store, epoch, before).unwrap();
        if before % 8 == 0 {
            assert_eq!(length_after(&disk, folder.path(), Unsynced::Lost), Ok(before + 1));
        }
    }
    assert!(segments(&disk).len() > 2, "the workload goes over several segments");
}

#[test]
fn after_a_failed_sync_nothing_is_accepted_until_reopened() {
    let (folder, disk) = (TempDir::new().unwrap(), SimulatedDisk::default());
    let store = open_on(folder.path(), &disk).unwrap();
    let epoch = acquire(&store).unwrap();
    grow(&store, epoch, 0, 3);
    until_spare(&disk, folder.path());
    disk.fail(Failure { at: 2, times: 1, kind: ErrorKind::Other });
    assert!(matches!(commit(&store, epoch, 3), Err(StoreError::Poisoned(_))));
    assert!(matches!(commit(&store, epoch, 3), Err(StoreError::Poisoned(_))));
    assert!(matches!(acquire(&store), Err(StoreError::Poisoned(_))));
    assert_eq!(length(&store), 3, "reading goes on");

    futures::executor::block_on(partita_store::Store::reopen(&store)).unwrap();
    assert_eq!(commit(&store, epoch, 3), Err(StoreError::Fenced));
    let epoch = acquire(&store).unwrap();
    grow(&store, epoch, 3, 6);
    assert_eq!(length_after(&disk, folder.path(), Unsynced::Lost), Ok(6));
    assert_eq!(length_after(&disk, folder.path(), Unsynced::Kept), Ok(6), "the failed write stays void");
}

/// Runs a workload to its end over one failure: as a careful caller does.
fn stubborn(folder: &Path, disk: &SimulatedDisk, until: u32) {
    let store = loop {
        match open_on(folder, disk) {
            Ok(store) => break store,
            Err(StoreError::Corrupt(why)) => panic!("{why}"),
            Err(_) => {}
        }
    };
    let mut epoch = None;
    let mut acknowledged = 0;
    while acknowledged < until {
        let Some(owned) = epoch else {
            futures::executor::block_on(partita_store::Store::reopen(&store)).ok();
            epoch = acquire(&store).ok();
            continue;
        };
        match commit(&store, owned, acknowledged) {
            Ok(()) => acknowledged += 1,
            Err(StoreError::Full(_) | StoreError::Unavailable(_)) => {}
            Err(StoreError::Poisoned(_)) => epoch = None,
            Err(other) => panic!("{other}"),
        }
        assert_eq!(length(&store), acknowledged, "exactly what was acknowledged holds");
    }
}

#[test]
fn every_single_operation_may_fail() {
    for kind in [ErrorKind::Other, ErrorKind::StorageFull] {
        for at in 1.. {
            let (folder, disk) = (TempDir::new().unwrap(), SimulatedDisk::default());
            disk.fail(Failure { at, times: 1, kind });
            stubborn(folder.path(), &disk, 22);
            let operations = disk.operations();
            assert_eq!(length_after(&disk, folder.path(), Unsynced::Lost), Ok(22), "operation {at} failed");
            if at > operations {
                break;
            }
        }
    }
}

#[test]
fn what_an_old_life_left_in_a_segment_never_comes_back() {
    let folder = TempDir::new().unwrap();
    let mut disk = SimulatedDisk::default();
    let mut total = 0;
    let mut names = std::collections::BTreeSet::new();
    for round in 0..24 {
        let store = open_on(folder.path(), &disk).unwrap();
        assert_eq!(length(&store), total, "round {round}");
        let epoch = acquire(&store).unwrap();
        let more = 40 + round * 7 % 23;
        grow(&store, epoch, total, total + more);
        total += more;
        // Folds, and gives up segments once there are some.
        settle(&store).unwrap();
        grow(&store, epoch, total, total + 3);
        total += 3;
        names.extend(segments(&disk));
        drop(store);
        disk = disk.after_crash(if round % 2 == 0 { Unsynced::Lost } else { Unsynced::Kept });
    }
    assert!(names.len() > 24 && segments(&disk).len() < 12, "segments come and go");
}

#[test]
fn damage_before_the_end_is_told_with_its_place() {
    let (folder, disk) = (TempDir::new().unwrap(), SimulatedDisk::default());
    let store = open_on(folder.path(), &disk).unwrap();
    let epoch = acquire(&store).unwrap();
    grow(&store, epoch, 0, 65);
    drop(store);
    let all = segments(&disk);
    assert!(all.len() >= 2);
    for segment in &all {
        // Damage to the very last frame cannot be told from a torn write.
        let offsets: &[usize] = if segment == &all[all.len() - 1] { &[20, 40] } else { &[20, 40, 200, 900] };
        for &offset in offsets {
            let broken = disk.after_crash(Unsynced::Lost);
            let mut bytes = broken.read(segment).unwrap();
            bytes[offset] ^= 0x10;
            broken.write(segment, bytes);
            let name = segment.file_name().unwrap().to_str().unwrap();
            match length_after(&broken, folder.path(), Unsynced::Lost) {
                Err(StoreError::Corrupt(text)) => {
                    assert!(text.contains(name) && text.contains("at byte"), "{text}");
                    assert!(text.contains("partita store check"), "{text}");
                }
                other => panic!("{name} at {offset}: {other:?}"),
            }
        }
    }
}

#[test]
fn a_missing_segment_is_told() {
    let (folder, disk) = (TempDir::new().unwrap(), SimulatedDisk::default());
    let store = open_on(folder.path(), &disk).unwrap();
    let epoch = acquire(&store).unwrap();
    grow(&store, epoch, 0, 80);
    drop(store);
    let all = segments(&disk);
    for gone in &all[..all.len() - 1] {
        let broken = disk.after_crash(Unsynced::Lost);
        partita_store_embedded::disk::Disk::remove(&broken, gone).unwrap();
        assert!(matches!(length_after(&broken, folder.path(), Unsynced::Lost), Err(StoreError::Corrupt(_))));
    }
}

#[test]
fn without_room_for_a_segment_nothing_is_written_and_later_all_is_well() {
    let (folder, disk) = (TempDir::new().unwrap(), SimulatedDisk::default());
    let store = open_on(folder.path(), &disk).unwrap();
    let epoch = acquire(&store).unwrap();
    disk.set_capacity(Some(4 * 1024));
    let mut total = 0;
    let full = loop {
        match commit(&store, epoch, total) {
            Ok(()) => total += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(full, StoreError::Full(_)), "{full}");
    assert!(matches!(commit(&store, epoch, total), Err(StoreError::Full(_))));
    assert_eq!(length(&store), total);
    disk.set_capacity(None);
    // The next attempt may still hear of the segment that could not be made.
    let mut attempts = 0;
    while commit(&store, epoch, total).is_err() {
        attempts += 1;
        assert!(attempts < 3, "there is room again");
    }
    grow(&store, epoch, total + 1, total + 30);
    assert_eq!(length_after(&disk, folder.path(), Unsynced::Lost), Ok(total + 30));
}

#[test]
fn nothing_is_applied_over_a_batch_that_was_refused() {
    let (folder, disk) = (TempDir::new().unwrap(), SimulatedDisk::default());
    let store = open_on(folder.path(), &disk).unwrap();
    let epoch = acquire(&store).unwrap();
    disk.set_capacity(Some(2 * 1024));
    let send = |length| {
        partita_store::Store::commit(&store, partita_kernel::Partition(0), epoch, common::step(length))
    };
    let mut total = 0;
    let refused = loop {
        let first = send(total);
        let second = send(total + 1);
        // The second must not hold when the first does not, whatever happens in between.
        match futures::executor::block_on(futures::future::join(first, second)) {
            (Ok(()), Ok(())) => total += 2,
            (Ok(()), Err(_)) => break total + 1,
            (Err(_), second) => {
                assert!(second.is_err());
                break total;
            }
        }
    };
    assert_eq!(length(&store), refused);
    let first = send(refused);
    futures::executor::block_on(async {
        // Not polled yet, so its failure is not seen.
        disk.set_capacity(None);
        let second = send(refused + 1);
        match first.await {
            Ok(()) => assert_eq!(second.await, Ok(())),
            Err(_) => assert!(second.await.is_err()),
        }
    });
}
