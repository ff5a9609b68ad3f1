//! Programs that install packages.

use super::BuildError;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

/// The most bytes of output that an error shows.
const OUTPUT_BYTES: usize = 1 << 20;

/// A build under way.
pub(super) struct Build {
    /// What it fills.
    pub(super) folder: PathBuf,
    /// How long each of its programs may take.
    pub(super) timeout: Duration,
}

impl Build {
    /// Runs a program to its end and tells each line that it prints.
    pub(super) async fn run<A: AsRef<OsStr>>(
        &self,
        program: &Path,
        args: impl IntoIterator<Item = A>,
        folder: &Path,
        line: &(dyn Fn(String) + Send + Sync),
    ) -> Result<(), BuildError> {
        let args: Vec<_> = args.into_iter().map(|arg| arg.as_ref().to_owned()).collect();
        let words = std::iter::once(program.as_os_str()).chain(args.iter().map(AsRef::as_ref));
        let shown = words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ");
        line(format!("$ {shown}"));
        let mut output = String::new();
        let reason = match tokio::time::timeout(
            self.timeout,
            execute(program, &args, folder, line, &mut output),
        )
        .await
        {
            Ok(Ok(status)) if status.success() => return Ok(()),
            Ok(Ok(status)) => format!("{shown}: {status}"),
            Ok(Err(error)) => format!("{shown}: {error}"),
            Err(_) => format!("{shown}: it took longer than {} s", self.timeout.as_secs()),
        };
        Err(BuildError { reason, output })
    }
}

async fn execute(
    program: &Path,
    args: &[std::ffi::OsString],
    folder: &Path,
    line: &(dyn Fn(String) + Send + Sync),
    output: &mut String,
) -> std::io::Result<std::process::ExitStatus> {
    // One pipe for both streams, so that their lines stay in order.
    let (reader, writer) = std::io::pipe()?;
    let mut command = Command::new(program);
    command.args(args).current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    command.env_remove("PYTHONPATH").env_remove("PYTHONHOME").env_remove("NODE_OPTIONS");
    command.stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn()?;
    drop(command); // it holds the pipe open
    let pipe = tokio::net::unix::pipe::Receiver::from_owned_fd(reader.into())?;
    let mut lines = BufReader::new(pipe).split(b'\n');
    while let Some(bytes) = lines.next_segment().await? {
        let text = String::from_utf8_lossy(&bytes).trim_end().to_owned();
        if output.len() + text.len() < OUTPUT_BYTES {
            output.push_str(&text);
            output.push('\n');
        }
        line(text);
    }
    child.wait().await
}
