//! `/metrics`, in the Prometheus text format.

use crate::answer::Answer;
use crate::app::Shared;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use parking_lot::Mutex;
use partita_engine::metrics::Histogram;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

/// Requests by method, route and status.
#[derive(Default)]
pub(crate) struct HttpMetrics(Mutex<BTreeMap<(String, String, u16), Seen>>);

#[derive(Clone, Copy, Default)]
struct Seen {
    count: u64,
    seconds: f64,
}

impl HttpMetrics {
    pub(crate) fn note(&self, method: &str, route: &str, status: u16, took: Duration) {
        let mut seen = self.0.lock();
        let seen = seen.entry((method.to_owned(), route.to_owned(), status)).or_default();
        seen.count += 1;
        seen.seconds += took.as_secs_f64();
    }

    fn write(&self, text: &mut Text) {
        let seen = self.0.lock();
        let labels = |(method, route, status): &(String, String, u16)| {
            format!("{{method=\"{method}\",route=\"{}\",status=\"{status}\"}}", escaped(route))
        };
        text.head("partita_http_requests_total", "counter", "HTTP requests by route and status.");
        for (key, seen) in seen.iter() {
            text.line("partita_http_requests_total", &labels(key), seen.count);
        }
        text.head(
            "partita_http_request_seconds_total",
            "counter",
            "Time spent on HTTP requests by route and status.",
        );
        for (key, seen) in seen.iter() {
            text.line("partita_http_request_seconds_total", &labels(key), seen.seconds);
        }
    }
}

/// `GET /metrics`.
pub(crate) async fn metrics(State(app): State<Shared>) -> Answer {
    let mut text = Text::default();
    build_info(&mut text);
    engine(&mut text, &app);
    store(&mut text, &app).await;
    app.http.write(&mut text);
    let mut response: Response = text.0.into_response();
    let media = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, media);
    Ok(response)
}

fn build_info(text: &mut Text) {
    text.head("partita_build_info", "gauge", "The version of this server.");
    text.line("partita_build_info", &format!("{{version=\"{}\"}}", env!("CARGO_PKG_VERSION")), 1);
}

fn engine(text: &mut Text, app: &Shared) {
    let engine = &app.engine;
    for (name, help, value) in engine.metrics().read() {
        match name {
            "calls_running" | "hot_instances" => text.one(&format!("partita_{name}"), "gauge", help, value),
            name => text.one(&format!("partita_{name}_total"), "counter", help, value),
        }
    }
    histogram(text, "partita_commit_seconds", "How long commits took.", &engine.metrics().commit_seconds);
    let uptime = engine.now().since(app.started_at).as_secs_f64();
    text.one("partita_uptime_seconds", "gauge", "How long this server has been up.", uptime);
    text.one("partita_ready", "gauge", "Whether new work is taken in.", u8::from(app.ready().is_ok()));
}

async fn store(text: &mut Text, app: &Shared) {
    let Ok(info) = app.engine.store_info().await else { return };
    text.one("partita_store_disk_bytes", "gauge", "Bytes of the store on disk.", info.disk_bytes);
    text.one(
        "partita_store_unfolded_bytes",
        "gauge",
        "Bytes that are durable but not yet in the tables.",
        info.unfolded_bytes,
    );
    text.one(
        "partita_store_instances",
        "gauge",
        "Instances in the store, as far as it is cheap to know.",
        info.instances,
    );
}

fn histogram(text: &mut Text, name: &str, help: &str, histogram: &Histogram) {
    let (buckets, count, sum_us) = histogram.read();
    text.head(name, "histogram", help);
    for (bound_us, count) in buckets {
        text.line(&format!("{name}_bucket"), &format!("{{le=\"{}\"}}", seconds(bound_us)), count);
    }
    text.line(&format!("{name}_bucket"), "{le=\"+Inf\"}", count);
    text.line(&format!("{name}_sum"), "", seconds(sum_us));
    text.line(&format!("{name}_count"), "", count);
}

#[allow(clippy::cast_precision_loss)] // microseconds stay exact for 285 years
fn seconds(us: u64) -> f64 {
    us as f64 / 1e6
}

/// Labels are put between quotes.
fn escaped(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}"); // a String takes everything
    }
    fn line(&mut self, name: &str, labels: &str, value: impl std::fmt::Display) {
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }
    fn one(&mut self, name: &str, kind: &str, help: &str, value: impl std::fmt::Display) {
        self.head(name, kind, help);
        self.line(name, "", value);
    }
}
