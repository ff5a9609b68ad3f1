//! What a process tells about itself beside its answers.

use crate::error::Exception;
use crate::stage::Stage;
use rustix::buffer::spare_capacity;
use serde::Deserialize;
use std::os::fd::OwnedFd;
use std::path::Path;

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
///
/// A fact is in the socket before the answer that it belongs to is in its own, so nobody ever waits for one.
pub(super) struct Facts {
    /// It does not block.
    socket: OwnedFd,
    unread: Vec<u8>,
}

impl Facts {
    pub(super) fn new(socket: OwnedFd) -> Self {
        Self { socket, unread: Vec::new() }
    }

    /// The fact of a call that has just ended, or one without a call; older ones are passed over.
    pub(super) fn of(&mut self, call: Option<&str>) -> Option<Fact> {
        self.read();
        while let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.unread.drain(..=end).collect();
            // Only code that plays tricks writes anything else.
            let Ok(fact) = serde_json::from_slice::<Fact>(&line) else { continue };
            if fact.call.is_none() || fact.call.as_deref() == call {
                return Some(fact);
            }
        }
        None
    }

    /// Reads what there is, but not without end.
    fn read(&mut self) {
        while self.unread.len() < LARGEST {
            self.unread.reserve(8 << 10);
            if !matches!(rustix::io::read(&self.socket, spare_capacity(&mut self.unread)), Ok(1..)) {
                return;
            }
        }
        if !self.unread.contains(&b'\n') {
            self.unread.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::unix::net::UnixStream;

    #[test]
    fn facts_of_other_calls_and_nonsense_are_passed_over() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let mut facts = Facts::new(ours.into());
        assert!(facts.of(Some("a")).is_none());
        let fact = |call: &str, message: &str| {
            format!(
                r#"{{"kind": "raised", "call": {call}, "type": "E", "message": "{message}", "traceback": ""}}"#
            )
        };
        let lines = [fact("\"old\"", "1"), "nonsense".to_owned(), fact("\"a\"", "2"), fact("null", "3")];
        theirs.write_all(lines.join("\n").as_bytes()).unwrap();
        assert_eq!(facts.of(Some("a")).unwrap().message, "2");
        assert!(facts.of(Some("a")).is_none(), "its line has not ended");
        theirs.write_all(b"\n").unwrap();
        assert_eq!(facts.of(Some("b")).unwrap().message, "3");
        drop(theirs);
        assert!(facts.of(None).is_none());
    }

    #[test]
    fn a_line_without_end_is_not_kept() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        theirs.set_nonblocking(true).unwrap();
        let mut facts = Facts::new(ours.into());
        let mut written = 0;
        while written < 2 * LARGEST {
            written += theirs.write(&[b'x'; 1000]).unwrap_or_default();
            assert!(facts.of(None).is_none());
            assert!(facts.unread.len() <= LARGEST);
        }
    }
}
