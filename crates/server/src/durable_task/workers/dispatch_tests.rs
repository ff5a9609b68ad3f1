use super::*;
use partita_engine::FunctionCall;
use partita_engine::kernel::{ExecutionId, InstanceId, Tags};
use proptest::prelude::*;
use tokio::sync::oneshot;

fn call(name: &str, task_id: i32) -> Input {
    Input::Activity(FunctionCall {
        instance: InstanceId::trusted("i"),
        execution: ExecutionId(1),
        task_id,
        name: name.into(),
        version: None,
        input: None,
        tags: Tags::new(),
        trace: None,
        cancellation: tokio_util::sync::CancellationToken::new(),
    })
}

/// Jobs, streams, and the ends at which outcomes are waited for.
#[derive(Default)]
struct Yard {
    dispatch: Dispatch,
    wanted: Vec<oneshot::Receiver<super::super::job::Outcome>>,
}

impl Yard {
    fn add(&mut self, name: &str) -> JobId {
        let (reply, wanted) = oneshot::channel();
        self.wanted.push(wanted);
        let number = i32::try_from(self.wanted.len()).unwrap();
        self.dispatch.add(call(name, number), Reply::Activity(reply))
    }
    fn connect(&mut self, takes: Option<&[&str]>, limit: usize) -> StreamId {
        let filters = takes.map(|names| Filters {
            activities: names.iter().map(|name| ((*name).to_owned(), BTreeSet::new())).collect(),
            ..Filters::default()
        });
        self.dispatch.connect(Stream::new("w".into(), Timestamp(0), filters, [0, limit, 0], false))
    }
    fn take(&mut self, stream: StreamId) -> Option<JobId> {
        self.dispatch.take(stream, Timestamp(0), Waker::noop()).map(|(id, ..)| id)
    }
    fn take_all(&mut self, stream: StreamId) -> Vec<JobId> {
        std::iter::from_fn(|| self.take(stream)).collect()
    }
}

#[test]
fn jobs_wait_for_a_worker_that_takes_them() {
    let mut yard = Yard::default();
    let (a, b) = (yard.add("a"), yard.add("b"));
    let takes_b = yard.connect(Some(&["b"]), 0);
    assert_eq!(yard.take_all(takes_b), [b]);
    let takes_all = yard.connect(None, 0);
    assert_eq!(yard.take_all(takes_all), [a]);
    let takes_none = yard.connect(Some(&[]), 0);
    yard.add("a");
    assert_eq!(yard.take_all(takes_none), [] as [JobId; 0]);
}

#[test]
fn a_limit_holds_until_something_is_done() {
    let mut yard = Yard::default();
    let jobs = [yard.add("a"), yard.add("a"), yard.add("a")];
    let worker = yard.connect(None, 2);
    assert_eq!(yard.take_all(worker), jobs[..2]);
    yard.dispatch.finish(jobs[1]).unwrap();
    assert_eq!(yard.take_all(worker), jobs[2..]);
}

#[test]
fn workers_take_turns() {
    let mut yard = Yard::default();
    let workers = [yard.connect(None, 0), yard.connect(None, 0), yard.connect(None, 0)];
    for _ in 0..9 {
        yard.add("a");
    }
    assert_eq!(workers.map(|worker| yard.take_all(worker).len()), [3, 3, 3]);
}

#[test]
fn no_name_starves() {
    let mut yard = Yard::default();
    for _ in 0..5 {
        yard.add("a");
    }
    let b = yard.add("b");
    let worker = yard.connect(None, 1);
    let mut order = Vec::new();
    while let Some(job) = yard.take(worker) {
        order.push(job);
        yard.dispatch.finish(job);
    }
    assert_eq!(order.iter().position(|job| *job == b), Some(1), "{order:?}");
}

#[test]
fn what_was_not_sent_goes_to_others_at_once_and_what_was_sent_later() {
    let mut yard = Yard::default();
    let first = yard.connect(None, 0);
    let (sent, unsent) = (yard.add("a"), yard.add("a"));
    assert_eq!(yard.take(first), Some(sent));
    let second = yard.connect(None, 0);
    let orphans = yard.dispatch.disconnect(first);
    assert_eq!(orphans, [sent]);
    assert_eq!(yard.take_all(second), [unsent]);
    yard.dispatch.offer_again(sent);
    assert_eq!(yard.take_all(second), [sent]);
    yard.dispatch.offer_again(sent);
    assert_eq!(yard.take_all(second), [] as [JobId; 0], "it is with a worker");
}

