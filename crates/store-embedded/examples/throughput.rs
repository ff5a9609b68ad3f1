//! Measures the embedded store: `cargo run --release -p partita-store-embedded --example throughput [FOLDER]`.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, clippy::expect_used)]

use futures::executor::block_on;
use futures::future::join_all;
use partita_kernel::{InstanceId, Partition, Status, Tags, Timestamp};
use partita_store::{
    Batch, Epoch, Events, Filter, HeadRecord, MessageId, Order, Put, Query, StateRecord, Store,
    StoredMessage, Write,
};
use partita_store_embedded::{EmbeddedStore, Options};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

const PARTITIONS: u16 = 16;
/// Turns from start to end of one instance.
const LIFE: u32 = 7;

fn main() {
    let given = std::env::args().nth(1);
    let own = tempfile::tempdir().unwrap();
    let folder = given.as_deref().map_or(own.path(), Path::new);
    lone_commits(&folder.join("lone"));
    for turns in [1, 16, 256] {
        groups(&folder.join(format!("groups-{turns}")), turns);
    }
    fold_rate(&folder.join("fold"), 100_000);
    sleepers(&folder.join("sleepers"), 100_000);
    let many = std::env::var("ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(100_000);
    lists(&folder.join("lists"), many);
}

fn open(folder: &Path) -> (EmbeddedStore, Vec<Epoch>) {
    let store =
        EmbeddedStore::open(folder, Options { partitions: PARTITIONS, ..Options::default() }).unwrap();
    let all = (0..PARTITIONS).map(|number| store.acquire(Partition(number), "bench"));
    let epochs = block_on(join_all(all)).into_iter().map(Result::unwrap).collect();
    (store, epochs)
}

fn id(partition: u16, number: u64) -> InstanceId {
    // The store derives an instance's partition from its id; here only the spread matters.
    InstanceId::trusted(&format!(
        "{:08x}-{partition:02x}-{number:08x}",
        number.wrapping_mul(0x9e37_79b9) & 0xffff_ffff
    ))
}

fn turn(id: &InstanceId, turn: u32, at: i64) -> Put {
    let status = if turn + 1 == LIFE { Status::Completed } else { Status::Running };
    let bytes: Vec<u8> =
        (0..300_u32).map(|n| (n.wrapping_mul(turn + 7).wrapping_mul(2_654_435_761) >> 25) as u8).collect();
    Put {
        id: id.clone(),
        head: (turn == 0).then(|| HeadRecord {
            name: "Order".into(),
            version: None,
            created_at: Timestamp(at),
            parent: None,
            tags: Tags::new(),
            bytes: bytes[..150].to_vec(),
        }),
        state: StateRecord {
            status,
            updated_at: Timestamp(at),
            completed_at: status.is_terminal().then_some(Timestamp(at)),
            next_wake: None,
            recover: false,
            set_aside: false,
            custom_status: None,
            bytes: bytes[..120].to_vec(),
        },
        reset_history: false,
        events: Events { first: turn * 3, count: 3, bytes },
    }
}

fn lone_commits(folder: &Path) {
    let (store, epochs) = open(folder);
    let mut bare = Vec::new();
    let file = std::fs::File::create(folder.join("bare")).unwrap();
    file.write_all_at(&vec![0; 4 << 20], 0).unwrap();
    file.sync_all().unwrap();
    let mut times: Vec<Duration> = (0..3_000_u64)
        .map(|number| {
            let start = Instant::now();
            file.write_all_at(&[7; 600], number * 640).unwrap();
            file.sync_data().unwrap();
            bare.push(start.elapsed());
            let id = id(0, number / u64::from(LIFE));
            let put = turn(&id, (number % u64::from(LIFE)) as u32, number as i64);
            let batch = Batch { writes: vec![Write::Put(Box::new(put))], ..Batch::default() };
            let start = Instant::now();
            block_on(store.commit(Partition(0), epochs[0], batch)).unwrap();
            start.elapsed()
        })
        .collect();
    times.sort();
    bare.sort();
    println!("bare write and sync, in turn with the commits: p50 {:?}, p90 {:?}", bare[1_500], bare[2_700]);
    println!(
        "lone commit: p50 {:?}, p90 {:?}, p99 {:?}",
        times[times.len() / 2],
        times[times.len() * 9 / 10],
        times[times.len() * 99 / 100]
    );
    let start = Instant::now();
    for number in 0..20_000_u64 {
        block_on(store.load(&id(1, number))).unwrap();
    }
    println!("load of an unknown id: {:?}", start.elapsed() / 20_000);
    block_on(store.close()).unwrap();
}

/// One partition's part: batches of `turns` turns, each with a message sent and one consumed.
async fn work(store: &EmbeddedStore, partition: u16, epoch: Epoch, turns: u64, until: Instant) -> u64 {
    let mut done = 0;
    while Instant::now() < until {
        let mut batch = Batch::default();
        for number in done..done + turns {
            // `turns` instances live side by side.
            let life = number / turns;
            let id = id(partition, number % turns + turns * (life / u64::from(LIFE)));
            batch.writes.push(Write::Put(Box::new(turn(
                &id,
                (life % u64::from(LIFE)) as u32,
                number as i64,
            ))));
            let message = (u128::from(partition) << 64) + u128::from(number);
            batch.sent.push(StoredMessage { id: MessageId(message), target: id, bytes: vec![1; 60] });
            if number >= turns {
                batch.consumed.push(MessageId(message - u128::from(turns)));
            }
        }
        store.commit(Partition(partition), epoch, batch).await.unwrap();
        done += turns;
    }
    done
}

fn groups(folder: &Path, turns: u64) {
    let (store, epochs) = open(folder);
    let start = Instant::now();
    let until = start + Duration::from_secs(4);
    let all = (0..PARTITIONS)
        .map(|partition| work(&store, partition, epochs[usize::from(partition)], turns, until));
    let done: u64 = block_on(join_all(all)).into_iter().sum();
    let committed = start.elapsed();
    let count = block_on(store.count(&Filter::default())).unwrap().total();
    let folded = start.elapsed();
    println!(
        "16 partitions, batches of {turns}: {:.0} turns/s; tables {:?} behind; {count} instances, {:.0}/s into the tables",
        done as f64 / committed.as_secs_f64(),
        folded - committed,
        count as f64 / folded.as_secs_f64()
    );
    block_on(store.close()).unwrap();
}

/// Whole instances, each started and finished at once.
fn fold_rate(folder: &Path, count: u64) {
    let (store, epochs) = open(folder);
    let start = Instant::now();
    for chunk in 0..count / 100 {
        let partition = (chunk % 16) as u16;
        let writes = (0..100).flat_map(|number| {
            let id = id(partition, chunk * 100 + number);
            (0..LIFE).map(move |turns| Write::Put(Box::new(turn(&id, turns, (chunk * 100 + number) as i64))))
        });
        let batch = Batch { writes: writes.collect(), ..Batch::default() };
        block_on(store.commit(Partition(partition), epochs[usize::from(partition)], batch)).unwrap();
    }
    block_on(store.count(&Filter::default())).unwrap();
    println!(
        "fold: {:.0} finished instances/s of {LIFE} turns",
        count as f64 / start.elapsed().as_secs_f64()
    );
    block_on(store.close()).unwrap();
}

fn sleepers(folder: &Path, count: u64) {
    let (store, epochs) = open(folder);
    let random: Vec<u8> =
        (0..count as u32 * 4).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for chunk in 0..count / 100 {
        let partition = (chunk % 16) as u16;
        let writes = (0..100).map(|number| {
            let number = chunk * 100 + number;
            let mut put = turn(&id(partition, number), 0, 1_700_000_000_000_000_000 + number as i64);
            put.state.next_wake = Some(Timestamp(1_800_000_000_000_000_000 + number as i64));
            // Name, execution id, 100 bytes of input; the events started, timer created.
            let part = |length: usize| random[number as usize..number as usize + length].to_vec();
            put.head.as_mut().unwrap().bytes = part(150);
            put.state.bytes = part(40);
            put.events = Events { first: 0, count: 3, bytes: part(210) };
            Write::Put(Box::new(put))
        });
        let batch = Batch { writes: writes.collect(), ..Batch::default() };
        block_on(store.commit(Partition(partition), epochs[usize::from(partition)], batch)).unwrap();
    }
    block_on(store.close()).unwrap();
    let length = std::fs::metadata(folder.join("partita.db")).unwrap().len();
    let start = Instant::now();
    let (store, _) = open(folder);
    println!("sleepers: {} bytes each in partita.db; open {:?}", length / count, start.elapsed());
    let info = block_on(store.info()).unwrap();
    println!("sleepers: {} bytes each with the journal and all", info.disk_bytes / count);
    block_on(store.close()).unwrap();
}

fn lists(folder: &Path, rows: u64) {
    let (store, epochs) = open(folder);
    for chunk in 0..rows / 200 {
        let partition = (chunk % 16) as u16;
        let writes = (0..200).map(|number| {
            let number = chunk * 200 + number;
            let mut put = turn(&id(partition, number), 0, number as i64);
            put.head.as_mut().unwrap().name = format!("Workflow{:02}", number % 50).into();
            put.state.status =
                if number % 100_000 == 7 { Status::Failed } else { Status::ALL[(number % 3) as usize] };
            put.events.bytes.truncate(60);
            Write::Put(Box::new(put))
        });
        let batch = Batch { writes: writes.collect(), ..Batch::default() };
        block_on(store.commit(Partition(partition), epochs[usize::from(partition)], batch)).unwrap();
    }
    block_on(store.count(&Filter::default())).unwrap();
    let all = Filter::default;
    for (what, filter) in [
        ("everything", all()),
        ("a common status", Filter { statuses: vec![Status::Completed], ..all() }),
        ("a rare status", Filter { statuses: vec![Status::Failed], ..all() }),
        ("a name", Filter { names: vec!["Workflow07".into()], ..all() }),
        ("a name's beginning", Filter { names: vec!["Workflow1*".into()], ..all() }),
        (
            "a rare status and a name",
            Filter { statuses: vec![Status::Failed], names: vec!["Workflow07".into()], ..all() },
        ),
        ("an id's beginning", Filter { id_prefix: Some("0000".into()), ..all() }),
    ] {
        let times: Vec<Duration> = [Order::CreatedDescending, Order::UpdatedDescending, Order::IdAscending]
            .into_iter()
            .map(|order| {
                let start = Instant::now();
                block_on(store.query(&Query { filter: filter.clone(), order, ..Query::default() })).unwrap();
                start.elapsed()
            })
            .collect();
        let start = Instant::now();
        block_on(store.count(&filter)).unwrap();
        println!(
            "{rows} rows, {what}: first page {times:?} (created, updated, id), count {:?}",
            start.elapsed()
        );
    }
    block_on(store.close()).unwrap();
}
