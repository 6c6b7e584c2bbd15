-- The embedded queue: a log of accepted ballots, the gates that guard it, and what voters chose where they may not change it.

CREATE TABLE log (
  id          INTEGER PRIMARY KEY,          -- domain::log::EntryId, from 1 without gaps
  first       INTEGER NOT NULL,             -- position of the first ballot
  ballots     INTEGER NOT NULL,
  fingerprint INTEGER NOT NULL,
  body        BLOB NOT NULL                 -- queue::format
);

CREATE TABLE gates (
  poll         INTEGER PRIMARY KEY,
  generation   INTEGER NOT NULL,
  round        INTEGER NOT NULL,
  revision     INTEGER NOT NULL,
  phase        INTEGER NOT NULL,            -- 0 shut, 1 open, 2 latched
  opens_at     INTEGER,                     -- milliseconds since the epoch
  closes_at    INTEGER,
  allow_change INTEGER NOT NULL,
  used         INTEGER NOT NULL
);

CREATE TABLE first_choices (
  poll   INTEGER NOT NULL,
  round  INTEGER NOT NULL,
  voter  BLOB NOT NULL,
  choice INTEGER NOT NULL,
  PRIMARY KEY (poll, round, voter)
) WITHOUT ROWID;

-- One row that proves the disk takes writes again.
CREATE TABLE probe (id INTEGER PRIMARY KEY CHECK (id = 1), at INTEGER NOT NULL);

-- What a packed parameter is expanded against: substr(:packed, n * width + 1, width).
CREATE TABLE numbers (n INTEGER PRIMARY KEY);
WITH RECURSIVE count(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM count WHERE n < 8191) INSERT INTO numbers SELECT n FROM count;
