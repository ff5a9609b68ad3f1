//! A connection to an FDK.

use super::ExchangeError;
use super::response::{self, Head, Length};
use super::socket::socket_behind;
use bytes::Bytes;
use httparse::Status;
use rustix::buffer::spare_capacity;
use std::io::{self, Write};
use std::os::unix::net::UnixStream as StdStream;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::net::UnixStream;

/// FDKs close connections that were idle for some time, some after 5 s; one this old is not used again.
const OLDEST: Duration = Duration::from_secs(4);
/// The most bytes of an answer's head, of the line before a chunk, and of what follows the last.
const HEAD_BYTES: usize = 64 << 10;
/// A body of at most this many bytes leaves together with its head.
const TOGETHER: usize = 32 << 10;
/// The least room for one read.
const ROOM: usize = 4 << 10;

/// A connection to an FDK, kept for the next call.
///
/// It waits for what can be read alone: to be told in each call that the FDK has taken the request, and that there is
/// room for another, would double the number of wake-ups.
pub(crate) struct Connection {
    stream: AsyncFd<StdStream>,
    /// What has arrived and is not taken yet.
    buffer: Vec<u8>,
    keeps: bool,
    used: Instant,
}

impl Connection {
    /// Connects to the socket that an FDK made at `listener`, if it belongs to `user`.
    pub(crate) async fn open(listener: &Path, user: Option<u32>) -> Result<Self, ExchangeError> {
        let refused =
            |error: io::Error| ExchangeError::NotSent(format!("its socket takes no connection: {error}"));
        let socket = socket_behind(listener).map_err(ExchangeError::NotSent)?;
        let stream = UnixStream::connect(&socket).await.map_err(refused)?;
        let owner = stream.peer_cred().map(|peer| peer.uid()).ok();
        if user.is_some() && owner != user {
            return Err(ExchangeError::NotSent("its socket belongs to another user".to_owned()));
        }
        let stream = stream.into_std().map_err(refused)?;
        Self::over(stream).map_err(refused)
    }

    fn over(stream: StdStream) -> io::Result<Self> {
        let stream = watched(stream, Interest::READABLE)?;
        Ok(Self { stream, buffer: Vec::new(), keeps: true, used: Instant::now() })
    }

    /// Whether another request can be sent: the other end has neither closed the connection, nor soon will, nor has it
    /// sent what nobody asked for.
    pub(crate) fn is_usable(&self) -> bool {
        let quiet = |stream| matches!(rustix::io::read(stream, &mut [0; 1]), Err(rustix::io::Errno::AGAIN));
        self.keeps && self.buffer.is_empty() && self.used.elapsed() < OLDEST && quiet(self.stream.get_ref())
    }

    /// Sends a request and reads the whole answer, whose body may have `limit` bytes.
    pub(crate) async fn exchange(
        &mut self,
        head: Vec<u8>,
        body: &[u8],
        limit: usize,
    ) -> Result<(Head, Bytes), ExchangeError> {
        self.keeps = false; // until the exchange is whole
        self.send(head, body).await?;
        let head = self.head().await?;
        let body = match head.body {
            Length::Bytes(bytes) if bytes > limit => return Err(ExchangeError::TooLarge),
            Length::Bytes(bytes) => self.take(bytes).await?,
            Length::Chunks => self.chunks(limit).await?,
            Length::Closed => self.rest(limit).await?,
        };
        self.keeps = head.keeps;
        self.used = Instant::now();
        Ok((head, body.into()))
    }

    async fn send(&self, mut head: Vec<u8>, body: &[u8]) -> Result<(), ExchangeError> {
        let rest = if body.len() <= TOGETHER { &[] } else { body };
        if rest.is_empty() {
            head.extend_from_slice(body);
        }
        let mut sent = 0;
        for part in [head.as_slice(), rest] {
            self.write(part, &mut sent).await.map_err(|error| match sent {
                0 => ExchangeError::NotSent(error.to_string()),
                _ => ExchangeError::Closed(error.to_string()),
            })?;
        }
        Ok(())
    }

