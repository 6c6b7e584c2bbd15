-- Polls, what was counted of them, and how far the log was read.
--
-- What every batch writes (polls, tallies, partitions) is few rows, written over and over: half-empty pages keep the new
-- version of a row beside the old one, so that no index is touched (HOT) and the dead version goes with the next look.

-- How many partitions the log has: fixed by the first `hemicycle migrate`, for a voter's ballots must stay in order.
CREATE TABLE system (
  one        boolean PRIMARY KEY DEFAULT true CHECK (one),
  partitions smallint NOT NULL CHECK (partitions > 0)
);

CREATE TABLE polls (
  id           bigint PRIMARY KEY,           -- domain::names::PollId
  created_at   bigint NOT NULL,              -- all times: milliseconds since the epoch
  opens_at     bigint,
  closes_at    bigint,
  shown        bigint NOT NULL,              -- domain::poll::Versions
  text         bigint NOT NULL,
  revision     bigint NOT NULL,
  generation   integer NOT NULL,
  round        integer NOT NULL,
  allow_change boolean NOT NULL,
  final        boolean NOT NULL DEFAULT false,
  is_default   boolean NOT NULL DEFAULT false,
  status       text NOT NULL CHECK (status IN ('draft', 'open', 'closed')),
  results      text NOT NULL CHECK (results IN ('live', 'hidden', 'after_close')),
  slug         text NOT NULL,
  code         text NOT NULL,
  title        text NOT NULL,
  labels       text[] NOT NULL
) WITH (fillfactor = 50);
CREATE UNIQUE INDEX one_default_poll ON polls (is_default) WHERE is_default;
CREATE INDEX polls_unsettled ON polls (id) WHERE NOT final;

-- Slugs and codes, in lower case: one name space, which a unique index over two columns cannot be.
CREATE TABLE names (
  name text PRIMARY KEY,
  poll bigint NOT NULL REFERENCES polls (id) ON DELETE CASCADE
);
CREATE INDEX names_of_polls ON names (poll);

-- How each generation began: the record of reopenings and resets.
CREATE TABLE generations (
  poll       bigint NOT NULL REFERENCES polls (id) ON DELETE CASCADE,
  began_at   bigint NOT NULL,
  generation integer NOT NULL,
  round      integer NOT NULL,
  PRIMARY KEY (poll, generation)
);

-- Closing markers applied, by partition: a generation is final when every partition has one.
CREATE TABLE markers (
  poll       bigint NOT NULL REFERENCES polls (id) ON DELETE CASCADE,
  generation integer NOT NULL,
  partition  smallint NOT NULL,
  PRIMARY KEY (poll, generation, partition)
);

-- The ballot that stands, one a voter. A table a partition of the log, made by `hemicycle migrate`: each worker writes
-- to pages of its own, and an index is as many times smaller. Voters are the 16 bytes of their keys, roughly ordered by
-- time: inserts go to the right edge of the index. The partition comes last in the key, where it costs nothing: a voter
-- can be looked up without it. Columns are in order of size, so that nothing is lost between them.
CREATE TABLE ballots (
  poll      bigint NOT NULL,
  sequence  bigint NOT NULL,                 -- domain::ballot::Sequence
  voter     uuid NOT NULL,
  round     integer NOT NULL,
  partition smallint NOT NULL,
  choice    smallint NOT NULL,
  previous  smallint NOT NULL,               -- what the last upsert found; see store::postgres::apply
  PRIMARY KEY (poll, round, voter, partition)
) PARTITION BY LIST (partition);

CREATE TABLE tallies (
  poll   bigint NOT NULL REFERENCES polls (id) ON DELETE CASCADE,
  votes  bigint NOT NULL,
  choice smallint NOT NULL,
  PRIMARY KEY (poll, choice)
) WITH (fillfactor = 50);

-- A bookmark and the terms of conservation that are not in tallies. Row -1 is no partition of the log: it has what
-- resets and deletions discard, so that an organiser never waits for a worker.
CREATE TABLE partitions (
  entry       bigint NOT NULL DEFAULT 0,
  fingerprint bigint NOT NULL DEFAULT 0,
  position    bigint NOT NULL DEFAULT 0,
  applied     bigint NOT NULL DEFAULT 0,
  superseded  bigint NOT NULL DEFAULT 0,
  discarded   bigint NOT NULL DEFAULT 0,
  dead        bigint NOT NULL DEFAULT 0,
  repeated    bigint NOT NULL DEFAULT 0,
  epoch       integer NOT NULL DEFAULT 0,
  partition   smallint PRIMARY KEY
) WITH (fillfactor = 50);

CREATE TABLE dead_letters (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at          bigint NOT NULL,
  entry       bigint NOT NULL,
  fingerprint bigint NOT NULL,
  position    bigint NOT NULL,               -- of the entry's first ballot
  ballots     bigint NOT NULL,
  epoch       integer NOT NULL,
  partition   smallint NOT NULL,
  whole       boolean NOT NULL,              -- whether no ballot of the entry was counted
  reason      text NOT NULL CHECK (reason <> ''),
  body        bytea NOT NULL
);

-- Rounds whose ballots no longer count and wait to be swept away.
CREATE TABLE discarded_rounds (
  poll  bigint NOT NULL,
  round integer NOT NULL,
  PRIMARY KEY (poll, round)
);