#[test]
fn an_orphan_can_still_be_done() {
    let mut yard = Yard::default();
    let worker = yard.connect(None, 0);
    let job = yard.add("a");
    yard.take(worker);
    yard.dispatch.disconnect(worker);
    assert!(yard.dispatch.finish(job).is_some());
    yard.dispatch.offer_again(job);
    assert_eq!(yard.dispatch.waiting(), 0);
}

#[test]
fn what_nobody_wants_is_not_given_out() {
    let mut yard = Yard::default();
    yard.add("a");
    yard.wanted.clear();
    assert_eq!(yard.dispatch.waiting(), 1);
    yard.dispatch.sweep();
    assert_eq!((yard.dispatch.waiting(), yard.dispatch.backlog.len()), (0, 0));
    let worker = yard.connect(None, 1);
    yard.add("a");
    yard.wanted.clear();
    let wanted = yard.add("a");
    assert_eq!(yard.take_all(worker), [wanted]);
}

#[test]
fn what_is_given_back_rests() {
    let mut yard = Yard::default();
    let worker = yard.connect(None, 1);
    let job = yard.add("a");
    assert_eq!((yard.take(worker), yard.dispatch.rest(job)), (Some(job), Some(1)));
    assert_eq!(yard.take(worker), None);
    yard.dispatch.offer_again(job);
    assert_eq!((yard.take(worker), yard.dispatch.rest(job)), (Some(job), Some(2)));
}

#[derive(Clone, Debug)]
enum Step {
    Add(u8),
    Connect(u8, usize),
    Take(usize),
    Finish(usize),
    Rest(usize),
    Disconnect(usize),
    Again(usize),
    Sweep,
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3_u8).prop_map(Step::Add),
        1 => (0..4_u8, 0..3_usize).prop_map(|(takes, limit)| Step::Connect(takes, limit)),
        6 => (0..4_usize).prop_map(Step::Take),
        4 => any::<usize>().prop_map(Step::Finish),
        1 => any::<usize>().prop_map(Step::Rest),
        1 => (0..4_usize).prop_map(Step::Disconnect),
        3 => any::<usize>().prop_map(Step::Again),
        1 => Just(Step::Sweep),
    ]
}

proptest! {
    /// Whatever happens, no limit is exceeded, no job is with two workers, and in the end a worker that takes
    /// everything gets all that is left.
    #[test]
    fn nothing_is_lost(all in proptest::collection::vec(steps(), 0..200)) {
        let names = ["a", "b", "c"];
        let (mut yard, mut streams, mut out) = (Yard::default(), Vec::new(), Vec::new());
        let (mut added, mut done) = (BTreeSet::new(), BTreeSet::new());
        let pick = |list: &Vec<JobId>, n: usize| (!list.is_empty()).then(|| list[n % list.len()]);
        for step in all {
            match step {
                Step::Add(name) => { added.insert(yard.add(names[usize::from(name)])); }
                Step::Connect(3, limit) => streams.push(yard.connect(None, limit)),
                Step::Connect(name, limit) => streams.push(yard.connect(Some(&[names[usize::from(name)]]), limit)),
                Step::Take(n) => if let Some(stream) = pick(&streams, n) {
                    out.extend(yard.take(stream));
                },
                Step::Finish(n) => {
                    if let Some(job) = pick(&out, n).filter(|job| yard.dispatch.finish(*job).is_some()) {
                        prop_assert!(done.insert(job));
                    }
                }
                Step::Rest(n) => if let Some(job) = pick(&out, n) { yard.dispatch.rest(job); },
                Step::Again(n) => if let Some(job) = pick(&out, n) { yard.dispatch.offer_again(job); },
                Step::Disconnect(n) => if let Some(stream) = pick(&streams, n) {
                    streams.retain(|other| *other != stream);
                    yard.dispatch.disconnect(stream);
                },
                Step::Sweep => yard.dispatch.sweep(),
            }
            for (_, stream) in yard.dispatch.streams() {
                prop_assert!(stream.limits[1] == 0 || stream.busy(Kind::Activity) <= stream.limits[1]);
                prop_assert_eq!(stream.holding.len(), stream.busy(Kind::Activity));
            }
        }
        for stream in streams {
            yard.dispatch.disconnect(stream);
        }
        for job in added.clone() {
            yard.dispatch.offer_again(job);
        }
        let last = yard.connect(None, 0);
        for job in yard.take_all(last) {
            prop_assert!(yard.dispatch.finish(job).is_some() && done.insert(job));
        }
        prop_assert_eq!(done, added);
    }
}
