//! Functions whose files change.

use crate::support::*;
use partita_functions::{FunctionState, HostEvent};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

fn version(number: u64) -> String {
    format!("import sibling\n\ndef handler(ctx, data=None):\n    return '{number}-' + sibling.NAME\n")
}

async fn answer(host: &partita_functions::Host) -> String {
    String::from_utf8(call(host, "reloaded", "").await.unwrap().body.to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_file_is_served_soon_and_a_broken_one_is_told() {
    let function = Written::python("reloaded", &version(1));
    function.write("sibling.py", "NAME = 'a'\n");
    let host = host_with(|config| config.dev = true).await;
    let mut events = host.events();
    host.deploy(function.spec()).await.unwrap();
    assert_eq!(answer(&host).await, "1-a");
    let saved = Instant::now();
    function.write("func.py", &version(2));
    event(&mut events, |event| matches!(event, HostEvent::Reloaded { .. })).await;
    let took = saved.elapsed();
    assert_eq!(answer(&host).await, "2-a");
    assert!(took < Duration::from_secs(3), "{took:?}");
    function.write("sibling.py", "NAME = 'b'\n");
    event(&mut events, |event| matches!(event, HostEvent::Reloaded { .. })).await;
    assert_eq!(answer(&host).await, "2-b");
    function.write("func.py", "import nothing_of_that_name\n");
    event(&mut events, |event| matches!(event, HostEvent::Broken { .. })).await;
    let error = call(&host, "reloaded", "").await.unwrap_err();
    assert_eq!(error.exception().unwrap().error_type, "ModuleNotFoundError");
    function.write("func.py", &version(3));
    event(&mut events, |event| matches!(event, HostEvent::Reloaded { .. })).await;
    assert_eq!(answer(&host).await, "3-b");
    function.write("func.yaml", "name: reloaded\nruntime: python\nmemory: 200\nconfig: {A: b}\n");
    event(&mut events, |event| matches!(event, HostEvent::Reloaded { .. })).await;
    let spec = status(&host, "reloaded").spec;
    assert_eq!((spec.memory_mb, spec.config["A"].as_str()), (200, "b"));
    // Requirements that cannot be had leave the code that there is at work.
    function.write("requirements.txt", "partita-no-such-package-anywhere==1.0\n");
    event(&mut events, |event| matches!(event, HostEvent::ReloadFailed { .. })).await;
    assert_eq!(status(&host, "reloaded").state, FunctionState::Ready);
    assert_eq!(answer(&host).await, "3-b");
}

#[tokio::test(flavor = "multi_thread")]
async fn reloads_under_load_lose_no_call() {
    let function = Written::python("reloaded", &version(0));
    function.write("sibling.py", "NAME = 'x'\n");
    let host = host().await;
    host.deploy(function.spec()).await.unwrap();
    let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let callers: Vec<_> = (0..6)
        .map(|_| {
            let (host, stop, answered) = (host.clone(), stop.clone(), answered.clone());
            tokio::spawn(async move {
                loop {
                    // The last call of each begins after the last reload.
                    let last = stop.load(Ordering::Relaxed);
                    let text = answer(&host).await;
                    answered.fetch_add(1, Ordering::Relaxed);
                    if last {
                        return text.split('-').next().unwrap().parse::<u64>().unwrap();
                    }
                }
            })
        })
        .collect();
    for number in 1..=8 {
        let before = answered.load(Ordering::Relaxed);
        function.write("func.py", &version(number));
        host.deploy(function.spec()).await.unwrap();
        assert_eq!(answer(&host).await, format!("{number}-x"));
        until("calls go on", || answered.load(Ordering::Relaxed) > before + 20).await;
    }
    stop.store(true, Ordering::Relaxed);
    for caller in callers {
        assert_eq!(caller.await.unwrap(), 8);
    }
    assert_eq!((status(&host, "reloaded").failures, status(&host, "reloaded").reloads), (0, 8));
}
