//! A store's folder: who may open it, what operators do to it, and what a killed process leaves.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout
)]

mod common;

use common::{acquire, commit, finished, grow, length, settle};
use futures::executor::block_on;
use partita_kernel::Partition;
use partita_store::conformance::build::put;
use partita_store::{Batch, Filter, Store, StoreError};
use partita_store_embedded::maintenance::{check, compact};
use partita_store_embedded::{EmbeddedStore, Options};
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

fn options() -> Options {
    Options { segment_bytes: 64 << 10, ..common::options() }
}

fn open(folder: &Path) -> Result<EmbeddedStore, StoreError> {
    EmbeddedStore::open(folder, options())
}

#[test]
fn a_second_opener_hears_who_has_it() {
    let folder = TempDir::new().unwrap();
    let first = open(folder.path()).unwrap();
    let Err(StoreError::Locked(text)) = open(folder.path()) else { panic!("it is held") };
    assert!(text.contains(&std::process::id().to_string()), "{text}");
    assert!(matches!(check(folder.path()), Err(StoreError::Locked(_))));
    assert!(matches!(compact(folder.path()), Err(StoreError::Locked(_))));
    drop(first);
    open(folder.path()).unwrap();
}

#[test]
fn closing_lets_go_and_nothing_works_afterwards() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path()).unwrap();
    let epoch = acquire(&store).unwrap();
    grow(&store, epoch, 0, 3);
    block_on(store.close()).unwrap();
    block_on(store.close()).unwrap();
    let again = open(folder.path()).unwrap();
    assert_eq!(length(&again), 3);
    assert!(matches!(commit(&store, epoch, 3), Err(StoreError::Unavailable(_))));
    assert!(matches!(acquire(&store), Err(StoreError::Unavailable(_))));
    assert!(matches!(settle(&store), Err(StoreError::Unavailable(_))));
}

#[test]
fn other_versions_are_refused() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path()).unwrap();
    let epoch = acquire(&store).unwrap();
    grow(&store, epoch, 0, 3);
    drop(store);

    let segment = folder.path().join("journal/000001.log");
    let whole = std::fs::read(&segment).unwrap();
    let mut other = whole.clone();
    other[8] = 77;
    std::fs::write(&segment, other).unwrap();
    let Err(StoreError::Version(text)) = open(folder.path()) else { panic!("another journal") };
    assert!(text.contains("77") && text.contains("000001.log"), "{text}");
    std::fs::write(&segment, whole).unwrap();
    assert_eq!(length(&open(folder.path()).unwrap()), 3);

    let tables = rusqlite::Connection::open(folder.path().join("partita.db")).unwrap();
    tables.pragma_update(None, "user_version", 99).unwrap();
    drop(tables);
    assert!(matches!(open(folder.path()), Err(StoreError::Version(text)) if text.contains("99")));
}

#[test]
fn stores_without_a_tally_get_one() {
    let folder = TempDir::new().unwrap();
    let count = |store: &EmbeddedStore| block_on(store.count(&Filter::default())).unwrap();
    let store = open(folder.path()).unwrap();
    let epoch = acquire(&store).unwrap();
    grow(&store, epoch, 0, 3);
    let before = count(&store);
    assert_eq!(before.total(), 1);
    block_on(store.close()).unwrap();
    drop(store);

    let tables = rusqlite::Connection::open(folder.path().join("partita.db")).unwrap();
    tables.execute_batch("DROP TABLE tally; PRAGMA user_version = 1").unwrap();
    drop(tables);
    assert_eq!(check(folder.path()).unwrap().problems, Vec::<String>::new());
    let store = open(folder.path()).unwrap();
    assert_eq!(count(&store), before);
    block_on(store.close()).unwrap();
    drop(store);

    let tables = rusqlite::Connection::open(folder.path().join("partita.db")).unwrap();
    tables.execute_batch("UPDATE tally SET count = count + 2").unwrap();
    drop(tables);
    let problems = check(folder.path()).unwrap().problems;
    assert!(matches!(problems.as_slice(), [one] if one.contains('3') && one.contains('1')), "{problems:?}");
}

#[test]
fn a_database_that_is_none_is_damage() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("partita.db"), vec![b'x'; 10_000]).unwrap();
    assert!(
        matches!(open(folder.path()), Err(StoreError::Corrupt(text)) if text.contains("partita store check"))
    );
}

#[test]
fn the_number_of_partitions_stays() {
    let folder = TempDir::new().unwrap();
    drop(EmbeddedStore::open(folder.path(), Options { partitions: 7, ..options() }).unwrap());
    let store = EmbeddedStore::open(folder.path(), Options { partitions: 12, ..options() }).unwrap();
    assert_eq!(store.partitions(), 7);
}

