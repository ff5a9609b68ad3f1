//! How many processes there are, and which call gets which.

use crate::support::*;
use partita_functions::{CallError, Exit, HostEvent};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn calls_run_side_by_side_up_to_the_most_processes() {
    let mut spec = fixture("trouble-py");
    spec.max_processes = 3;
    let host = host().await;
    host.deploy(spec).await.unwrap();
    let begun = Instant::now();
    let body = r#"{"do": "sleep", "seconds": 0.4}"#;
    let calls: Vec<_> = (0..6)
        .map(|_| {
            let host = host.clone();
            tokio::spawn(async move { call(&host, "trouble-py", body).await })
        })
        .collect();
    let mut pids = BTreeSet::new();
    for answer in calls {
        pids.insert(json(&answer.await.unwrap().unwrap())["pid"].as_u64().unwrap());
    }
    assert_eq!(pids.len(), 3);
    let took = begun.elapsed();
    assert!((Duration::from_millis(800)..Duration::from_millis(2300)).contains(&took), "{took:?}");
    assert_eq!(status(&host, "trouble-py").cold_starts, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_and_a_long_wait_are_refused_before_anything_runs() {
    let mut spec = fixture("trouble-py");
    (spec.max_processes, spec.queue) = (1, 1);
    let host = host_with(|config| config.limits.slot_timeout = Duration::from_millis(100)).await;
    host.deploy(spec).await.unwrap();
    let sleep = || {
        let host = host.clone();
        tokio::spawn(async move { call(&host, "trouble-py", r#"{"do": "sleep", "seconds": 1}"#).await })
    };
    let first = sleep();
    until("the first call runs", || status(&host, "trouble-py").busy == 1).await;
    let second = sleep();
    until("the second call waits", || status(&host, "trouble-py").waiting == 1).await;
    let error = call(&host, "trouble-py", "{}").await.unwrap_err();
    let reason = "1 calls wait already".to_owned();
    assert_eq!(error, CallError::Busy { function: "trouble-py".into(), reason });
    let error = second.await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.never_started()), ("busy", true));
    assert!(error.to_string().contains("no process was free within 100 ms"), "{error}");
    assert!(first.await.unwrap().is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_processes_go_and_the_least_stay() {
    let mut spec = fixture("trouble-js");
    spec.idle_timeout = Duration::from_millis(50);
    spec.min_processes = 1;
    let host = host().await;
    host.deploy(spec).await.unwrap();
    let calls = (0..3).map(|_| call(&host, "trouble-js", r#"{"do": "sleep", "ms": 100}"#));
    for answer in futures::future::join_all(calls).await {
        answer.unwrap();
    }
    assert_eq!(status(&host, "trouble-js").cold_starts, 3);
    until("two processes are gone", || status(&host, "trouble-js").idle == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_process_that_ends_by_itself_costs_no_call() {
    let host = hosting("trouble-py").await;
    let mut events = host.events();
    let pid =
        json(&call(&host, "trouble-py", r#"{"do": "nothing"}"#).await.unwrap())["pid"].as_u64().unwrap();
    kill(pid, rustix::process::Signal::KILL);
    until("its end is known", || status(&host, "trouble-py").idle == 0).await;
    for _ in 0..3 {
        call(&host, "trouble-py", r#"{"do": "nothing"}"#).await.unwrap();
    }
    let gone = event(&mut events, |event| matches!(event, HostEvent::ProcessExited { .. })).await;
    let HostEvent::ProcessExited { pid: told, exit, .. } = gone else { panic!("{gone:?}") };
    assert_eq!((u64::from(told), exit), (pid, Exit::Signal(9)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zygote_that_ends_is_replaced() {
    let host = hosting("trouble-py").await;
    let pid =
        json(&call(&host, "trouble-py", r#"{"do": "nothing"}"#).await.unwrap())["pid"].as_u64().unwrap();
    let zygote = parent(pid).unwrap();
    kill(zygote, rustix::process::Signal::KILL);
    until("its worker went with it", || parent(pid).is_none()).await;
    call(&host, "trouble-py", r#"{"do": "nothing"}"#).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_host_leaves_no_process_and_no_folder() {
    let sockets = tempfile::tempdir().unwrap();
    std::fs::set_permissions(sockets.path(), std::os::unix::fs::PermissionsExt::from_mode(0o711)).unwrap();
    let host = host_with(|config| config.sockets = Some(sockets.path().to_owned())).await;
    host.deploy(fixture("trouble-py")).await.unwrap();
    host.deploy(fixture("trouble-js")).await.unwrap();
    assert_eq!(std::fs::read_dir(sockets.path()).unwrap().count(), 1);
    let mut pids = Vec::new();
    for name in ["trouble-py", "trouble-js"] {
        pids.push(json(&call(&host, name, r#"{"do": "nothing"}"#).await.unwrap())["pid"].as_u64().unwrap());
    }
    let running = {
        let host = host.clone();
        tokio::spawn(async move { call(&host, "trouble-py", r#"{"do": "sleep", "seconds": 0.3}"#).await })
    };
    until("the call runs", || status(&host, "trouble-py").busy == 1).await;
    host.shutdown(PATIENCE).await;
    assert!(running.await.unwrap().is_ok());
    for pid in pids {
        until("its processes are gone", || parent(pid).is_none()).await;
    }
    assert_eq!(std::fs::read_dir(sockets.path()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_outlasts_the_grace_of_a_stop_is_ended() {
    let host = hosting("trouble-py").await;
    let running = {
        let host = host.clone();
        tokio::spawn(async move { call(&host, "trouble-py", r#"{"do": "sleep", "seconds": 30}"#).await })
    };
    until("the call runs", || status(&host, "trouble-py").busy == 1).await;
    host.shutdown(Duration::from_millis(50)).await;
    let error = running.await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.never_started()), ("cancelled", false));
}

fn kill(pid: u64, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(pid.try_into().unwrap()).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}
