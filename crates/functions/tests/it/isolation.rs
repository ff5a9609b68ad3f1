//! What functions cannot do.

use crate::support::*;
use serde_json::json;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};

/// Tries each thing that a handler is asked to try, and says what came of it.
const SNOOP: &str = r#"
import ctypes, json, os, socket, subprocess

def attempt(what):
    kind, value = what
    try:
        if kind == "read":
            with open(value, "rb") as file:
                file.read(16)
        elif kind == "list":
            os.listdir(value)
        elif kind == "beside":
            # What the other function's processes run: its number is easy to guess.
            other = "1" if os.getcwd().split(os.sep)[-2] == "0" else "0"
            with open(os.path.join("..", "..", other, "1", "func.py")) as file:
                file.read(16)
        elif kind == "sockets":
            listener = os.environ["FN_LISTENER"].removeprefix("unix:")
            os.listdir(os.path.join(os.path.dirname(listener), "..", ".."))
        elif kind == "write":
            with open(value, "w") as file:
                file.write("x")
        elif kind == "env":
            return os.environ.get(value, "(not set)")
        elif kind == "temp":
            import tempfile
            with tempfile.NamedTemporaryFile() as file:
                file.write(b"x")
        elif kind == "kill":
            os.kill(value, 0)
        elif kind == "unshare":
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.unshare(0x10000000) != 0:
                raise OSError(ctypes.get_errno(), "unshare")
        elif kind == "clone":
            libc = ctypes.CDLL(None, use_errno=True)
            pid = libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0)
            if pid == 0:
                os._exit(0)
            if pid < 0:
                raise OSError(ctypes.get_errno(), "clone")
        elif kind == "uid":
            return os.getuid()
        elif kind == "resolve":
            socket.getaddrinfo("localhost", 80)
        elif kind == "shell":
            subprocess.run(["sh", "-c", "exit 0"], check=True)
        return "done"
    except Exception as error:
        return type(error).__name__

def handler(ctx, data=None):
    return json.dumps([attempt(what) for what in json.loads(data.getvalue())])
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_function_reaches_its_own_and_nothing_else() {
    let hidden = tempfile::tempdir().unwrap();
    let canary = hidden.path().join("canary");
    std::fs::write(&canary, "secret").unwrap();
    std::fs::set_permissions(&canary, std::os::unix::fs::PermissionsExt::from_mode(0o666)).unwrap();
    std::fs::set_permissions(hidden.path(), std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    let writable = tempfile::tempdir().unwrap();
    let snoop = Written::python("snoop", SNOOP);
    let other = Written::python("other", SNOOP);
    let host = host_with(|config| config.hidden_paths.push(hidden.path().to_owned())).await;
    let mut spec = snoop.spec();
    spec.writable.push(writable.path().to_owned());
    host.deploy(spec).await.unwrap();
    host.deploy(other.spec()).await.unwrap();
    let root = rustix::process::geteuid().is_root();
    let own = std::process::id();
    let no = "PermissionError";
    let attempts = [
        (json!(["read", canary]), no),
        (json!(["list", hidden.path()]), no),
        (json!(["write", hidden.path().join("new")]), no),
        (json!(["read", other.folder.path().join("func.py")]), no),
        (json!(["read", snoop.folder.path().join("func.py")]), no),
        (json!(["beside", 0]), no),
        (json!(["sockets", 0]), no),
        (json!(["read", format!("/proc/{own}/environ")]), no),
        (json!(["read", format!("/proc/{own}/cmdline")]), no),
        (json!(["list", "/proc"]), no),
        (json!(["read", "/etc/shadow"]), no),
        (json!(["list", work_folder().join("logs")]), no),
        (json!(["write", "/var/tmp/partita-canary"]), no),
        (json!(["env", "CARGO_MANIFEST_DIR"]), "(not set)"),
        (json!(["kill", own]), no),
        (json!(["unshare", 0]), no),
        (json!(["clone", 0]), no),
        (json!(["write", writable.path().join("new")]), "done"),
        (json!(["temp", 0]), "done"),
        (json!(["resolve", 0]), "done"),
        (json!(["shell", 0]), "done"),
        (json!(["env", "FN_FN_NAME"]), "snoop"),
    ];
    let asked: Vec<_> = attempts.iter().map(|(attempt, _)| attempt).collect();
    let answer = call(&host, "snoop", &serde_json::to_string(&asked).unwrap()).await.unwrap();
    let outcomes: Vec<String> = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(outcomes.len(), attempts.len());
    for ((attempt, expected), outcome) in attempts.iter().zip(outcomes) {
        assert_eq!(outcome, *expected, "{attempt}");
    }
    if root {
        let answer = json(&call(&host, "snoop", r#"[["uid", 0]]"#).await.unwrap());
        assert!((60_000..65_000).contains(&answer[0].as_u64().unwrap()), "{answer}");
    }
    let mut reaches = snoop.spec();
    reaches.writable.push(hidden.path().to_owned());
    let error = host.deploy(reaches).await.unwrap_err().to_string();
    assert!(error.contains("it may not write"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_can_share_a_database_that_they_are_allowed_to_write() {
    let code = "import json, sqlite3\n\ndef handler(ctx, data=None):\n    \
        with sqlite3.connect(data.getvalue().decode()) as db:\n        \
        db.execute('PRAGMA journal_mode = WAL')\n        \
        db.execute('CREATE TABLE IF NOT EXISTS t (n INTEGER)')\n        \
        db.execute('INSERT INTO t VALUES (1)')\n        \
        return json.dumps(db.execute('SELECT COUNT(*) FROM t').fetchone()[0])\n";
    let shared = tempfile::tempdir().unwrap();
    let database = shared.path().join("stock.db").display().to_string();
    std::fs::write(&database, "").unwrap();
    let host = host().await;
    for name in ["takes", "returns"] {
        let function = Written::python(name, code);
        let mut spec = function.spec();
        spec.writable.push(shared.path().to_owned());
        host.deploy(spec).await.unwrap();
    }
    for number in 1..=3 {
        for (name, expected) in [("takes", 2 * number - 1), ("returns", 2 * number)] {
            assert_eq!(json(&call(&host, name, &database).await.unwrap()), expected);
        }
    }
}

/// Not a test of its own: the host that is killed in the next one. Run by name only.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "it is the other process of a test and ends only by force"]
async fn host_that_is_killed() {
    let host = hosting("trouble-py").await;
    host.deploy(fixture("trouble-js")).await.unwrap();
    for name in ["trouble-py", "trouble-js"] {
        let pid = json(&call(&host, name, r#"{"do": "nothing"}"#).await.unwrap())["pid"].clone();
        println!("pid {pid}");
    }
    std::future::pending::<()>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_process_outlives_a_host_that_is_killed() {
    let program = std::env::current_exe().unwrap();
    let mut command = tokio::process::Command::new(program);
    command.args(["--exact", "isolation::host_that_is_killed", "--ignored", "--nocapture"]);
    let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut pids = Vec::new();
    while pids.len() < 2 {
        let line = lines.next_line().await.unwrap().expect("the host ended by itself");
        if let Some(at) = line.find("pid ") {
            pids.push(line[at + 4..].trim().to_owned());
        }
    }
    child.start_kill().unwrap();
    child.wait().await.unwrap();
    for pid in pids {
        let gone = || {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            stat.is_empty() || stat.contains(") Z")
        };
        until("its processes are gone", gone).await;
    }
}