    async fn write(&self, mut bytes: &[u8], sent: &mut usize) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.stream.get_ref().write(bytes) {
                Ok(length) => {
                    *sent += length;
                    bytes = bytes.get(length..).unwrap_or_default();
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.wait_for_room().await?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Waits until something can be written, which only large bodies need.
    async fn wait_for_room(&self) -> io::Result<()> {
        let stream = self.stream.get_ref().try_clone()?;
        watched(stream, Interest::WRITABLE)?.writable().await.map(drop)
    }

    async fn head(&mut self) -> Result<Head, ExchangeError> {
        loop {
            while let Some((head, length)) = response::head(&self.buffer).map_err(ExchangeError::Garbage)? {
                self.buffer.drain(..length);
                match head.status {
                    101 => {
                        return Err(ExchangeError::Garbage("status 101, which nobody asked for".to_owned()));
                    }
                    ..200 => {} // there is another to come
                    _ => return Ok(head),
                }
            }
            self.more_of_head().await?;
        }
    }

    /// Reads more of what has a small limit.
    async fn more_of_head(&mut self) -> Result<(), ExchangeError> {
        if self.buffer.len() > HEAD_BYTES {
            return Err(ExchangeError::Garbage(format!("more than {HEAD_BYTES} bytes of headers")));
        }
        self.more().await
    }

    /// The next bytes of the answer.
    async fn take(&mut self, bytes: usize) -> Result<Vec<u8>, ExchangeError> {
        while self.buffer.len() < bytes {
            self.more().await?;
        }
        if bytes <= ROOM {
            return Ok(self.buffer.drain(..bytes).collect()); // the buffer is kept
        }
        let rest = self.buffer.split_off(bytes);
        Ok(std::mem::replace(&mut self.buffer, rest))
    }

    async fn chunks(&mut self, limit: usize) -> Result<Vec<u8>, ExchangeError> {
        let garbage = |what: &str| ExchangeError::Garbage(what.to_owned());
        let mut body = Vec::new();
        loop {
            let (line, bytes) = match httparse::parse_chunk_size(&self.buffer) {
                Ok(Status::Complete(found)) => found,
                Ok(Status::Partial) => {
                    self.more_of_head().await?;
                    continue;
                }
                Err(_) => return Err(garbage("a body whose chunks have no size")),
            };
            self.buffer.drain(..line);
            let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
            if bytes == 0 {
                self.trailers().await?;
                return Ok(body);
            }
            if bytes > limit - body.len() {
                return Err(ExchangeError::TooLarge);
            }
            body.extend_from_slice(&self.take(bytes).await?);
            if self.take(2).await? != b"\r\n" {
                return Err(garbage("a chunk that does not end where it should"));
            }
        }
    }

    /// Passes over what follows the last chunk, up to an empty line.
    async fn trailers(&mut self) -> Result<(), ExchangeError> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|bytes| bytes == b"\r\n") {
                self.buffer.drain(..end + 2);
                if end == 0 {
                    return Ok(());
                }
            } else {
                self.more_of_head().await?;
            }
        }
    }

    /// All that comes until the other end closes.
    async fn rest(&mut self, limit: usize) -> Result<Vec<u8>, ExchangeError> {
        while self.buffer.len() <= limit {
            if self.read().await.map_err(|error| ExchangeError::Closed(error.to_string()))? == 0 {
                return Ok(std::mem::take(&mut self.buffer));
            }
        }
        Err(ExchangeError::TooLarge)
    }

    async fn more(&mut self) -> Result<(), ExchangeError> {
        match self.read().await {
            Ok(0) => Err(ExchangeError::Closed("the connection ended before the answer did".to_owned())),
            Ok(_) => Ok(()),
            Err(error) => Err(ExchangeError::Closed(error.to_string())),
        }
    }

    async fn read(&mut self) -> io::Result<usize> {
        // As much again as there is, so that large bodies take few reads and small ones little memory.
        self.buffer.reserve(self.buffer.len().max(ROOM));
        loop {
            let mut ready = self.stream.readable().await?;
            let room = self.buffer.capacity() - self.buffer.len();
            match rustix::io::read(self.stream.get_ref(), spare_capacity(&mut self.buffer)) {
                Ok(length) => {
                    if length < room {
                        ready.clear_ready(); // nothing more was there: what comes next tells of itself
                    }
                    return Ok(length);
                }
                Err(rustix::io::Errno::AGAIN) => ready.clear_ready(),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// A stream of which one direction is watched.
#[expect(
    deprecated,
    reason = "its successor is unsafe, for types that change their descriptor; a stream does not"
)]
fn watched(stream: StdStream, interest: Interest) -> io::Result<AsyncFd<StdStream>> {
    AsyncFd::with_interest(stream, interest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    /// What comes of an exchange whose other end says `pieces` and closes, and whether it could go on.
    async fn exchange(pieces: &[&'static [u8]]) -> (Result<(u16, String), ExchangeError>, bool) {
        let (ours, mut theirs) = StdStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let mut connection = Connection::over(ours).unwrap();
        let pieces = pieces.to_vec();
        let other = tokio::task::spawn_blocking(move || {
            let mut request = [0; 7];
            theirs.read_exact(&mut request).unwrap();
            assert_eq!(&request, b"requesT");
            for piece in pieces {
                theirs.write_all(piece).unwrap();
            }
            theirs
        });
        let answer = connection.exchange(b"reques".to_vec(), b"T", 10).await;
        let usable = connection.is_usable();
        drop(other.await.unwrap());
        assert!(!connection.is_usable(), "the other end has closed");
        (answer.map(|(head, body)| (head.status, String::from_utf8(body.to_vec()).unwrap())), usable)
    }

    async fn check(pieces: &[&'static [u8]], expected: Result<(u16, &str), ExchangeError>, usable: bool) {
        let expected = expected.map(|(status, body)| (status, body.to_owned()));
        assert_eq!(exchange(pieces).await, (expected, usable), "{pieces:?}");
    }

    #[tokio::test]
    async fn answers_are_read_in_whatever_pieces_they_come() {
        let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789";
        check(&[whole], Ok((200, "0123456789")), true).await;
        let single: Vec<&[u8]> = whole.chunks(1).collect();
        check(&single, Ok((200, "0123456789")), true).await;
        let chunked = b"HTTP/1.1 502 X\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n7;x=y\r\ndefghij\r\n0\r\nT: u\r\n\r\n";
        check(&[chunked], Ok((502, "abcdefghij")), true).await;
        let single: Vec<&[u8]> = chunked.chunks(1).collect();
        check(&single, Ok((502, "abcdefghij")), true).await;
        let early: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        check(&[early], Ok((200, "")), true).await;
    }

    #[tokio::test]
    async fn more_than_an_answer_ends_the_connection() {
        check(&[b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab"], Ok((200, "a")), false).await;
        check(
            &[b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\na"],
            Ok((200, "a")),
            false,
        )
        .await;
    }

    #[tokio::test]
    async fn limits_hold_for_each_kind_of_body() {
        for text in [
            b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n".as_slice(),
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n123456789\r\n2\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
            b"HTTP/1.1 200 OK\r\n\r\n12345678901",
        ] {
            check(&[text], Err(ExchangeError::TooLarge), false).await;
        }
        let endless: Vec<&[u8]> = std::iter::once(b"HTTP/1.1 200 OK\r\nX: ".as_slice())
            .chain(std::iter::repeat_n([b'x'; 1000].as_slice(), 100))
            .collect();
        check(&endless, Err(ExchangeError::Garbage("more than 65536 bytes of headers".into())), false).await;
    }

    #[tokio::test]
    async fn what_is_no_answer_is_told() {
        for text in [
            b"what a nice day\r\n\r\n".as_slice(),
            b"HTTP/1.1 101 Switching\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc",
        ] {
            let (answer, usable) = exchange(&[text]).await;
            assert!(matches!(answer, Err(ExchangeError::Garbage(_))) && !usable, "{answer:?}");
        }
    }

    #[tokio::test]
    async fn an_end_before_the_request_is_told_from_one_after_it() {
        let (ours, theirs) = StdStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let mut connection = Connection::over(ours).unwrap();
        drop(theirs);
        let error = connection.exchange(b"request".to_vec(), b"", 10).await.unwrap_err();
        assert!(matches!(error, ExchangeError::NotSent(_)), "{error:?}");
        let (ours, mut theirs) = StdStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let mut connection = Connection::over(ours).unwrap();
        let other = tokio::task::spawn_blocking(move || {
            theirs.read_exact(&mut [0; 7]).unwrap();
            theirs.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na").unwrap();
        });
        let error = connection.exchange(b"request".to_vec(), b"", 10).await.unwrap_err();
        assert_eq!(error, ExchangeError::Closed("the connection ended before the answer did".to_owned()));
        other.await.unwrap();
    }

    #[tokio::test]
    async fn a_large_body_waits_for_room() {
        let (ours, mut theirs) = StdStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let mut connection = Connection::over(ours).unwrap();
        let body = vec![7; 5 << 20];
        let other = tokio::task::spawn_blocking(move || {
            let mut read = vec![0; (5 << 20) + 4];
            theirs.read_exact(&mut read).unwrap();
            assert!(read.starts_with(b"head") && read[4..].iter().all(|byte| *byte == 7));
            theirs.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na").unwrap();
            theirs
        });
        let (head, answer) = connection.exchange(b"head".to_vec(), &body, 10).await.unwrap();
        assert_eq!((head.status, &answer[..]), (200, b"a".as_slice()));
        drop(other.await.unwrap());
    }
}
