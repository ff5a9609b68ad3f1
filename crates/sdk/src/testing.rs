//! Tests of workflows: in memory, in virtual time, in milliseconds.
//!
//! ```
//! use partita::{OrchestrationContext, Result, Runtime, testing};
//! use std::time::Duration;
//!
//! async fn patient(ctx: OrchestrationContext, _: ()) -> Result<&'static str> {
//!     ctx.create_timer(Duration::from_secs(7 * 24 * 3600)).await;
//!     Ok("a week later")
//! }
//!
//! testing::run(Runtime::builder().orchestrator("Patient", patient), |client| async move {
//!     let id = client.start("Patient", &()).await?;
//!     assert_eq!(client.result::<String>(&id).await?, "a week later");
//!     Ok(())
//! })
//! .unwrap();
//! ```

use crate::client::Client;
use crate::error::Result;
use crate::runtime::RuntimeBuilder;
use partita_engine::VirtualClock;
pub use partita_engine::check_history as check_replay;
use partita_kernel::Timestamp;
use partita_store::memory::MemoryStore;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// When virtual time begins: 1 January 2030, 00:00 UTC.
pub const ORIGIN: Timestamp = Timestamp(1_893_456_000_000_000_000);

/// Runs a test against an engine in memory. Time stands still while anything is going on, and jumps to
/// the next timer when nothing is.
///
/// # Errors
/// What the test returns, or what kept the engine from starting.
pub fn run<F, Fut, T>(builder: RuntimeBuilder, test: F) -> Result<T>
where
    F: FnOnce(Client) -> Fut,
    Fut: Future<Output = Result<T>>,
{
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?;
    tokio.block_on(async {
        let runtime = virtual_time(builder).start().await?;
        let outcome = test(runtime.client()).await;
        runtime.shutdown(Duration::ZERO).await?;
        outcome
    })
}

/// Puts a runtime into memory and virtual time; for tests that bring their own paused tokio runtime.
pub fn virtual_time(builder: RuntimeBuilder) -> RuntimeBuilder {
    builder
        .store(Arc::new(MemoryStore::new(1)))
        .clock(Arc::new(VirtualClock::starting_at(ORIGIN)))
        .configure(|config| config.timer_horizon = Duration::from_secs(100 * 365 * 24 * 3600))
}
