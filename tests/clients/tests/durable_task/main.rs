//! The Durable Task protocol, with the SDK for Python as client and worker.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs)]

mod site;

use site::Site;

async fn scenario(name: &str) {
    Site::open().await.script(name).await;
}

macro_rules! scenarios {
    ($($name:ident)*) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            scenario(stringify!($name)).await;
        })*
    };
}

scenarios! {
    starts_and_queries
    signals_to_rust_workflows
    purges_and_restarts
    sequence
    fan_out
    sub_orchestrations
    timers
    external_events
    continue_as_new
    custom_status
    failures
    terminated
    suspended
    rewound
    python_calls_rust
    rust_calls_python
    workers_with_filters
    a_worker_that_is_killed
    a_workflow_before_its_worker
}
