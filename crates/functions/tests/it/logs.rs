//! What functions print.

use crate::support::*;
use futures::StreamExt;
use partita_functions::{LogFilter, LogStream};

#[tokio::test(flavor = "multi_thread")]
async fn each_call_has_the_log_of_what_it_printed() {
    let host = host().await;
    for name in ["echo-py", "echo-js"] {
        host.deploy(fixture(name)).await.unwrap();
        let (first, second) = (unique(), unique());
        call_as(&host, name, &first, "1").await.unwrap();
        call_as(&host, name, &second, "2").await.unwrap();
        for id in [&first, &second] {
            let log = host.logs().call(id).await.unwrap().unwrap();
            let out: Vec<_> = log.iter().filter(|line| line.stream == LogStream::Out).collect();
            assert_eq!(out.len(), 1, "{log:?}");
            assert_eq!(
                (out[0].text.as_str(), out[0].call.as_ref()),
                (&*format!("printed by {name}"), Some(id))
            );
            let err: Vec<_> = log.iter().filter(|line| line.stream == LogStream::Err).collect();
            assert_eq!(err.len(), usize::from(name == "echo-py"), "{log:?}");
            assert!(err.iter().all(|line| line.text.ends_with("root - INFO - echoing")), "{log:?}");
        }
        assert_eq!(host.logs().tail(name, 1)[0].call.as_ref(), Some(&second));
    }
    assert_eq!(host.logs().call("never-made").await.unwrap(), None);
    assert_eq!(host.logs().call("../../etc/passwd").await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_can_be_followed_while_the_call_runs() {
    let function = Written::python(
        "talks",
        "import os\n\ndef handler(ctx, data=None):\n    print('one')\n    \
         while not os.path.exists(data.getvalue().decode()):\n        pass\n    print('two')\n    return 'ok'\n",
    );
    let shared = tempfile::tempdir().unwrap();
    let mut spec = function.spec();
    spec.writable.push(shared.path().to_owned());
    let host = host().await;
    host.deploy(spec).await.unwrap();
    let id = unique();
    let mut follower = host.logs().follow(LogFilter::Function("talks".into()));
    let go = shared.path().join("go");
    let running = {
        let (host, id, go) = (host.clone(), id.clone(), go.display().to_string());
        tokio::spawn(async move { call_as(&host, "talks", &id, &go).await })
    };
    assert_eq!(follower.next().await.unwrap().text, "one");
    // Who comes later gets what was printed before, and the end with the call.
    let mut late = host.logs().follow(LogFilter::Call(id.clone()));
    assert_eq!(late.next().await.unwrap().text, "one");
    std::fs::write(go, "").unwrap();
    assert_eq!(late.next().await.unwrap().text, "two");
    assert_eq!(late.next().await, None);
    running.await.unwrap().unwrap();
    assert_eq!(follower.next().await.unwrap().text, "two");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_cut_and_does_no_harm() {
    let host = hosting("trouble-py").await;
    let text = format!("{}\\n", "x".repeat(99));
    let flood = format!(r#"{{"do": "print", "text": "{text}", "times": 500000}}"#);
    let id = unique();
    let before = json(&call(&host, "trouble-py", r#"{"do": "nothing"}"#).await.unwrap());
    assert_eq!(json(&call_as(&host, "trouble-py", &id, &flood).await.unwrap()), before);
    let log = host.logs().call(&id).await.unwrap().unwrap();
    let (last, lines) = log.split_last().unwrap();
    let kept: usize = lines.iter().map(|line| line.text.len() + 1).sum();
    assert!(((1 << 20) - 200..=1 << 20).contains(&kept), "{kept}");
    let dropped = 50_000_000 - kept;
    let expected = format!("{dropped} bytes more were printed and dropped: a call may log 1048576 bytes");
    assert_eq!((last.stream, last.text.as_str()), (LogStream::Host, expected.as_str()));
    let id = unique();
    call_as(&host, "trouble-py", &id, r#"{"do": "print", "text": "no end of line", "times": 1}"#)
        .await
        .unwrap();
    assert_eq!(host.logs().call(&id).await.unwrap().unwrap()[0].text, "no end of line");
}
