//! Environments.

use crate::support::*;
use partita_functions::{DeployError, FunctionState, HostEvent};

#[tokio::test(flavor = "multi_thread")]
async fn a_package_that_does_not_exist_is_told_in_the_words_of_the_installer() {
    let function = Written::python("wants-too-much", "def handler(ctx, data=None):\n    return 'x'\n");
    function.write("requirements.txt", "partita-no-such-package-anywhere==1.0\n");
    let host = host().await;
    let mut events = host.events();
    let error = host.deploy(function.spec()).await.unwrap_err();
    let DeployError::Environment { output, .. } = &error else { panic!("{error:?}") };
    assert!(output.contains("partita-no-such-package-anywhere"), "{output}");
    assert!(output.contains("No matching distribution found") || output.contains("not found"), "{output}");
    event(&mut events, |event| matches!(event, HostEvent::BuildStarted { .. })).await;
    let line = |event: &HostEvent| matches!(event, HostEvent::BuildLine { line, .. } if line.contains("no-such-package"));
    event(&mut events, line).await;
    assert!(matches!(status(&host, "wants-too-much").state, FunctionState::Broken { .. }));
    let error = call(&host, "wants-too-much", "").await.unwrap_err();
    assert_eq!((error.kind(), error.never_started()), ("broken", true));
    // What is correct afterwards is built: the failure was not kept.
    function.write("requirements.txt", "");
    host.deploy(function.spec()).await.unwrap();
    assert!(call(&host, "wants-too-much", "").await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_specification_that_makes_no_sense_is_refused() {
    let host = host().await;
    let mut spec = fixture("echo-py");
    spec.entrypoint.file = "missing.py".into();
    let error = host.deploy(spec).await.unwrap_err().to_string();
    assert!(error.contains("there is no file") && error.contains("missing.py"), "{error}");
    let mut spec = fixture("echo-py");
    spec.min_processes = 100;
    let error = host.deploy(spec).await.unwrap_err().to_string();
    assert!(error.contains("the least processes is 100, and must be between 0 and"), "{error}");
}
