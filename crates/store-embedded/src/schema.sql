-- Times are nanoseconds since 1970 in UTC. A blob begins with a byte that says how the rest is packed:
-- 0 plain, 1 four bytes of length and zstd. What a list shows comes first, so that it never reads the
-- overflow pages of the large blobs behind.

CREATE TABLE instances (
    row           INTEGER PRIMARY KEY,
    id            TEXT NOT NULL,
    partition     INTEGER NOT NULL,
    status        INTEGER NOT NULL,
    name          TEXT NOT NULL,
    version       TEXT,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    completed_at  INTEGER,
    next_wake     INTEGER,
    recover       INTEGER NOT NULL,
    set_aside     INTEGER NOT NULL,
    parent        TEXT,
    tags          TEXT,
    custom_status TEXT,
    head          BLOB NOT NULL,
    state         BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX instances_by_id ON instances (id);
CREATE INDEX instances_by_status ON instances (status, created_at);
CREATE INDEX instances_by_update ON instances (status, updated_at);
CREATE INDEX instances_by_name ON instances (name, status, created_at);
CREATE INDEX instances_by_parent ON instances (parent, status, created_at) WHERE parent IS NOT NULL;
CREATE INDEX instances_by_wake ON instances (partition, next_wake) WHERE next_wake IS NOT NULL;
CREATE INDEX instances_to_recover ON instances (partition, id) WHERE recover = 1;
CREATE INDEX instances_set_aside ON instances (status, created_at) WHERE set_aside = 1;

-- The key holds the instance's row (upper bits) and the number of the first event (lower 20 bits).
CREATE TABLE history (
    key      INTEGER PRIMARY KEY,
    count    INTEGER NOT NULL,
    events   BLOB NOT NULL,
    instance INTEGER GENERATED ALWAYS AS (key >> 20) VIRTUAL,
    first    INTEGER GENERATED ALWAYS AS (key & 1048575) VIRTUAL
) STRICT;

CREATE TABLE messages (
    partition INTEGER NOT NULL,
    place     INTEGER NOT NULL,
    id        BLOB NOT NULL,
    target    TEXT NOT NULL,
    message   BLOB NOT NULL,
    PRIMARY KEY (partition, place)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX messages_by_id ON messages (id);

CREATE TABLE tags (
    key      TEXT NOT NULL,
    value    TEXT NOT NULL,
    instance INTEGER NOT NULL,
    PRIMARY KEY (key, value, instance)
) STRICT, WITHOUT ROWID;

CREATE TABLE settings (
    key   TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE epochs (
    partition INTEGER PRIMARY KEY,
    epoch     INTEGER NOT NULL
) STRICT;

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE VIEW v_instances AS
SELECT id,
       name,
       version,
       CASE status
           WHEN 0 THEN 'Running' WHEN 1 THEN 'Completed' WHEN 2 THEN 'ContinuedAsNew' WHEN 3 THEN 'Failed'
           WHEN 4 THEN 'Canceled' WHEN 5 THEN 'Terminated' WHEN 6 THEN 'Pending' WHEN 7 THEN 'Suspended'
       END AS status,
       strftime('%Y-%m-%dT%H:%M:%fZ', created_at / 1e9, 'unixepoch') AS created_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', updated_at / 1e9, 'unixepoch') AS updated_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', completed_at / 1e9, 'unixepoch') AS completed_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', next_wake / 1e9, 'unixepoch') AS next_wake,
       set_aside,
       partition,
       parent,
       tags,
       custom_status,
       (SELECT max(first + count) FROM history WHERE key BETWEEN row << 20 AND (row << 20) + 1048575) AS events
FROM instances
WHERE status < 16; -- the others are entities

CREATE VIEW v_history AS
SELECT instances.id AS id, history.first AS first, history.count AS count, length(history.events) AS bytes
FROM history JOIN instances ON instances.row = history.instance;
