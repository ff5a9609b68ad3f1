//! The addresses of the own API, relative to the server's base.

/// Where the own API begins.
pub const BASE: &str = "/api/v1";
/// Where its description is.
pub const OPENAPI: &str = "/api/openapi.json";
/// All instances (`GET` lists, `DELETE` purges by filter).
pub const INSTANCES: &str = "/api/v1/instances";
/// How many instances there are.
pub const COUNTS: &str = "/api/v1/counts";
/// What happens now (server-sent events).
pub const CHANGES: &str = "/api/v1/changes";
/// What happened in the last hour and day.
pub const SERIES: &str = "/api/v1/series";
/// Workflows that are offered.
pub const WORKFLOWS: &str = "/api/v1/workflows";
/// Routes that the configuration adds.
pub const TRIGGERS: &str = "/api/v1/triggers";
/// Checks a definition.
pub const CHECK_DEFINITION: &str = "/api/v1/definitions/check";
/// Functions that are offered.
pub const FUNCTIONS: &str = "/api/v1/functions";
/// Who offers them.
pub const WORKERS: &str = "/api/v1/workers";
/// The task hubs.
pub const HUBS: &str = "/api/v1/hubs";
/// The entities.
pub const ENTITIES: &str = "/api/v1/entities";
/// Tidies entities up.
pub const CLEAN_ENTITIES: &str = "/api/v1/entities/clean";
/// The settings in force.
pub const CONFIGURATION: &str = "/api/v1/configuration";
/// The limits in force.
pub const LIMITS: &str = "/api/v1/limits";
/// The retention rules in force.
pub const RETENTION: &str = "/api/v1/retention";
/// The server and its store.
pub const ABOUT: &str = "/api/v1/about";
/// The schedules.
pub const SCHEDULES: &str = "/api/v1/schedules";
/// The store.
pub const STORE: &str = "/api/v1/store";
/// Checks the store.
pub const CHECK_STORE: &str = "/api/v1/store/check";
/// Copies the store.
pub const BACKUP: &str = "/api/v1/store/backup";

/// One workflow.
#[must_use]
pub fn workflow(name: &str) -> String {
    format!("{WORKFLOWS}/{}", encode(name))
}

/// Where instances of a workflow are started.
#[must_use]
pub fn start(workflow: &str) -> String {
    format!("{WORKFLOWS}/{}/instances", encode(workflow))
}

/// One instance.
#[must_use]
pub fn instance(id: &str) -> String {
    format!("{INSTANCES}/{}", encode(id))
}

/// What belongs to one instance: `history`, `why`, `wait`, `events` (a live stream), `children`, `suspend`, `resume`,
/// `terminate`, `rewind`, `restart`, `execution`.
#[must_use]
pub fn of_instance(id: &str, what: &str) -> String {
    format!("{}/{what}", instance(id))
}

/// One task hub.
#[must_use]
pub fn hub(name: &str) -> String {
    format!("{HUBS}/{}", encode(name))
}

/// One entity.
///
/// One `$` before the key is taken off when it is read. So a key that begins with `$` gets one more, the empty key is
/// `$`, and the keys `.` and `..`, which clients would take for folders, can stand in an address too.
#[must_use]
pub fn entity(name: &str, key: &str) -> String {
    let mark = if key.starts_with('$') || matches!(key, "" | "." | "..") { "%24" } else { "" };
    format!("{ENTITIES}/{}/{mark}{}", encode(name), encode(key))
}

/// The key that a part of a path stands for.
#[must_use]
pub fn entity_key(part: &str) -> &str {
    part.strip_prefix('$').unwrap_or(part)
}

/// Where an entity is told to run an operation.
#[must_use]
pub fn signal_entity(name: &str, key: &str, operation: &str) -> String {
    format!("{}/signals/{}", entity(name, key), encode(operation))
}

/// What a function printed.
#[must_use]
pub fn function_logs(name: &str) -> String {
    format!("{FUNCTIONS}/{}/logs", encode(name))
}

/// One schedule.
#[must_use]
pub fn schedule(name: &str) -> String {
    format!("{SCHEDULES}/{}", encode(name))
}

/// What is done with one schedule: `pause`, `resume`, `run`, `backfill`.
#[must_use]
pub fn of_schedule(name: &str, what: &str) -> String {
    format!("{}/{what}", schedule(name))
}

/// Where an external event is raised.
#[must_use]
pub fn raise_event(id: &str, event: &str) -> String {
    format!("{}/events/{}", instance(id), encode(event))
}

/// Where many instances are operated on at once.
#[must_use]
pub fn bulk(operation: crate::BulkOperation) -> String {
    format!("{BASE}/bulk/{operation}")
}

/// Percent-encodes one part of a path or query (RFC 3986: all but unreserved characters).
#[must_use]
pub fn encode(text: &str) -> String {
    const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or('0');
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_paths_are_encoded() {
        assert_eq!(raise_event("a b:1", "paid/ö"), "/api/v1/instances/a%20b%3A1/events/paid%2F%C3%B6");
        assert_eq!(signal_entity("Counter", "a/b", "add"), "/api/v1/entities/Counter/a%2Fb/signals/add");
        assert_eq!(start("New-Order_1.0~"), "/api/v1/workflows/New-Order_1.0~/instances");
    }

    #[test]
    fn every_key_can_stand_in_a_path() {
        for (key, part) in
            [("", "%24"), ("$", "%24%24"), ("$a", "%24%24a"), (".", "%24."), ("..", "%24.."), ("a$", "a%24")]
        {
            let path = entity("C", key);
            assert_eq!(path, format!("/api/v1/entities/C/{part}"));
            assert_eq!(entity_key(&part.replace("%24", "$")), key);
        }
    }
}
