//! One process of a function: how it starts, how it is called, how it ends.

mod facts;
mod run;
mod spawn;
mod start;

pub(crate) use run::Ran;
pub(crate) use spawn::Spawner;
pub(crate) use start::{Generation, PRELOAD, Place, ZYGOTE, ZygoteCell};

use crate::error::Exit;
use crate::exchange::Connection;
use crate::host::Shared;
use crate::logs::Output;
use crate::status::HostEvent;
use crate::zygote::{ExitWatch, Zygote};
use facts::Facts;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// How long a process that was killed may take to end.
const DEATH: Duration = Duration::from_secs(2);

/// A process that listens. Dropping it ends it.
pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) generation: Arc<Generation>,
    host: Arc<Shared>,
    listener: PathBuf,
    /// The user that must own its socket.
    owner: Option<u32>,
    connection: Option<Connection>,
    facts: Facts,
    exit: ExitWatch,
    killer: Killer,
    output: Output,
    _folders: Folders,
}

/// How a process is ended.
enum Killer {
    Zygote(Zygote),
    /// Dropping the sender ends the child.
    Child {
        _end: oneshot::Sender<()>,
    },
    Killed,
}

impl Killer {
    fn kill(self, pid: u32) {
        if let Self::Zygote(zygote) = self {
            zygote.kill(pid);
        }
    }
}

/// The folders of a process, deleted with it.
struct Folders {
    socket: PathBuf,
    temp: PathBuf,
}

impl Drop for Folders {
    fn drop(&mut self) {
        for folder in [&self.socket, &self.temp] {
            if let Err(error) = std::fs::remove_dir_all(folder)
                && error.kind() != std::io::ErrorKind::NotFound
            {
                tracing::debug!(folder = %folder.display(), %error, "a process's folder cannot be deleted");
            }
        }
    }
}

impl Process {
    /// Whether it has not ended, as far as is known.
    pub(crate) fn is_alive(&self) -> bool {
        self.exit.borrow().is_none()
    }

    /// Whether nothing has made it end, so that it can take a call.
    pub(crate) fn is_unused(&self) -> bool {
        !matches!(self.killer, Killer::Killed)
    }

    fn kill(&mut self) {
        std::mem::replace(&mut self.killer, Killer::Killed).kill(self.pid);
    }

    /// Waits until it has ended, but not for ever.
    async fn ended(&mut self) -> Exit {
        let ended = tokio::time::timeout(DEATH, self.exit.wait_for(Option::is_some)).await;
        match ended {
            Ok(Ok(exit)) => exit.unwrap_or(Exit::Unknown),
            Ok(Err(_)) | Err(_) => Exit::Unknown,
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        let exit = (*self.exit.borrow()).unwrap_or(Exit::Signal(9));
        let function = self.generation.spec.name.clone();
        self.host.tell(HostEvent::ProcessExited { function, pid: self.pid, exit });
    }
}