#[test]
fn full_tables_hold_commits_back_and_lose_nothing() {
    let folder = TempDir::new().unwrap();
    let tight = Options {
        unfolded_bytes: 20_000,
        fold_interval: Duration::ZERO,
        database_pages: Some(40),
        ..options()
    };
    let store = EmbeddedStore::open(folder.path(), tight).unwrap();
    let epoch = acquire(&store).unwrap();
    let mut acknowledged = 0;
    let refused = loop {
        let writes = vec![put(finished(&format!("w{acknowledged}")))];
        match block_on(store.commit(Partition(0), epoch, Batch { writes, ..Batch::default() })) {
            Ok(()) => acknowledged += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, StoreError::Full(_)), "{refused}");
    assert!(matches!(settle(&store), Err(StoreError::Full(_))));
    assert!(acknowledged > 50);
    drop(store);
    let store = open(folder.path()).unwrap();
    assert_eq!(settle(&store), Ok(acknowledged));
}

#[test]
fn commits_wait_for_the_tables_when_memory_is_short() {
    let folder = TempDir::new().unwrap();
    let little = Options { unfolded_bytes: 2_000, ..options() };
    let store = EmbeddedStore::open(folder.path(), little).unwrap();
    let epoch = acquire(&store).unwrap();
    for number in 0..200 {
        let writes = vec![put(finished(&format!("w{number}")))];
        block_on(store.commit(Partition(0), epoch, Batch { writes, ..Batch::default() })).unwrap();
        assert!(block_on(store.info()).unwrap().unfolded_bytes < 4_000);
    }
    assert_eq!(settle(&store), Ok(200));
}

#[test]
fn a_copy_made_while_running_opens_as_a_store() {
    let (folder, copies) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let store = open(folder.path()).unwrap();
    let epoch = acquire(&store).unwrap();
    grow(&store, epoch, 0, 9);
    block_on(store.set_setting("k", Some(b"v"))).unwrap();
    let target = copies.path().join("new/copy");
    block_on(store.backup(&target)).unwrap();
    assert!(matches!(block_on(store.backup(&target)), Err(StoreError::Unsupported(_))));
    grow(&store, epoch, 9, 12);
    let copy = open(&target).unwrap();
    assert_eq!(length(&copy), 9);
    assert_eq!(block_on(copy.setting("k")), Ok(Some(b"v".to_vec())));
    let newer = acquire(&copy).unwrap();
    assert!(newer > epoch);
    grow(&copy, newer, 9, 11);
    assert_eq!((length(&copy), length(&store)), (11, 12));
    drop(copy);
    assert_eq!(check(&target).unwrap().problems, Vec::<String>::new());
}

#[test]
fn a_check_of_a_sound_store_finds_nothing_wrong() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path()).unwrap();
    let epoch = acquire(&store).unwrap();
    grow(&store, epoch, 0, 20);
    settle(&store).unwrap();
    grow(&store, epoch, 20, 25);
    drop(store);
    let report = check(folder.path()).unwrap();
    assert_eq!(report.problems, Vec::<String>::new());
    assert_eq!((report.instances, report.unfolded, report.torn), (1, 5, 0));
    assert!(report.frames >= 25 && report.pieces >= 1);
}

#[test]
fn a_check_finds_damage_everywhere() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path()).unwrap();
    let epoch = acquire(&store).unwrap();
    for length in 0..20 {
        commit(&store, epoch, length).unwrap();
        settle(&store).unwrap();
    }
    grow(&store, epoch, 20, 25);
    drop(store);
    let tables = rusqlite::Connection::open(folder.path().join("partita.db")).unwrap();
    tables.execute("DELETE FROM history WHERE first = 5", []).unwrap();
    tables.execute("UPDATE instances SET state = x'07'", []).unwrap();
    drop(tables);
    let segment = folder.path().join("journal/000001.log");
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    let problems = check(folder.path()).unwrap().problems.join("\n");
    for part in ["has a gap", "unknown form", "000001.log at byte"] {
        assert!(problems.contains(part), "{part}: {problems}");
    }
}

#[test]
fn a_store_is_checked_while_it_is_in_use() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path()).unwrap();
    let epoch = acquire(&store).unwrap();
    for length in 0..20 {
        commit(&store, epoch, length).unwrap();
        settle(&store).unwrap();
    }
    let sound = block_on(Store::check(&store)).unwrap();
    assert_eq!((sound.instances, sound.events, sound.complete), (1, 20, true));
    assert_eq!(sound.problems, Vec::<String>::new());
    let files = block_on(store.files()).unwrap();
    assert!(files.iter().any(|file| file.name == "partita.db" && file.bytes > 0), "{files:?}");
    assert!(files.iter().any(|file| file.name.starts_with("journal/")), "{files:?}");

    let tables = rusqlite::Connection::open(folder.path().join("partita.db")).unwrap();
    tables.execute("DELETE FROM history WHERE first = 5", []).unwrap();
    tables.execute("UPDATE instances SET state = x'07'", []).unwrap();
    drop(tables);
    let problems = block_on(Store::check(&store)).unwrap().problems.join("\n");
    for part in ["has a gap", "unknown form"] {
        assert!(problems.contains(part), "{part}: {problems}");
    }
    commit(&store, epoch, 20).unwrap();
}

