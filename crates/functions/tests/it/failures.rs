//! Every way in which a call has no answer.

use crate::support::*;
use partita_functions::{Call, CallError, DeployError, Exit, FunctionState, Host};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Calls a function that is to fail; afterwards it must still answer. Says whether its process was kept.
async fn fails(host: &Host, function: &str, body: &str) -> (CallError, bool) {
    let pid = |answer| json(&answer)["pid"].clone();
    let nothing = r#"{"do": "nothing"}"#;
    let before = pid(call(host, function, nothing).await.unwrap());
    let error = call(host, function, body).await.unwrap_err();
    let after = pid(call(host, function, nothing).await.unwrap());
    (error, before == after)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_raises_keeps_its_process_and_tells_its_exception() {
    let host = hosting("trouble-py").await;
    let (error, kept) = fails(&host, "trouble-py", r#"{"do": "raise", "order": "7"}"#).await;
    let exception = error.exception().unwrap().clone();
    assert_eq!((error.kind(), error.never_started(), kept), ("handler-failed", false, true));
    assert_eq!(
        (exception.error_type.as_str(), exception.message.as_str()),
        ("OrderError", "no such order: 7")
    );
    assert_eq!(exception.place, Some(("func.py".to_owned(), 22)));
    assert!(exception.traceback.contains("raise OrderError("), "{}", exception.traceback);
    let shown = format!("{}/func.py\", line 22, in handler", fixture("trouble-py").folder.display());
    assert!(exception.traceback.contains(&shown), "{}", exception.traceback);
    assert!(!exception.traceback.contains("zygote"), "{}", exception.traceback);
    assert_eq!(
        error.to_string(),
        "the function trouble-py failed: OrderError: no such order: 7 (func.py:22)"
    );
    let (error, kept) = fails(&host, "trouble-py", r#"{"do": "raise later"}"#).await;
    assert_eq!((error.exception().unwrap().error_type.as_str(), kept), ("KeyError", true));
    // However long an exception is, what is told of it fits.
    let (error, kept) = fails(&host, "trouble-py", r#"{"do": "raise at length"}"#).await;
    let exception = error.exception().unwrap();
    assert_eq!(
        (exception.error_type.as_str(), exception.message.len(), kept),
        ("OrderError", 3 * 8192, true)
    );
    let (error, kept) = fails(&host, "trouble-py", r#"{"do": "say 502"}"#).await;
    assert_eq!((error.exception().unwrap().message.as_str(), kept), ("my own words", true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_out_of_the_handlers_own_keeps_the_process() {
    let host = hosting("trouble-py").await;
    let (error, kept) = fails(&host, "trouble-py", r#"{"do": "time out"}"#).await;
    assert_eq!((error.kind(), error.never_started(), kept), ("handler-timed-out", false, true));
    assert_eq!(error.exception().unwrap().message, "the warehouse did not answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_over_its_deadline_is_ended() {
    let host = hosting("trouble-py").await;
    let mut late = Call::new("trouble-py", unique(), r#"{"do": "sleep", "seconds": 30}"#);
    late.deadline = Some(Duration::from_millis(150));
    let id = late.call_id.clone();
    let begun = Instant::now();
    let error = host.call(late, CancellationToken::new()).await.unwrap_err();
    let limit = Duration::from_millis(150);
    assert_eq!(error, CallError::Deadline { function: "trouble-py".into(), limit });
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let log = host.logs().call(&id).await.unwrap().unwrap();
    assert!(log.last().unwrap().text.contains("was ended after 150 ms"), "{log:?}");
    call(&host, "trouble-py", r#"{"do": "nothing"}"#).await.unwrap();
    assert_eq!(status(&host, "trouble-py").cold_starts, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_ends_during_a_call_tells_how() {
    let host = hosting("trouble-py").await;
    let (error, _) = fails(&host, "trouble-py", r#"{"do": "sys.exit"}"#).await;
    let CallError::Crashed { exit, exception, .. } = &error else { panic!("{error:?}") };
    assert_eq!((*exit, exception.as_ref().unwrap().error_type.as_str()), (Exit::Code(3), "SystemExit"));
    let (error, _) = fails(&host, "trouble-py", r#"{"do": "os._exit"}"#).await;
    let CallError::Crashed { exit, output, .. } = &error else { panic!("{error:?}") };
    assert_eq!(*exit, Exit::Code(4));
    assert!(output.ends_with("these were my last words"), "{output}");
    let (error, kept) = fails(&host, "trouble-py", r#"{"do": "kill"}"#).await;
    let CallError::Crashed { exit, .. } = &error else { panic!("{error:?}") };
    assert_eq!((*exit, error.never_started(), kept), (Exit::Signal(9), false, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_answer_ends_the_process() {
    let host = hosting("trouble-py").await;
    for body in [r#"{"do": "garbage"}"#, r#"{"do": "status 500"}"#] {
        let (error, kept) = fails(&host, "trouble-py", body).await;
        assert_eq!((error.kind(), kept), ("invalid-answer", false), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sizes_have_limits() {
    let host = host_with(|config| {
        config.limits.request_bytes = 1000;
        config.limits.answer_bytes = 2000;
    })
    .await;
    host.deploy(fixture("trouble-py")).await.unwrap();
    let padded = |bytes: usize| {
        let body = r#"{"do": "large", "bytes": 2000}"#;
        format!("{body}{}", " ".repeat(bytes - body.len()))
    };
    assert_eq!(call(&host, "trouble-py", &padded(1000)).await.unwrap().body.len(), 2000);
    let error = call(&host, "trouble-py", &padded(1001)).await.unwrap_err();
    assert_eq!((error.kind(), error.never_started()), ("request-too-large", true));
    let (error, _) = fails(&host, "trouble-py", r#"{"do": "large", "bytes": 2001}"#).await;
    assert_eq!(error, CallError::AnswerTooLarge { function: "trouble-py".into(), limit: 2000 });
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_has_a_limit() {
    let host = hosting("trouble-py").await;
    assert!(call(&host, "trouble-py", r#"{"do": "memory", "bytes": 50000000}"#).await.is_ok());
    let (error, kept) = fails(&host, "trouble-py", r#"{"do": "memory", "bytes": 500000000}"#).await;
    assert_eq!((error.exception().unwrap().error_type.as_str(), kept), ("MemoryError", true));
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_failures_are_told_apart() {
    let host = hosting("trouble-js").await;
    let (error, kept) = fails(&host, "trouble-js", r#"{"do": "raise", "order": "7"}"#).await;
    let exception = error.exception().unwrap();
    assert_eq!((error.kind(), kept), ("handler-failed", true));
    assert_eq!(
        (exception.error_type.as_str(), exception.message.as_str()),
        ("OrderError", "no such order: 7")
    );
    assert_eq!(exception.place, Some(("func.js".to_owned(), 13)));
    let (error, kept) = fails(&host, "trouble-js", r#"{"do": "reject"}"#).await;
    assert_eq!((error.exception().unwrap().error_type.as_str(), kept), ("RangeError", true));
    for what in ["null", "undefined"] {
        let (error, kept) = fails(&host, "trouble-js", &format!(r#"{{"do": "{what}"}}"#)).await;
        let expected = CallError::NoAnswer { function: "trouble-js".into(), returned: what.into() };
        assert_eq!((error, kept), (expected, false));
    }
    let (error, _) = fails(&host, "trouble-js", r#"{"do": "exit"}"#).await;
    assert!(matches!(error, CallError::Crashed { exit: Exit::Code(7), .. }), "{error:?}");
    let (error, _) = fails(&host, "trouble-js", r#"{"do": "throw outside"}"#).await;
    assert_eq!((error.kind(), error.exception().unwrap().message.as_str()), ("crashed", "outside"));
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_does_not_load_is_told_when_it_is_deployed_and_to_each_call() {
    let host = host().await;
    let error = host.deploy(fixture("missing-py")).await.unwrap_err();
    let DeployError::Start(CallError::StartFailed { exception: Some(exception), .. }) = error else {
        panic!("{error:?}")
    };
    assert_eq!(exception.error_type, "ModuleNotFoundError");
    assert_eq!(exception.place, Some(("func.py".to_owned(), 1)));
    let error = call(&host, "missing-py", "{}").await.unwrap_err();
    assert_eq!((error.kind(), error.never_started()), ("broken", true));
    assert!(error.exception().unwrap().traceback.contains("import module_that_nobody_has"), "{error:?}");
    assert!(matches!(status(&host, "missing-py").state, FunctionState::Broken { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn starts_that_fail_say_why() {
    let host = host_with(|config| config.limits.start_timeout = Duration::from_millis(300)).await;
    for (name, code, reason) in [
        ("syntax", "def handler(:\n", "SyntaxError: "),
        ("no-handler", "x = 1\n", "AttributeError: module 'func' has no attribute 'handler'"),
        ("exits", "import os\nos._exit(9)\n", "it ended with code 9 before it listened"),
        ("slow", "import time\ntime.sleep(20)\n", "did not start within 300 ms"),
    ] {
        let error = host.deploy(Written::python(name, code).spec()).await.unwrap_err().to_string();
        assert!(error.contains(reason), "{name}: {error}");
    }
    for (name, code, reason) in [
        (
            "no-module",
            "require('module-that-nobody-has')\n",
            "Error: Cannot find module 'module-that-nobody-has'",
        ),
        ("js-syntax", "function (", "SyntaxError: "),
        ("no-handle", "const x = 1\n", "it ended with code 0 before it listened"),
    ] {
        let host = host.clone();
        let error = host.deploy(Written::node(name, code).spec()).await.unwrap_err().to_string();
        assert!(error.contains(reason), "{name}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_cannot_be_made() {
    let host = hosting("trouble-js").await;
    let error = call(&host, "trouble-sj", "{}").await.unwrap_err();
    assert_eq!(error.to_string(), "no function is called \"trouble-sj\"; the nearest names are trouble-js");
    for id in ["", "a b", "../\n"] {
        let error = call_as(&host, "trouble-js", id, "{}").await.unwrap_err();
        assert_eq!((error.kind(), error.never_started()), ("invalid-call", true));
    }
    host.shutdown(Duration::ZERO).await;
    assert_eq!(call(&host, "trouble-js", "{}").await.unwrap_err(), CallError::Stopping);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_call_ends_its_process_and_says_whether_it_had_started() {
    let mut spec = fixture("trouble-py");
    spec.max_processes = 1;
    let host = host().await;
    host.deploy(spec).await.unwrap();
    let (running, waiting) = (CancellationToken::new(), CancellationToken::new());
    let sleep = |token: &CancellationToken| {
        let call = Call::new("trouble-py", unique(), r#"{"do": "sleep", "seconds": 30}"#);
        let (host, token) = (host.clone(), token.clone());
        tokio::spawn(async move { host.call(call, token).await })
    };
    let first = sleep(&running);
    until("the first call runs", || status(&host, "trouble-py").busy == 1).await;
    let second = sleep(&waiting);
    until("the second call waits", || status(&host, "trouble-py").waiting == 1).await;
    waiting.cancel();
    running.cancel();
    let cancelled = |started| CallError::Cancelled { function: "trouble-py".into(), started };
    assert_eq!(second.await.unwrap().unwrap_err(), cancelled(false));
    assert_eq!(first.await.unwrap().unwrap_err(), cancelled(true));
    let third = sleep(&CancellationToken::new());
    until("the third call runs", || status(&host, "trouble-py").busy == 1).await;
    third.abort();
    until("its process is gone", || status(&host, "trouble-py").busy == 0).await;
    call(&host, "trouble-py", r#"{"do": "nothing"}"#).await.unwrap();
}
