//! The cloud's SDK as the client, in the version that was current when the API had its first date, and in one that
//! speaks the second.

use crate::site::{Site, fixtures};
use crate::venv::{told, with_sdk};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

const OLD: &str = "2.175.0";
const NEW: &str = "2.189.0";

const TENANCY: &str = "ocid1.tenancy.oc1..aaaalocaldev";
const USER: &str = "ocid1.user.oc1..aaaalocaldev";
const FINGERPRINT: &str = "f2:99:f0:3f:30:6b:07:3e:23:16:d7:39:a6:ed:0a:6d";

/// Makes the keys of two users, and gives the public ones.
fn make_keys(python: &Path, folder: &Path) -> Value {
    let mut command = Command::new(python);
    command.arg(fixtures().join("keys.py")).arg(folder).args(["user", "other"]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", told(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

async fn sdk(version: &'static str) -> PathBuf {
    tokio::task::spawn_blocking(move || with_sdk(version)).await.unwrap()
}

/// While nobody has to sign.
async fn manages_and_invokes(version: &'static str) {
    let python = sdk(version).await;
    let keys = tempfile::tempdir().unwrap();
    make_keys(&python, keys.path());
    let site = Site::open_to_all(&["toolbox"]).await;
    let function = site.function("toolbox").await;
    site.script(&python, "invoke.py", &function, keys.path()).await;
    site.logged("toolbox", "nobody waits").await;
    site.script(&python, "manage.py", &function, keys.path()).await;
    site.close().await;
}

/// A site that answers only to one user's key, and to functions.
async fn signed_site(functions: &[&str], python: &Path, keys: &Path) -> Site {
    let public = make_keys(python, keys);
    let id = format!("{TENANCY}/{USER}/{FINGERPRINT}");
    let settings = format!("[[oci.keys]]\nid = \"{id}\"\npublic-key = \"keys/user.pem\"\n");
    Site::open(functions, &settings, |app| {
        std::fs::create_dir(app.join("keys")).unwrap();
        std::fs::write(app.join("keys/user.pem"), public["user"].as_str().unwrap()).unwrap();
    })
    .await
}

async fn signs(version: &'static str) {
    let python = sdk(version).await;
    let keys = tempfile::tempdir().unwrap();
    let site = signed_site(&["toolbox"], &python, keys.path()).await;
    site.script(&python, "signed.py", "toolbox", keys.path()).await;
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_older_sdk_manages_and_invokes() {
    manages_and_invokes(OLD).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newer_sdk_manages_and_invokes() {
    manages_and_invokes(NEW).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_older_sdk_signs() {
    signs(OLD).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newer_sdk_signs() {
    signs(NEW).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_calls_another_as_itself() {
    let python = sdk(NEW).await;
    let keys = tempfile::tempdir().unwrap();
    let site = signed_site(&["toolbox", "caller"], &python, keys.path()).await;
    site.script(&python, "principal.py", "caller", keys.path()).await;
    site.close().await;
}
