//! Entities whatever happens: stores that fail, engines that end, instances that are terminated in the middle of a
//! critical section. No operation that was accepted is lost, none counts twice, and nothing stays locked.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a test, helpers included

use partita::engine::kernel::Timestamp;
use partita::engine::store::faulty::{Fault, FaultyStore};
use partita::engine::store::memory::MemoryStore;
use partita::engine::{EntityQuery, VirtualClock};
use partita::{
    Client, EntityContext, EntityId, EntityType, Error, InstanceId, OrchestrationContext, Result, Runtime,
    RuntimeBuilder, StartOptions, testing,
};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

const ENTITIES: u64 = 4;

/// Numbers that look random and are the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// Remembers every number that it was given, and every one that it was given twice.
fn ledger() -> EntityType<(BTreeSet<u64>, Vec<u64>)> {
    EntityType::new()
        .operation("note", |state: &mut (BTreeSet<u64>, Vec<u64>), ctx: &mut EntityContext, number: u64| {
            if !state.0.insert(number) {
                state.1.push(number);
            }
            if number.is_multiple_of(7) && number < 1_000_000 {
                // Another entity hears of it, once.
                let next = EntityId::new("ledger", &((number / 7) % ENTITIES).to_string())?;
                ctx.signal(&next, "note", number + 1_000_000)?;
            }
            Ok(state.0.len())
        })
        .async_operation("ponder", |state, ctx, millis: u64| async move {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            Ok((state, ctx, ()))
        })
}

fn entity(number: u64) -> EntityId {
    EntityId::new("Ledger", &(number % ENTITIES).to_string()).unwrap()
}

/// Notes three numbers in two entities that it has locked, with waits in between.
async fn careful(ctx: OrchestrationContext, number: u64) -> Result<()> {
    let (one, other) = (entity(number), entity(number / 4 + 1));
    let section = ctx.lock_entities([&one, &other]).await?;
    ctx.call_entity::<usize>(&one, "note", number).await?;
    ctx.create_timer(Duration::from_millis(number % 300)).await;
    ctx.call_entity::<()>(&other, "ponder", number % 50).await?;
    ctx.call_entity::<usize>(&other, "note", number + 100_000).await?;
    if number.is_multiple_of(5) {
        return Err(Error::new("Stumbled", "in the middle of its section"));
    }
    section.release();
    ctx.signal_entity(&one, "note", number + 200_000)
}

fn builder() -> RuntimeBuilder {
    Runtime::builder().entity("Ledger", ledger()).orchestrator("Careful", careful)
}

/// What outlives an engine.
struct World {
    dice: Dice,
    memory: Arc<MemoryStore>,
    /// Numbers that must be in the ledger.
    owed: BTreeSet<u64>,
    started: Vec<(InstanceId, u64)>,
    next: u64,
    engines: i64,
}

/// One engine on the store, an hour after the one before it.
struct Process<'a> {
    world: &'a mut World,
    store: Arc<FaultyStore>,
    runtime: Runtime,
}

impl World {
    fn new(seed: u64) -> Self {
        let dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let memory = Arc::new(MemoryStore::new(2));
        Self { dice, memory, owed: BTreeSet::new(), started: Vec::new(), next: 1, engines: 0 }
    }

    async fn open(&mut self) -> Process<'_> {
        self.engines += 1;
        let now = Timestamp(testing::ORIGIN.0 + self.engines * 3_600_000_000_000);
        let store = Arc::new(FaultyStore::new(self.memory.clone()));
        let runtime = testing::virtual_time(builder())
            .store(store.clone())
            .clock(Arc::new(VirtualClock::starting_at(now)))
            .configure(|config| config.hot_instances = 16);
        Process { world: self, store, runtime: runtime.start().await.unwrap() }
    }
}

