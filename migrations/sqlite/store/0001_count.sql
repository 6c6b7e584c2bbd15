-- Polls, what was counted of them, and how far the log was read.

CREATE TABLE polls (
  id           INTEGER PRIMARY KEY,         -- domain::names::PollId
  slug         TEXT NOT NULL UNIQUE,
  code         TEXT NOT NULL UNIQUE,
  title        TEXT NOT NULL,
  labels       TEXT NOT NULL,               -- JSON array
  status       TEXT NOT NULL CHECK (status IN ('draft', 'open', 'closed')),
  generation   INTEGER NOT NULL,
  round        INTEGER NOT NULL,
  opens_at     INTEGER,                     -- all times: milliseconds since the epoch
  closes_at    INTEGER,
  allow_change INTEGER NOT NULL,
  results      TEXT NOT NULL CHECK (results IN ('live', 'hidden', 'after_close')),
  final        INTEGER NOT NULL DEFAULT 0,
  created_at   INTEGER NOT NULL,
  shown        INTEGER NOT NULL,            -- domain::poll::Versions
  text         INTEGER NOT NULL,
  revision     INTEGER NOT NULL,
  is_default   INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX one_default_poll ON polls (is_default) WHERE is_default = 1;
CREATE INDEX polls_unsettled ON polls (status) WHERE final = 0;

-- How each generation began: the record of reopenings and resets.
CREATE TABLE generations (
  poll       INTEGER NOT NULL REFERENCES polls (id) ON DELETE CASCADE,
  generation INTEGER NOT NULL,
  round      INTEGER NOT NULL,
  began_at   INTEGER NOT NULL,
  PRIMARY KEY (poll, generation)
) WITHOUT ROWID;

-- Closing markers applied, by partition: a generation is final when every partition has one.
CREATE TABLE markers (
  poll       INTEGER NOT NULL REFERENCES polls (id) ON DELETE CASCADE,
  generation INTEGER NOT NULL,
  partition  INTEGER NOT NULL,
  PRIMARY KEY (poll, generation, partition)
) WITHOUT ROWID;

-- The ballot that stands, one a voter. Voters are roughly ordered by time: inserts go to the end of the tree.
-- Rows of rounds before the poll's current one are swept away in small steps.
CREATE TABLE ballots (
  poll     INTEGER NOT NULL,
  round    INTEGER NOT NULL,
  voter    BLOB NOT NULL,
  choice   INTEGER NOT NULL,
  sequence INTEGER NOT NULL,                -- domain::ballot::Sequence
  PRIMARY KEY (poll, round, voter)
) WITHOUT ROWID;

CREATE TABLE tallies (
  poll   INTEGER NOT NULL REFERENCES polls (id) ON DELETE CASCADE,
  choice INTEGER NOT NULL,
  votes  INTEGER NOT NULL,
  PRIMARY KEY (poll, choice)
) WITHOUT ROWID;

-- A bookmark and the terms of conservation that are not in tallies.
CREATE TABLE partitions (
  partition   INTEGER PRIMARY KEY,
  epoch       INTEGER NOT NULL DEFAULT 0,
  entry       INTEGER NOT NULL DEFAULT 0,
  fingerprint INTEGER NOT NULL DEFAULT 0,
  position    INTEGER NOT NULL DEFAULT 0,
  applied     INTEGER NOT NULL DEFAULT 0,
  superseded  INTEGER NOT NULL DEFAULT 0,
  discarded   INTEGER NOT NULL DEFAULT 0,
  dead        INTEGER NOT NULL DEFAULT 0,
  repeated    INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE dead_letters (
  id        INTEGER PRIMARY KEY,
  partition INTEGER NOT NULL,
  entry     INTEGER NOT NULL,
  ballots   INTEGER NOT NULL,
  reason    TEXT NOT NULL,
  body      BLOB NOT NULL,
  at        INTEGER NOT NULL
);

-- Rounds whose ballots no longer count and wait to be swept away.
CREATE TABLE discarded_rounds (
  poll  INTEGER NOT NULL,
  round INTEGER NOT NULL,
  PRIMARY KEY (poll, round)
) WITHOUT ROWID;

-- What a packed parameter is expanded against: substr(:packed, n * width + 1, width).
CREATE TABLE numbers (n INTEGER PRIMARY KEY);
WITH RECURSIVE count(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM count WHERE n < 8191) INSERT INTO numbers SELECT n FROM count;
