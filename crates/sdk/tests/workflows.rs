//! Workflows as users write them, in virtual time.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a test, helpers included

use partita::context::{CallOptions, SubOrchestrationOptions};
use partita::durable::Either3;
use partita::{
    ActivityContext, Either, Error, OrchestrationContext, Result, RetryPolicy, Runtime, RuntimeBuilder,
    StartOptions, Status, join_all, select, select3, testing, try_join_all,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(365 * 24 * 3600);

async fn echo(_: ActivityContext, value: serde_json::Value) -> Result<serde_json::Value> {
    Ok(value)
}

fn builder() -> RuntimeBuilder {
    Runtime::builder().activity("Echo", echo)
}

async fn sequence(ctx: OrchestrationContext, n: u32) -> Result<u32> {
    let mut sum = 0;
    for i in 0..n {
        sum += ctx.call_activity::<u32>("Echo", i).await?;
    }
    Ok(sum)
}

#[test]
fn activities_in_sequence() {
    testing::run(builder().orchestrator("Sequence", sequence), |client| async move {
        let id = client.start("Sequence", &5).await?;
        assert_eq!(client.result::<u32>(&id).await?, 10);
        let view = client.get(&id).await?.unwrap();
        assert_eq!((view.status, view.history_events), (Status::Completed, 24));
        Ok(())
    })
    .unwrap();
}

#[test]
fn fan_out_and_fan_in() {
    async fn fan(ctx: OrchestrationContext, n: u32) -> Result<u32> {
        let calls = (0..n).map(|i| ctx.call_activity::<u32>("Echo", i));
        Ok(try_join_all(calls).await?.into_iter().sum())
    }
    testing::run(builder().orchestrator("Fan", fan), |client| async move {
        let id = client.start("Fan", &1000).await?;
        assert_eq!(client.result::<u32>(&id).await?, 499_500);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_year_of_timers_takes_no_time() {
    async fn patient(ctx: OrchestrationContext, days: u64) -> Result<u64> {
        let start = ctx.now();
        for _ in 0..days {
            ctx.create_timer(Duration::from_secs(86_400)).await;
        }
        Ok(ctx.now().duration_since(start)?.as_secs() / 86_400)
    }
    let began = Instant::now();
    testing::run(builder().orchestrator("Patient", patient), |client| async move {
        let id = client.start("Patient", &365_u64).await?;
        assert_eq!(client.result::<u64>(&id).await?, 365);
        Ok(())
    })
    .unwrap();
    assert!(began.elapsed() < Duration::from_secs(10));
}

/// Fails a given number of times.
fn flaky(failures: u32) -> (Arc<AtomicU32>, RuntimeBuilder) {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = calls.clone();
    let activity = move |_: ActivityContext, (): ()| {
        let call = counted.fetch_add(1, SeqCst) + 1;
        async move { if call <= failures { Err(Error::new("Busy", format!("call {call}"))) } else { Ok(call) } }
    };
    (calls, builder().activity("Flaky", activity))
}

async fn insistent(ctx: OrchestrationContext, attempts: u32) -> Result<u32> {
    let policy = RetryPolicy::new(Duration::from_secs(5), attempts);
    ctx.call_activity_with_retry("Flaky", &policy, ()).await
}

#[test]
fn retries_wait_between_attempts() {
    let (calls, builder) = flaky(2);
    testing::run(builder.orchestrator("Insistent", insistent), |client| async move {
        let began = client.engine().now();
        let id = client.start("Insistent", &3).await?;
        assert_eq!(client.result::<u32>(&id).await?, 3);
        assert!(client.engine().now().since(began) >= Duration::from_secs(10));
        Ok(())
    })
    .unwrap();
    assert_eq!(calls.load(SeqCst), 3);
}

#[test]
fn the_last_failure_is_told_and_rewind_runs_the_last_attempt_again() {
    let (calls, builder) = flaky(3);
    testing::run(builder.orchestrator("Insistent", insistent), |client| async move {
        let id = client.start("Insistent", &3).await?;
        let view = client.wait(&id, LONG).await?;
        let failure = view.failure.unwrap();
        assert_eq!((view.status, &*failure.error_type), (Status::Failed, "TaskFailed"));
        assert_eq!(&*failure.inner.unwrap().message, "call 3");
        client.rewind(&id, "fixed").await?;
        assert_eq!(client.result::<u32>(&id).await?, 4);
        Ok(())
    })
    .unwrap();
    assert_eq!(calls.load(SeqCst), 4);
}

async fn payment(ctx: OrchestrationContext, seconds: u64) -> Result<&'static str> {
    let deadline = ctx.create_timer(Duration::from_secs(seconds));
    let success = ctx.wait_for_external_event::<String>("payment-request-success");
    let failure = ctx.wait_for_external_event::<()>("payment-request-fail");
    Ok(match select3(success, failure, deadline).await {
        Either3::First(_) => "paid",
        Either3::Second(_) => "refused",
        Either3::Third(()) => "timed out",
    })
}

#[test]
fn the_first_of_two_events_and_a_timer_wins() {
    testing::run(builder().orchestrator("Payment", payment), |client| async move {
        for (event, expected) in [
            (Some("Payment-Request-SUCCESS"), "paid"),
            (Some("payment-request-fail"), "refused"),
            (None, "timed out"),
        ] {
            let id = client.start("Payment", &60_u64).await?;
            if let Some(event) = event {
                let data = if expected == "paid" { Some("receipt") } else { None };
                client.raise_event(&id, event, &data).await?;
            }
            assert_eq!(client.result::<String>(&id).await?, expected);
        }
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_child_fails_into_its_parent_and_both_are_rewound() {
    async fn parent(ctx: OrchestrationContext, (): ()) -> Result<u32> {
        ctx.call_sub_orchestrator("Child", ()).await
    }
    async fn child(ctx: OrchestrationContext, (): ()) -> Result<u32> {
        ctx.call_activity("Flaky", ()).await
    }
    let (_, builder) = flaky(1);
    testing::run(builder.orchestrator("Parent", parent).orchestrator("Child", child), |client| async move {
        let id = client.start("Parent", &()).await?;
        let view = client.wait(&id, LONG).await?;
        let failure = view.failure.unwrap();
        assert_eq!(view.status, Status::Failed);
        assert_eq!(&*failure.inner.as_ref().unwrap().error_type, "TaskFailed");
        client.rewind(&id, "").await?;
        assert_eq!(client.result::<u32>(&id).await?, 2);
        Ok(())
    })
    .unwrap();
}

#[test]
fn terminating_a_parent_ends_its_children() {
    async fn parent(ctx: OrchestrationContext, (): ()) -> Result<()> {
        let options = SubOrchestrationOptions { id: Some("the-child".into()), ..Default::default() };
        ctx.call_sub_orchestrator_with("Payment", options, 3600).await
    }
    testing::run(
        builder().orchestrator("Parent", parent).orchestrator("Payment", payment),
        |client| async move {
            let child = client.engine().instance_id("the-child")?;
            let id = client.start("Parent", &()).await?;
            while client.get(&child).await?.is_none() {
                tokio::task::yield_now().await;
            }
            client.terminate(&id, "enough").await?;
            assert_eq!(client.wait(&child, LONG).await?.status, Status::Terminated);
            let view = client.wait(&id, LONG).await?;
            assert_eq!((view.status, view.output.unwrap().as_str()), (Status::Terminated, "\"enough\""));
            Ok(())
        },
    )
    .unwrap();
}

#[test]
fn continue_as_new_keeps_events_and_drops_history() {
    async fn counter(ctx: OrchestrationContext, total: u32) -> Result<u32> {
        ctx.set_custom_status(total);
        let add = ctx.wait_for_external_event::<u32>("add");
        let stop = ctx.wait_for_external_event::<()>("stop");
        match select(add, stop).await {
            Either::First(amount) => ctx.continue_as_new(total + amount?),
            Either::Second(_) => Ok(total),
        }
    }
    testing::run(builder().orchestrator("Counter", counter), |client| async move {
        let id = client.start_with("Counter", &0, StartOptions::id("c").tag("team", "blue")).await?;
        let first = client.get(&id).await?.unwrap().execution;
        for amount in 1..=50 {
            client.raise_event(&id, "add", &amount).await?;
        }
        client.raise_event(&id, "stop", &()).await?;
        assert_eq!(client.result::<u32>(&id).await?, 1275);
        let view = client.get(&id).await?.unwrap();
        assert_eq!(view.generation, 50);
        assert!(view.history_events < 120, "{}", view.history_events);
        assert_ne!(view.execution, first);
        assert_eq!(view.custom_status.unwrap().as_str(), "1275");
        assert_eq!(view.tags.len(), 1);
        Ok(())
    })
    .unwrap();
}

#[test]
fn suspended_instances_keep_what_arrives() {
    testing::run(builder().orchestrator("Payment", payment), |client| async move {
        let id = client.start("Payment", &60_u64).await?;
        client.suspend(&id, "wait").await?;
        client.raise_event(&id, "payment-request-success", "r").await?;
        let view = client.wait(&id, Duration::from_secs(3600)).await?;
        assert_eq!(view.status, Status::Suspended);
        client.resume(&id, "go").await?;
        assert_eq!(client.result::<String>(&id).await?, "paid");
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_scheduled_start_waits_and_keeps_its_events() {
    testing::run(builder().orchestrator("Payment", payment), |client| async move {
        let at = std::time::UNIX_EPOCH
            + Duration::from_nanos(testing::ORIGIN.0 as u64)
            + Duration::from_secs(3600);
        let options = StartOptions { at: Some(at), ..StartOptions::id("later") };
        let id = client.start_with("Payment", &60_u64, options).await?;
        assert_eq!(client.get(&id).await?.unwrap().status, Status::Pending);
        client.raise_event(&id, "payment-request-fail", &()).await?;
        assert_eq!(client.get(&id).await?.unwrap().status, Status::Pending);
        assert_eq!(client.result::<String>(&id).await?, "refused");
        assert!(client.engine().now().since(testing::ORIGIN) >= Duration::from_secs(3600));
        Ok(())
    })
    .unwrap();
}

#[test]
fn waiting_for_what_is_not_durable_is_explained() {
    async fn impatient(_: OrchestrationContext, (): ()) -> Result<()> {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok(())
    }
    testing::run(builder().orchestrator("Impatient", impatient), |client| async move {
        let id = client.start("Impatient", &()).await?;
        let view = client.get(&id).await?.unwrap();
        let aside = view.set_aside.unwrap();
        assert_eq!(&*aside.reason.error_type, "NotDurable");
        assert!(aside.reason.message.contains("into an activity"), "{}", aside.reason.message);
        let why = client.why(&id).await?.unwrap();
        assert!(why.reasons.iter().any(|reason| reason.to_string().contains("set aside")), "{why:?}");
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_panic_fails_turns_and_not_the_process() {
    async fn broken(_: OrchestrationContext, (): ()) -> Result<()> {
        panic!("oh no")
    }
    testing::run(
        builder().orchestrator("Broken", broken).orchestrator("Sequence", sequence),
        |client| async move {
            let id = client.start("Broken", &()).await?;
            client.raise_event(&id, "kept", &1).await?;
            let mut view = client.get(&id).await?.unwrap();
            while view.set_aside.as_ref().is_none_or(|aside| aside.retry_at.is_some()) {
                tokio::time::sleep(Duration::from_secs(1)).await;
                view = client.get(&id).await?.unwrap();
            }
            let aside = view.set_aside.unwrap();
            assert_eq!((&*aside.reason.message, aside.attempts), ("oh no", 3));
            let other = client.start("Sequence", &3).await?;
            assert_eq!(client.result::<u32>(&other).await?, 3);
            client.terminate(&id, "give up").await?;
            assert_eq!(client.wait(&id, LONG).await?.status, Status::Terminated);
            Ok(())
        },
    )
    .unwrap();
}

#[test]
fn unknown_names_come_with_the_nearest_known_ones() {
    testing::run(builder().orchestrator("Sequence", sequence), |client| async move {
        let error = client.start("Sequnce", &1).await.unwrap_err().to_string();
        assert!(error.contains("Sequence"), "{error}");
        Ok(())
    })
    .unwrap();
    async fn lost(ctx: OrchestrationContext, (): ()) -> Result<()> {
        ctx.call_activity("Ecko", ()).await
    }
    testing::run(builder().orchestrator("Lost", lost), |client| async move {
        let id = client.start("Lost", &()).await?;
        let failure = client.wait(&id, LONG).await?.failure.unwrap();
        assert!(failure.to_string().contains("Echo"), "{failure}");
        Ok(())
    })
    .unwrap();
}

#[test]
fn dropped_futures_cancel_what_they_stand_for() {
    async fn hurried(ctx: OrchestrationContext, (): ()) -> Result<String> {
        let slow = ctx.call_activity::<()>("Slow", ());
        let deadline = ctx.create_timer(Duration::from_secs(5));
        match select(slow, deadline).await {
            Either::First(_) => Ok("done".into()),
            Either::Second(()) => {
                ctx.create_timer(Duration::from_secs(5)).await;
                Ok("gave up".into())
            }
        }
    }
    let cancelled = Arc::new(AtomicU32::new(0));
    let seen = cancelled.clone();
    let slow = move |ctx: ActivityContext, (): ()| {
        let seen = seen.clone();
        async move {
            ctx.cancellation().cancelled().await;
            seen.fetch_add(1, SeqCst);
            Ok::<(), Error>(())
        }
    };
    testing::run(builder().orchestrator("Hurried", hurried).activity("Slow", slow), |client| async move {
        let id = client.start("Hurried", &()).await?;
        assert_eq!(client.result::<String>(&id).await?, "gave up");
        Ok(())
    })
    .unwrap();
    assert_eq!(cancelled.load(SeqCst), 1);
}

#[test]
fn what_is_kept_goes_on_waiting() {
    async fn keeper(ctx: OrchestrationContext, (): ()) -> Result<u32> {
        let mut event = ctx.wait_for_external_event::<u32>("e");
        for _ in 0..3 {
            if let Either::First(value) = select(&mut event, ctx.create_timer(Duration::from_secs(1))).await {
                return value;
            }
        }
        event.await
    }
    testing::run(builder().orchestrator("Keeper", keeper), |client| async move {
        let id = client.start("Keeper", &()).await?;
        tokio::time::sleep(Duration::from_secs(60)).await;
        client.raise_event(&id, "e", &7).await?;
        assert_eq!(client.result::<u32>(&id).await?, 7);
        Ok(())
    })
    .unwrap();
}

#[test]
fn values_drawn_are_the_same_on_replay() {
    async fn draws(ctx: OrchestrationContext, (): ()) -> Result<bool> {
        let before = (ctx.new_guid(), ctx.random(), ctx.now());
        let seen: (uuid::Uuid, f64) = ctx.call_activity("Echo", (before.0, before.1)).await?;
        ctx.create_timer(Duration::from_secs(1)).await;
        Ok(seen == (before.0, before.1) && ctx.new_guid() != before.0)
    }
    testing::run(builder().orchestrator("Draws", draws), |client| async move {
        let id = client.start("Draws", &()).await?;
        assert!(client.result::<bool>(&id).await?);
        let history = client.history(&id).await?;
        let registry = builder().orchestrator("Draws", draws);
        testing::check_replay(registry.registry(), &id, &history)?;
        Ok(())
    })
    .unwrap();
}

#[test]
fn changed_code_is_told_with_both_sides() {
    async fn old(ctx: OrchestrationContext, (): ()) -> Result<()> {
        ctx.call_activity::<()>("Echo", ()).await?;
        Ok(())
    }
    async fn new(ctx: OrchestrationContext, (): ()) -> Result<()> {
        ctx.create_timer(Duration::from_secs(1)).await;
        Ok(())
    }
    testing::run(builder().orchestrator("Code", old), |client| async move {
        let id = client.start("Code", &()).await?;
        client.wait(&id, LONG).await?;
        let history = client.history(&id).await?;
        let registry = builder().orchestrator("Code", new);
        let text = testing::check_replay(registry.registry(), &id, &history).unwrap_err().to_string();
        assert!(text.contains("activity \"Echo\"") && text.contains("the timer 0"), "{text}");
        Ok(())
    })
    .unwrap();
}

#[test]
fn events_can_be_sent_between_instances() {
    async fn sender(ctx: OrchestrationContext, target: String) -> Result<()> {
        ctx.send_event(&target, "payment-request-success", "from a friend")
    }
    testing::run(
        builder().orchestrator("Sender", sender).orchestrator("Payment", payment),
        |client| async move {
            let id = client.start("Payment", &60_u64).await?;
            client.start("Sender", id.as_str()).await?;
            assert_eq!(client.result::<String>(&id).await?, "paid");
            Ok(())
        },
    )
    .unwrap();
}

#[test]
fn detached_children_run_on_their_own() {
    async fn parent(ctx: OrchestrationContext, (): ()) -> Result<()> {
        let options = SubOrchestrationOptions { id: Some("free".into()), ..Default::default() };
        ctx.start_detached("Payment", &options, 5)
    }
    testing::run(
        builder().orchestrator("Parent", parent).orchestrator("Payment", payment),
        |client| async move {
            let id = client.start("Parent", &()).await?;
            client.result::<()>(&id).await?;
            let child = client.engine().instance_id("free")?;
            assert_eq!(client.result::<String>(&child).await?, "timed out");
            Ok(())
        },
    )
    .unwrap();
}

#[test]
fn restart_and_purge() {
    testing::run(builder().orchestrator("Sequence", sequence), |client| async move {
        let id = client.start_with("Sequence", &2, StartOptions::id("s")).await?;
        client.result::<u32>(&id).await?;
        assert!(client.start_with("Sequence", &2, StartOptions::id("s")).await.is_err());
        assert_eq!(client.restart(&id, false).await?, id);
        assert_eq!(client.result::<u32>(&id).await?, 1);
        let other = client.restart(&id, true).await?;
        assert_ne!(other, id);
        assert_eq!(client.result::<u32>(&other).await?, 1);
        assert_eq!(client.purge(&id).await?, 1);
        assert!(client.get(&id).await?.is_none());
        assert!(client.raise_event(&id, "e", &()).await.is_err());
        Ok(())
    })
    .unwrap();
}

#[test]
fn options_of_a_call_reach_the_function() {
    async fn tagged(ctx: ActivityContext, (): ()) -> Result<(String, String)> {
        Ok((ctx.tags().get("lane").map(ToString::to_string).unwrap_or_default(), ctx.idempotency_key()))
    }
    async fn caller(ctx: OrchestrationContext, (): ()) -> Result<(String, String)> {
        let options = CallOptions { tags: [("lane".into(), "fast".into())].into(), ..Default::default() };
        ctx.call_activity_with("Tagged", options, ()).await
    }
    testing::run(builder().orchestrator("Caller", caller).activity("Tagged", tagged), |client| async move {
        let id = client.start("Caller", &()).await?;
        let (lane, key) = client.result::<(String, String)>(&id).await?;
        assert_eq!(lane, "fast");
        assert!(key.ends_with("-0"), "{key}");
        Ok(())
    })
    .unwrap();
}

#[test]
fn waiting_for_all_collects_failures_and_rewind_runs_each_again() {
    async fn all(ctx: OrchestrationContext, n: u32) -> Result<u32> {
        let calls = (0..n).map(|_| ctx.call_activity::<u32>("Flaky", ()));
        join_all(calls).await.into_iter().sum()
    }
    let (calls, builder) = flaky(3);
    testing::run(builder.orchestrator("All", all), |client| async move {
        let id = client.start("All", &5).await?;
        assert_eq!(client.wait(&id, LONG).await?.status, Status::Failed);
        client.rewind(&id, "").await?;
        client.result::<u32>(&id).await?;
        Ok(())
    })
    .unwrap();
    assert_eq!(calls.load(SeqCst), 8);
}
