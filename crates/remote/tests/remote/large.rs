//! Histories and answers that are larger than one message.

use crate::site::{Site, end};
use partita::{ActivityContext, OrchestrationContext, Result, Runtime, Status, try_join_all};
use partita_engine::kernel::Payload;

const MIB: usize = 1 << 20;

async fn grow(_: ActivityContext, size: usize) -> Result<String> {
    Ok("x".repeat(size))
}

async fn measure(_: ActivityContext, text: String) -> Result<usize> {
    Ok(text.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_history_comes_in_pieces() {
    async fn flow(ctx: OrchestrationContext, (): ()) -> Result<usize> {
        let mut all = 0;
        for _ in 0..6 {
            let text: String = ctx.call_activity("Grow", 3 * MIB / 2).await?;
            all += text.len();
        }
        Ok(all)
    }
    let site = Site::open().await;
    let worker = site.worker(&Runtime::builder().orchestrator("Flow", flow).activity("Grow", grow)).await;
    let client = site.client().await;
    let id = client.start("Flow", &()).await.unwrap();
    let view = end(&client, &id).await;
    assert_eq!(view.output, Some(Payload::from((9 * MIB).to_string())));
    let bytes: usize =
        client.history(&id).await.unwrap().iter().map(|event| format!("{event:?}").len()).sum();
    assert!(bytes > 9 * MIB);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_that_asks_for_much_is_answered_in_parts() {
    async fn flow(ctx: OrchestrationContext, (): ()) -> Result<usize> {
        let text = "x".repeat(3 * MIB / 2);
        let calls = (0..6).map(|_| ctx.call_activity::<usize>("Measure", &text));
        Ok(try_join_all(calls).await?.into_iter().sum())
    }
    let site = Site::open().await;
    let worker =
        site.worker(&Runtime::builder().orchestrator("Flow", flow).activity("Measure", measure)).await;
    let client = site.client().await;
    let id = client.start("Flow", &()).await.unwrap();
    assert_eq!(end(&client, &id).await.output, Some(Payload::from((9 * MIB).to_string())));
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_no_server_takes_is_a_failure() {
    async fn flow(ctx: OrchestrationContext, (): ()) -> Result<String> {
        ctx.call_activity("Grow", 65 * MIB).await
    }
    let site = Site::open().await;
    let worker = site.worker(&Runtime::builder().orchestrator("Flow", flow).activity("Grow", grow)).await;
    let client = site.client().await;
    let id = client.start("Flow", &()).await.unwrap();
    let view = end(&client, &id).await;
    assert_eq!(view.status, Status::Failed);
    let inner = view.failure.unwrap().inner.unwrap();
    assert_eq!((&*inner.error_type, inner.non_retriable), ("ResultTooLarge", true));
    worker.stop().await;
}
