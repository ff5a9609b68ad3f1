//! What a process tells about itself beside its answers.

use crate::error::Exception;
use crate::stage::Stage;
use serde::Deserialize;
use std::path::Path;
use std::time::Duration;
use tokio::net::UnixStream;

/// The most bytes of facts that wait to be read.
const LARGEST: usize = 512 << 10;

/// A line of the facts socket.
#[derive(Debug, Deserialize)]
pub(super) struct Fact {
    pub(super) kind: FactKind,
    pub(super) call: Option<String>,
    #[serde(rename = "type")]
    error_type: String,
    message: String,
    traceback: String,
    file: Option<String>,
    line: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum FactKind {
    /// The code could not be loaded.
    Start,
    /// A handler raised.
    Raised,
    /// A handler returned nothing.
    Nothing,
    /// Something outside of a handler raised, and the process ends of it.
    Crashed,
}

impl Fact {
    /// The exception, with the paths that its author knows.
    pub(super) fn exception(&self, stage: &Stage) -> Exception {
        let place = self.file.as_ref().zip(self.line).map(|(file, line)| (stage.translate(file), line));
        let place = place.map(|(file, line)| {
            let short = Path::new(&file).strip_prefix(&stage.source).map(|short| short.display().to_string());
            (short.unwrap_or(file), line)
        });
        Exception {
            error_type: self.error_type.clone(),
            message: stage.translate(&self.message),
            traceback: stage.translate(&self.traceback),
            place,
        }
    }

    /// What a handler returned that is no answer.
    pub(super) fn returned(&self) -> String {
        self.message.clone()
    }
}

/// The facts socket of a process.
pub(super) struct Facts {
    stream: UnixStream,
    buffer: Vec<u8>,
}

impl Facts {
    pub(super) fn new(stream: UnixStream) -> Self {
        Self { stream, buffer: Vec::new() }
    }

    /// The fact of a call that has just ended, or one without a call; older ones are passed over.
    pub(super) async fn of(&mut self, call: Option<&str>, wait: Duration) -> Option<Fact> {
        let find = async {
            loop {
                let fact = self.next().await?;
                if fact.call.is_none() || fact.call.as_deref() == call {
                    return Some(fact);
                }
            }
        };
        tokio::time::timeout(wait, find).await.ok().flatten()
    }

    async fn next(&mut self) -> Option<Fact> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                if let Ok(fact) = serde_json::from_slice(&line) {
                    return Some(fact);
                }
                continue; // only code that plays tricks writes anything else
            }
            if self.buffer.len() > LARGEST {
                return None;
            }
            self.stream.readable().await.ok()?;
            let mut piece = [0; 8 << 10];
            match self.stream.try_read(&mut piece) {
                Ok(0) => return None,
                Ok(length) => self.buffer.extend_from_slice(piece.get(..length).unwrap_or_default()),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => return None,
            }
        }
    }
}
