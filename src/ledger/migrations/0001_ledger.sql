-- One text for SQLite and PostgreSQL: only BIGINT and TEXT; days are text like 2026-11-10.

-- Every act, in one chain of hashes. `body` is the act as JSON and is what is hashed; the columns
-- `about`, `day`, `actor` and `kind` repeat it for queries.
CREATE TABLE case_event (
    seq   BIGINT PRIMARY KEY,
    about TEXT NOT NULL,
    day   TEXT NOT NULL,
    actor TEXT NOT NULL,
    kind  TEXT NOT NULL,
    body  TEXT NOT NULL,
    night TEXT,
    at    TEXT NOT NULL,
    prev  TEXT NOT NULL,
    hash  TEXT NOT NULL
);
CREATE INDEX case_event_about ON case_event (about, seq);

-- The fold of case_event. `body` is the case as JSON; the other columns repeat it for queries.
CREATE TABLE case_state (
    number   TEXT PRIMARY KEY,
    anomaly  TEXT NOT NULL UNIQUE,
    rule     TEXT NOT NULL,
    county   TEXT NOT NULL,
    division TEXT NOT NULL,
    owner    TEXT NOT NULL,
    severity TEXT NOT NULL,
    state    TEXT NOT NULL,
    opened   TEXT NOT NULL,
    moved    TEXT NOT NULL,
    due      TEXT,
    body     TEXT NOT NULL
);

-- Nights whose acts are in case_event: the ends of the chain before and after each.
CREATE TABLE ledger_night (
    night       TEXT PRIMARY KEY,
    day         TEXT NOT NULL,
    before_seq  BIGINT NOT NULL,
    before_hash TEXT NOT NULL,
    after_seq   BIGINT NOT NULL,
    after_hash  TEXT NOT NULL,
    events      BIGINT NOT NULL
);

-- One row. Whoever writes changes it first, and so waits for whoever writes already.
CREATE TABLE ledger_turn (
    one  BIGINT PRIMARY KEY,
    turn BIGINT NOT NULL
);
INSERT INTO ledger_turn (one, turn) VALUES (1, 0);
