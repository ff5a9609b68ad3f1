//! Workflows and functions whose offers change while the engine runs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use futures::FutureExt;
use parking_lot::Mutex;
use partita::context::SubOrchestrationOptions;
use partita::dynamic::{
    self, Execution, Function, FunctionCall, InstanceInfo, Name, Offers, Orchestrator, Payload,
};
use partita::{InstanceId, OrchestrationContext, Runtime, testing};
use std::sync::Arc;

/// Offers one workflow, of which the current version can be changed; it tells the version that it runs.
struct Versioned {
    current: Mutex<&'static str>,
}

struct Tells;

impl Orchestrator for Tells {
    fn begin(&self, info: &InstanceInfo) -> Box<dyn Execution> {
        let began_as = info.version.clone();
        dynamic::execution(info, move |ctx, _| {
            let began_as = began_as.clone();
            async move {
                ctx.wait_for_external_event::<()>("go").await?;
                assert_eq!(ctx.version().as_deref(), began_as.as_deref());
                let heard: String = ctx.call_activity("echo", began_as.as_deref()).await?;
                Ok(Some(Payload::from(serde_json::to_string(&heard)?)))
            }
            .boxed()
        })
    }
}

struct Echo;

impl Function for Echo {
    fn call(
        &self,
        call: FunctionCall,
    ) -> futures::future::BoxFuture<'static, Result<Option<Payload>, partita::Failure>> {
        std::future::ready(Ok(call.input)).boxed()
    }
}

impl Offers for Versioned {
    fn orchestrator(&self, name: &str) -> Option<Arc<dyn Orchestrator>> {
        (name == "Tells").then(|| Arc::new(Tells) as Arc<dyn Orchestrator>)
    }
    fn current_version(&self, name: &str) -> Option<Name> {
        (name == "Tells").then(|| Name::from(*self.current.lock()))
    }
    fn function(&self, name: &str) -> Option<Arc<dyn Function>> {
        (name == "echo").then(|| Arc::new(Echo) as Arc<dyn Function>)
    }
    fn orchestrators(&self) -> Vec<Name> {
        vec!["Tells".into()]
    }
    fn functions(&self) -> Vec<Name> {
        vec!["echo".into()]
    }
}

#[test]
fn an_instance_keeps_the_version_that_was_current_when_it_was_made() {
    let offers = Arc::new(Versioned { current: Mutex::new("one") });
    let runtime = Runtime::builder().offers(offers.clone()).orchestrator(
        "Parent",
        |ctx: OrchestrationContext, (): ()| async move {
            ctx.call_sub_orchestrator_with::<String>(
                "Tells",
                SubOrchestrationOptions { id: Some("child".into()), ..Default::default() },
                (),
            )
            .await
        },
    );
    testing::run(runtime, |client| async move {
        let child = InstanceId::parse("child", 256)?;
        let first = client.start("Tells", &()).await?;
        let parent = client.start("Parent", &()).await?;
        while client.get(&child).await?.is_none() {
            tokio::task::yield_now().await;
        }
        *offers.current.lock() = "two";
        let second = client.start("Tells", &()).await?;
        for id in [&first, &second, &child] {
            client.raise_event(id, "go", &()).await?;
        }
        assert_eq!(client.result::<String>(&first).await?, "one");
        assert_eq!(client.result::<String>(&second).await?, "two");
        assert_eq!(client.result::<String>(&parent).await?, "one");
        Ok(())
    })
    .unwrap();
}

#[test]
fn what_is_offered_is_known_by_name() {
    let runtime = Runtime::builder().offers(Arc::new(Versioned { current: Mutex::new("one") }));
    let registry = runtime.registry();
    assert_eq!(registry.orchestrators().into_iter().collect::<Vec<_>>(), ["Tells".into()]);
    assert_eq!(registry.functions().into_iter().collect::<Vec<_>>(), ["echo".into()]);
    assert!(registry.function("other").is_none());
}