impl Process<'_> {
    fn client(&self) -> Client {
        self.runtime.client()
    }

    /// Steps up to `most`, or until the process is to end without a word. Says how many are left.
    async fn live(&mut self, most: usize) -> usize {
        for done in 0..most {
            self.step().await;
            if self.world.dice.below(12) == 0 {
                return most - done - 1;
            }
        }
        0
    }

    async fn step(&mut self) {
        let client = self.client();
        self.world.next += 1;
        let number = self.world.next;
        match self.world.dice.below(12) {
            0..4 => {
                // One that was refused may be there all the same, when the answer was lost.
                if client.signal_entity(&entity(number), "note", &number).await.is_ok() {
                    self.world.owed.insert(number);
                }
            }
            4..8 => {
                let options = StartOptions::id(format!("careful-{number}"));
                if let Ok(id) = client.start_with("Careful", &number, options).await {
                    self.world.started.push((id, number));
                }
            }
            8 | 11 if !self.world.started.is_empty() => {
                // Often the last one, which is just about to lock something.
                let count = self.world.started.len() as u64;
                let back = self.world.dice.below(count.min(1 + number % 5));
                let (id, _) = self.world.started[usize::try_from(count - 1 - back).unwrap()].clone();
                let _ = client.terminate(&id, "on a whim").await; // it may have ended
            }
            9 => self.store.fail_next(match self.world.dice.below(3) {
                0 => Fault::full(),
                1 => Fault::unavailable(),
                _ => Fault::LoseAnswer,
            }),
            _ => tokio::time::sleep(Duration::from_millis(self.world.dice.below(200))).await,
        }
        if self.world.dice.below(3) == 0 {
            tokio::time::sleep(Duration::from_millis(self.world.dice.below(30))).await;
        }
    }

    async fn check(self, seed: u64) {
        let client = self.client();
        let all = EntityQuery { transient: true, ..EntityQuery::default() };
        for (id, number) in std::mem::take(&mut self.world.started) {
            let view = client.wait(&id, Duration::from_secs(3600)).await.unwrap();
            let told = async || (client.why(&id).await, client.entities(&all).await);
            assert!(view.status.is_terminal(), "seed {seed}: {:?}", told().await);
            if view.status == partita::Status::Completed {
                self.world.owed.extend([number, number + 100_000, number + 200_000]);
            }
        }
        tokio::time::sleep(Duration::from_secs(60)).await;
        let mut noted = BTreeSet::new();
        for view in client.entities(&all).await.unwrap().entities {
            assert_eq!((view.backlog, &view.lock), (0, &None), "seed {seed}: {view:?}");
            let (numbers, twice): (BTreeSet<u64>, Vec<u64>) =
                serde_json::from_str(view.state.unwrap().as_str()).unwrap();
            assert_eq!(twice, [0; 0], "seed {seed}: {} was told twice", view.id);
            noted.extend(numbers);
        }
        let heard: Vec<u64> =
            noted.iter().filter(|number| number.is_multiple_of(7) && **number < 1_000_000).copied().collect();
        self.world.owed.extend(heard.iter().map(|number| number + 1_000_000));
        let lost: Vec<_> = self.world.owed.difference(&noted).collect();
        assert!(lost.is_empty(), "seed {seed}: lost {lost:?}");
        let unheard = noted.iter().filter(|number| **number >= 1_000_000).count();
        assert_eq!(unheard, heard.len(), "seed {seed}: nobody sent the rest");
    }
}

#[test]
fn random_lives_lose_nothing_and_lock_nothing_for_ever() {
    let seeds = std::env::var("PARTITA_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(150);
    for seed in 1..=seeds {
        let mut world = World::new(seed);
        let mut left = 60;
        while left > 0 {
            let tokio = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .start_paused(true)
                .build()
                .unwrap();
            left = tokio.block_on(async {
                let mut process = world.open().await;
                let left = process.live(left).await;
                if left == 0 {
                    process.check(seed).await;
                }
                left
            });
        }
    }
}