#[test]
fn a_check_needs_a_store() {
    let folder = TempDir::new().unwrap();
    assert!(matches!(check(folder.path()), Err(StoreError::Unavailable(_))));
    assert!(matches!(compact(folder.path()), Err(StoreError::Unavailable(_))));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "and makes none");
}

#[test]
fn compacting_keeps_everything_in_less_room() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path()).unwrap();
    let epoch = acquire(&store).unwrap();
    let writes =
        |range: std::ops::Range<u32>| range.map(|number| put(finished(&format!("w{number}")))).collect();
    let batch = Batch { writes: writes(0..2_000), ..Batch::default() };
    block_on(store.commit(Partition(0), epoch, batch)).unwrap();
    settle(&store).unwrap();
    let deletes = (100..2_000).map(|number| partita_store::Write::Delete(finished(&format!("w{number}")).id));
    let batch = Batch { writes: deletes.collect(), ..Batch::default() };
    block_on(store.commit(Partition(0), epoch, batch)).unwrap();
    grow(&store, epoch, 0, 10);
    drop(store);
    let compacted = compact(folder.path()).unwrap();
    assert!(compacted.after * 2 < compacted.before, "{compacted:?}");
    let store = open(folder.path()).unwrap();
    assert_eq!((settle(&store), length(&store)), (Ok(101), 10));
    let epoch = acquire(&store).unwrap();
    grow(&store, epoch, 10, 20);
    drop(store);
    assert_eq!(length(&open(folder.path()).unwrap()), 20);
}

#[test]
fn a_store_without_free_room_says_so_before_it_writes() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path()).unwrap();
    let epoch = acquire(&store).unwrap();
    let mut endless = finished("a");
    endless.events.first = u32::MAX - 1;
    let batch = Batch { writes: vec![put(endless)], ..Batch::default() };
    assert!(matches!(
        block_on(store.commit(Partition(0), epoch, batch)),
        Err(StoreError::Unsupported(text)) if text.contains("events")
    ));
    grow(&store, epoch, 0, 2);
}

const VICTIM: &str = "PARTITA_TEST_VICTIM";

/// Not a test by itself: the process that the next test kills. It commits and says what was acknowledged.
#[test]
fn victim() {
    let Some(folder) = std::env::var_os(VICTIM) else { return };
    let hasty = Options { fold_interval: Duration::from_millis(2), segment_bytes: 16 << 10, ..options() };
    let store = EmbeddedStore::open(Path::new(&folder), hasty).unwrap();
    let epoch = acquire(&store).unwrap();
    let mut out = std::io::stdout();
    for total in length(&store).. {
        commit(&store, epoch, total).unwrap();
        writeln!(out, "held {}", total + 1).unwrap();
    }
}

#[test]
fn a_killed_process_loses_nothing_that_it_acknowledged() {
    let folder = TempDir::new().unwrap();
    let mut held = 0_u32;
    for round in 0..12 {
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "victim", "--nocapture", "--test-threads", "1"])
            .env(VICTIM, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(victim.stdout.take().unwrap()).lines();
        let mut more = 30 + 41 * round % 97;
        for line in lines {
            let Ok(line) = line else { break };
            if let Some(number) = line.strip_prefix("held ").and_then(|number| number.parse().ok()) {
                held = number;
                more -= 1;
            }
            if more == 0 {
                victim.kill().unwrap();
            }
        }
        victim.wait().unwrap();
        let store = open(folder.path()).unwrap();
        let found = length(&store);
        assert!(found >= held, "round {round}: {found} of {held} events are left");
        held = found;
        drop(store);
        assert_eq!(check(folder.path()).unwrap().problems, Vec::<String>::new());
    }
}

#[test]
fn any_tool_reads_the_views() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path()).unwrap();
    let epoch = acquire(&store).unwrap();
    grow(&store, epoch, 0, 7);
    settle(&store).unwrap();
    let tables = rusqlite::Connection::open(folder.path().join("partita.db")).unwrap();
    let sql = "SELECT id, name, status, created_at, events FROM v_instances";
    let row = tables.query_row(sql, [], |row| {
        Ok((
            row.get::<_, String>(0)?,
            row.get::<_, String>(2)?,
            row.get::<_, String>(3)?,
            row.get::<_, u32>(4)?,
        ))
    });
    assert_eq!(row.unwrap(), ("a".into(), "Running".into(), "1970-01-01T00:00:00.000Z".into(), 7));
    let sql = "SELECT sum(count), max(bytes) > 0 FROM v_history WHERE id = 'a'";
    let row = tables.query_row(sql, [], |row| Ok((row.get::<_, u32>(0)?, row.get::<_, bool>(1)?)));
    assert_eq!(row.unwrap(), (7, true));
}
