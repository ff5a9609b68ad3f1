//! Server-sent events, as far as this program needs them (WHATWG HTML, section "Server-sent events").

/// Puts events together from pieces of a stream.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    unread: Vec<u8>,
    name: String,
    data: String,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) data: String,
}

impl Parser {
    /// Takes a piece in, and gives the events that are complete now.
    pub(crate) fn take(&mut self, piece: &[u8]) -> Vec<Event> {
        self.unread.extend_from_slice(piece);
        let mut events = Vec::new();
        while let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.unread.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            events.extend(self.line(line.trim_end_matches(['\n', '\r'])));
        }
        events
    }

    fn line(&mut self, line: &str) -> Option<Event> {
        if line.is_empty() {
            let (name, data) = (std::mem::take(&mut self.name), std::mem::take(&mut self.data));
            return (!name.is_empty() || !data.is_empty()).then_some(Event { name, data });
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" if self.data.is_empty() => value.clone_into(&mut self.data),
            "data" => {
                self.data.push('\n');
                self.data.push_str(value);
            }
            _ => {} // comments keep the connection alive
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_put_together_wherever_the_pieces_end() {
        let stream =
            ": hello\n\nevent: change\nid: 3\ndata: {\"a\":\ndata: 1}\n\nevent:end\r\ndata:{}\r\n\r\n";
        let expected = [("change", "{\"a\":\n1}"), ("end", "{}")];
        let expected = expected.map(|(name, data)| Event { name: name.into(), data: data.into() });
        for size in 1..stream.len() {
            let mut parser = Parser::default();
            let events: Vec<Event> =
                stream.as_bytes().chunks(size).flat_map(|piece| parser.take(piece)).collect();
            assert_eq!(events, expected, "pieces of {size}");
        }
    }
}
