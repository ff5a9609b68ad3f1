//! `partita dev`, with processes that are shell scripts.

use crate::place::{alone, program, until_written};
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

struct Dev {
    child: Child,
    folder: TempDir,
    log: PathBuf,
}

impl Dev {
    fn start(toml: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("src")).unwrap();
        std::fs::write(folder.path().join("src/a"), "1").unwrap();
        std::fs::write(folder.path().join("partita.toml"), toml).unwrap();
        let log = folder.path().join("log");
        let mut command = program();
        command.arg("dev").arg(folder.path()).args(["--port", &free_port().to_string()]);
        command.stdout(File::create(&log).unwrap()).stderr(Stdio::inherit());
        Self { child: command.spawn().unwrap(), folder, log }
    }

    fn until(&self, text: &str) {
        until_written(&self.log, text);
    }

    /// Waits until a process has said these lines, one after the other.
    fn until_said(&self, process: &str, lines: &[&str]) {
        let said = || -> Vec<String> {
            let prefix = format!("{process:<7} | ");
            self.written().lines().filter_map(|line| line.strip_prefix(&prefix).map(str::to_owned)).collect()
        };
        let began = Instant::now();
        while !said().windows(lines.len()).any(|said| said == lines) {
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "{lines:?} were never said, but {}",
                self.written()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn written(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Asks it to stop, and gives its exit code.
    fn stop(&mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            self.stop();
        }
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Says hello, and then goes on until it is told to end.
const STEADY: &str = r#"command = ["sh", "-c", "echo hello at $PARTITA_LISTEN$PARTITA_SERVER; trap 'echo bye; exit 0' TERM; while :; do sleep 0.05; done"]"#;

#[test]
fn an_app_without_an_engine_gets_a_server_with_its_triggers() {
    let mut dev = Dev::start(&format!(
        "name = \"mine\"\n[process.one]\n{STEADY}\n[[trigger]]\nroute = \"POST /go\"\nstart = \"Nothing\"\n"
    ));
    dev.until("ready");
    dev.until("one     | hello at http://127.0.0.1:");
    let written = dev.written();
    let own: Vec<&str> = written.lines().filter(|line| line.starts_with("partita |")).collect();
    assert!(own.len() <= 6, "{own:?}");
    assert!(own[0].contains("runs the app \"mine\""), "{own:?}");
    assert!(own[1].contains("API      http://127.0.0.1:"), "{own:?}");
    assert!(own[2].ends_with(".partita"), "{own:?}");
    let server = own[1].split_whitespace().last().unwrap();
    assert!(own[3].contains(&format!("open {server} in a browser")), "{own:?}");
    assert!(own[3].contains(&format!("partita list --server {server} ")), "{own:?}");
    assert_eq!(alone(&["list", "--server", server, "--json"]).json()["next"], serde_json::Value::Null);
    assert_eq!(dev.stop(), Some(0));
    assert!(dev.written().contains("one     | bye"), "{}", dev.written());
    assert!(dev.folder.path().join(".partita/partita.db").exists());
}

#[test]
fn a_process_that_embeds_the_engine_is_told_where() {
    let mut dev = Dev::start(&format!("[process.one]\nengine = true\n{STEADY}\n"));
    dev.until("hello at 127.0.0.1:");
    assert!(dev.written().contains("in the process \"one\""), "{}", dev.written());
    assert_eq!(dev.stop(), Some(0));
    assert!(!dev.folder.path().join(".partita").exists(), "no server of its own was started");
}

#[test]
fn changed_files_start_the_processes_again_that_watch_them() {
    let dev = Dev::start(&format!("[process.one]\nwatch = [\"src\"]\n{STEADY}\n[process.two]\n{STEADY}\n"));
    dev.until("one     | hello");
    dev.until("two     | hello");
    std::fs::write(dev.folder.path().join("src/a"), "2").unwrap();
    dev.until_said("one", &["src/a changed; starting it again", "bye"]);
    while dev.written().matches("one     | hello").count() < 2 {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(dev.written().matches("two     | hello").count(), 1, "{}", dev.written());
}

#[test]
fn what_crashes_is_started_again_and_what_cannot_be_started_is_told() {
    let mut dev = Dev::start(
        "[process.one]\ncommand = [\"sh\", \"-c\", \"echo up; exit 3\"]\n[process.two]\ncommand = [\"./nothing\"]\n",
    );
    dev.until_said("one", &["up", "it ended with exit code 3; starting it again in 500ms", "up"]);
    dev.until_said("one", &["up", "it ended with exit code 3; starting it again in 1.0s", "up"]);
    dev.until("two     | could not be started: \"./nothing\" in");
    assert_eq!(dev.stop(), Some(0));
}

/// Watching by paths once compared those of the folder as it was named with absolute ones.
#[test]
fn a_state_machine_that_is_added_to_a_folder_with_a_relative_name_is_offered() {
    let machine = r#"{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}"#;
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("workflows")).unwrap();
    std::fs::write(folder.path().join("workflows/first.asl.json"), machine).unwrap();
    let log = folder.path().join("log");
    let mut command = program();
    command.args(["dev", ".", "--port", &free_port().to_string()]).current_dir(folder.path());
    command.stdout(File::create(&log).unwrap()).stderr(Stdio::inherit());
    let mut dev = Dev { child: command.spawn().unwrap(), folder, log };
    dev.until("workflow first in revision");
    std::fs::write(dev.folder.path().join("workflows/second.asl.json"), machine).unwrap();
    dev.until("workflow second in revision");
    assert_eq!(dev.stop(), Some(0));
}

#[test]
fn a_folder_that_is_no_app_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    let told = alone(&["dev", &path]).fails(3);
    assert!(told.contains("is no app") && told.contains("partita.toml"), "{told}");
    std::fs::write(folder.path().join("partita.toml"), "[process.a]\ncommand = []\n").unwrap();
    assert!(alone(&["dev", &path]).fails(2).contains("process.a.command is empty"));
}
