//! Whatever happens between turns in whatever order: nothing is lost, and what comes out is the same as
//! where the workflow runs here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use partita_engine::store::faulty::{Fault, FaultyStore};
use partita_engine::store::memory::MemoryStore;
use partita_engine::{EngineConfig, RemoteFailure, RemoteTurn, StartRequest};
use partita_kernel::{Failure, InstanceId, Status};
use std::sync::Arc;
use std::time::Duration;
use support::{Hub, Setup, answer, payload, virtual_time};

const INSTANCES: usize = 3;
const EVENTS: usize = 4;

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

struct Life {
    dice: Dice,
    memory: Arc<MemoryStore>,
    store: Arc<FaultyStore>,
    hub: Hub,
    /// Turns that workers have, also those of engines that are gone.
    out: Vec<RemoteTurn>,
    /// How many events each instance was sent.
    raised: [usize; INSTANCES],
    elsewhere: bool,
    /// How many commits there were when one was last told to fail.
    faulty: Option<u64>,
}

fn setup(elsewhere: bool) -> Setup {
    let config = EngineConfig { turn_attempts: u32::MAX, hot_instances: 16, ..EngineConfig::default() };
    let takes = |call: &partita_engine::FunctionCall| Duration::from_millis(37 * (call.task_id as u64 % 5));
    Setup { elsewhere, takes, config, failures: 0 }
}

fn id(number: usize) -> InstanceId {
    InstanceId::trusted(&format!("i{number}"))
}

impl Life {
    async fn begin(seed: u64, elsewhere: bool) -> Self {
        let memory = Arc::new(MemoryStore::new(2));
        let store = Arc::new(FaultyStore::new(memory.clone()));
        let hub = Hub::open_with(store.clone(), setup(elsewhere)).await;
        let dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let mut life = Self {
            dice,
            memory,
            store,
            hub,
            out: Vec::new(),
            raised: [0; INSTANCES],
            elsewhere,
            faulty: None,
        };
        for number in 0..INSTANCES {
            life.start(number).await;
        }
        life
    }

    async fn restart(&mut self) {
        self.store = Arc::new(FaultyStore::new(self.memory.clone()));
        self.faulty = None;
        self.hub = Hub::open_with(self.store.clone(), setup(self.elsewhere)).await;
    }

    async fn start(&mut self, number: usize) {
        let request = || StartRequest {
            name: "Mixed".into(),
            id: Some(id(number).to_string()),
            input: payload("0"),
            ..StartRequest::default()
        };
        while self.hub.engine.start(request()).await.is_err()
            && self.hub.engine.get(&id(number)).await.unwrap().is_none()
        {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn raise(&mut self, number: usize) {
        let event = payload(&format!("e{}", self.raised[number]));
        // One that fails may have arrived all the same; whoever sends it sends it again.
        let mut attempts = 0;
        while let Err(error) = self.hub.engine.raise_event(&id(number), "go", event.clone()).await {
            attempts += 1;
            assert!(attempts < 100, "the engine does not come to itself: {error}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        self.raised[number] += 1;
    }

    async fn step(&mut self) {
        while let Ok(turn) = self.hub.turns.try_recv() {
            self.out.push(turn);
        }
        let which = self.dice.below(self.out.len().max(1) as u64) as usize;
        let number = self.dice.below(INSTANCES as u64) as usize;
        match self.dice.below(100) {
            0..45 if !self.out.is_empty() => answer(self.out.swap_remove(which)),
            45..55 if !self.out.is_empty() => drop(self.out.swap_remove(which)),
            55..58 if !self.out.is_empty() => {
                let failure = Failure::new("Nonsense", "not a command");
                self.out.swap_remove(which).reply.send(Err(RemoteFailure::Invalid(failure)));
            }
            58..70 if self.raised[number] < EVENTS => self.raise(number).await,
            70..74 => drop(self.hub.engine.suspend(&id(number), None).await),
            74..78 => drop(self.hub.engine.resume(&id(number), None).await),
            // An engine that is left behind here is not gone, and one that still mends its store would take
            // it back from the next: so its last failure must be over, and the next has its own.
            78..81 if self.faulty.is_none_or(|then| self.store.commits() > then + 2) => self.restart().await,
            81..84 => {
                let faults = [Fault::full(), Fault::unavailable(), Fault::LoseAnswer];
                self.faulty = Some(self.store.commits());
                self.store.fail_next(faults[self.dice.below(3) as usize].clone());
            }
            _ => {}
        }
        let pause = [0, 0, 1, 20, 150, 300, 1100][self.dice.below(7) as usize];
        if pause > 0 {
            tokio::time::sleep(Duration::from_millis(pause)).await;
        } else {
            tokio::task::yield_now().await;
        }
    }

    /// All that is still missing comes; everything ends.
    async fn end(mut self) -> Vec<String> {
        for number in 0..INSTANCES {
            while self.raised[number] < EVENTS {
                self.raise(number).await;
            }
        }
        self.out.drain(..).for_each(answer);
        let mut outputs = Vec::new();
        for number in 0..INSTANCES {
            let mut attempts = 0;
            while let Err(error) = self.hub.engine.resume(&id(number), None).await
                && !self.hub.view(&id(number)).await.status.is_terminal()
            {
                attempts += 1;
                assert!(attempts < 100, "the engine does not come to itself: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            let view = self.hub.until_end(&id(number)).await;
            assert_eq!(view.status, Status::Completed, "{view:?}");
            outputs.push(view.output.unwrap().as_str().to_owned());
            self.hub.audit(&id(number)).await;
            assert_eq!(view.generation, 1);
        }
        outputs
    }
}

fn life(seed: u64, elsewhere: bool) -> Vec<String> {
    let result = Arc::new(parking_lot::Mutex::new(Vec::new()));
    let kept = result.clone();
    virtual_time(async move {
        let mut life = Life::begin(seed, elsewhere).await;
        for _ in 0..life.dice.below(120) {
            life.step().await;
        }
        *kept.lock() = life.end().await;
    });
    result.lock().clone()
}

#[test]
fn random_lives_end_as_they_do_here() {
    let here = life(0, false);
    assert_eq!(here, ["e0,e1,e2,e3"; INSTANCES]);
    let only: Option<u64> = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    for seed in only.map_or(1..501, |seed| seed..seed + 1) {
        let elsewhere = std::panic::catch_unwind(|| life(seed, true));
        assert_eq!(elsewhere.ok(), Some(here.clone()), "SEED={seed}");
    }
}
