//! Environments.

use crate::support::*;
use partita_functions::{DeployError, FunctionState, Host, HostEvent};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A host with an own folder and a program in the place of Python, which says that it is one and then does `work`.
async fn with_interpreter(folder: &Path, work: &str) -> Host {
    let program: PathBuf = folder.join("python");
    let facts = format!(
        r#"{{"executable": "{}", "prefix": "/usr", "version": "3.11 of a test", "numbers": [3, 11]}}"#,
        program.display()
    );
    let script = format!("#!/bin/sh\nif [ \"$1\" = -I ]; then echo '{facts}'; exit; fi\n{work}\n");
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    host_with(|config| {
        config.folder = folder.join("work");
        config.python = Some(program);
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_build_is_enough_for_all_that_require_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let builds = folder.path().join("builds");
    let work = format!("echo \"$*\" >> {}; sleep 0.2", builds.display());
    let hosts = [with_interpreter(folder.path(), &work).await, with_interpreter(folder.path(), &work).await];
    let functions =
        ["a", "b"].map(|name| Written::python(name, "def handler(ctx, data=None):\n    return 'x'\n"));
    let deployed =
        hosts.iter().flat_map(|host| functions.iter().map(|function| host.deploy(function.spec())));
    for result in futures::future::join_all(deployed).await {
        // What was built is nothing that can run.
        assert!(matches!(result, Err(DeployError::Start(_))), "{result:?}");
    }
    let builds = std::fs::read_to_string(builds).unwrap();
    assert_eq!(builds.lines().filter(|line| line.contains("venv")).count(), 1, "{builds}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_stops_does_not_wait_for_a_build() {
    let folder = tempfile::tempdir().unwrap();
    let pid = folder.path().join("pid");
    let work = format!("echo $$ > {0}.new; mv {0}.new {0}; exec sleep 600", pid.display());
    let host = with_interpreter(folder.path(), &work).await;
    let function = Written::python("slow", "def handler(ctx, data=None):\n    return 'x'\n");
    let deploying = {
        let (host, spec) = (host.clone(), function.spec());
        tokio::spawn(async move { host.deploy(spec).await })
    };
    until("the build runs", || pid.exists()).await;
    let error = call(&host, "slow", "").await.unwrap_err();
    assert_eq!((error.kind(), error.never_started()), ("not-built", true));
    host.shutdown(Duration::ZERO).await;
    assert_eq!(deploying.await.unwrap().unwrap_err(), DeployError::Stopping);
    let pid: u64 = std::fs::read_to_string(pid).unwrap().trim().parse().unwrap();
    until("the installer is gone", || parent(pid).is_none()).await;
}

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
