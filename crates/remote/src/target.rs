//! Which server, and what it is told with each request.

use crate::error::Error;
use partita_api::durable_task::proto::task_hub_sidecar_service_client::TaskHubSidecarServiceClient;
use std::sync::Arc;
use std::time::Duration;
use tonic::metadata::{AsciiMetadataKey, AsciiMetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

/// Bytes of one message that is taken from a server, at most.
const MESSAGE_BYTES: usize = 256 << 20;

/// How long connecting may take.
const CONNECT_TIME: Duration = Duration::from_secs(10);

/// How often a silent server is asked for a sign of life, and how long it may take.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// Bytes that a server may send on one stream, and on one connection, before they are read.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 8 << 20;

/// The service as this crate calls it.
pub(crate) type Hub = TaskHubSidecarServiceClient<InterceptedService<Channel, Headers>>;

/// A server, and a task hub in it.
#[derive(Clone, Debug)]
pub struct Target {
    endpoint: Endpoint,
    headers: Headers,
}

impl Target {
    /// The server at an address like `http://127.0.0.1:7080` or `127.0.0.1:7080`.
    ///
    /// # Errors
    /// When it is no address, or one of a kind that is not spoken.
    pub fn new(address: &str) -> Result<Self, Error> {
        let invalid = |problem: &str| {
            Error::Invalid(format!("{address:?} {problem}; give one like http://127.0.0.1:7080"))
        };
        if address.starts_with("https:") {
            return Err(invalid("asks for TLS, which this client does not speak"));
        }
        let whole = match address.contains("://") {
            true => address.to_owned(),
            false => format!("http://{address}"),
        };
        let endpoint = Endpoint::from_shared(whole).map_err(|_| invalid("is not the address of a server"))?;
        if endpoint.uri().scheme_str() != Some("http") {
            return Err(invalid("is not the address of a server"));
        }
        let endpoint = endpoint
            .connect_timeout(CONNECT_TIME)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE)
            .keep_alive_while_idle(true)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW);
        Ok(Self { endpoint, headers: Headers::default() })
    }

    /// The task hub of that name, instead of the server's default one.
    ///
    /// # Errors
    /// When the name is none that can be sent.
    pub fn task_hub(self, name: &str) -> Result<Self, Error> {
        self.header("taskhub", name)
    }

    /// Tells this with each request, as gRPC metadata.
    ///
    /// # Errors
    /// When the name or the value cannot be sent.
    pub fn header(mut self, name: &'static str, value: &str) -> Result<Self, Error> {
        let bad =
            || Error::Invalid(format!("{value:?} cannot be sent as {name:?}: use visible ASCII characters"));
        let key = AsciiMetadataKey::from_bytes(name.as_bytes()).map_err(|_| bad())?;
        let value: AsciiMetadataValue = value.parse().map_err(|_| bad())?;
        let mut all: Vec<_> = self.headers.0.iter().filter(|(known, _)| *known != key).cloned().collect();
        all.push((key, value));
        self.headers = Headers(all.into());
        Ok(self)
    }

    /// Connects at the first request, and again whenever the connection is lost. To be called within tokio.
    pub(crate) fn hub(&self) -> Hub {
        let service = InterceptedService::new(self.endpoint.connect_lazy(), self.headers.clone());
        TaskHubSidecarServiceClient::new(service)
            .max_decoding_message_size(MESSAGE_BYTES)
            .max_encoding_message_size(usize::MAX)
    }
}

/// What each request tells beside itself.
#[derive(Clone, Debug)]
pub(crate) struct Headers(Arc<[(AsciiMetadataKey, AsciiMetadataValue)]>);

impl Default for Headers {
    fn default() -> Self {
        Self(Arc::from([]))
    }
}

impl Interceptor for Headers {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        for (key, value) in self.0.iter() {
            request.metadata_mut().insert(key.clone(), value.clone());
        }
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for good in ["http://127.0.0.1:7080", "localhost:7080", "http://[::1]:1"] {
            assert!(Target::new(good).is_ok(), "{good}");
        }
        for bad in ["", "https://a:1", "ftp://a", "http://", "a b"] {
            assert!(matches!(Target::new(bad), Err(Error::Invalid(_))), "{bad}");
        }
    }

    #[test]
    fn the_last_header_of_a_name_counts() {
        let target = Target::new("a:1").and_then(|target| target.task_hub("x")?.task_hub("y")).unwrap();
        let mut headers = target.headers.clone();
        let request = headers.call(Request::new(())).unwrap();
        assert_eq!(request.metadata().get_all("taskhub").iter().collect::<Vec<_>>(), ["y"]);
        assert!(target.task_hub("no\nlines").is_err());
    }
}
