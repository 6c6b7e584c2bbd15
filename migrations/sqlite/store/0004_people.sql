-- Accounts, what proves who somebody is, voting codes, and the record of administrative acts.
-- All times: milliseconds since the epoch.

CREATE TABLE users (
  folded   TEXT PRIMARY KEY,                -- the id without capitals
  id       TEXT NOT NULL UNIQUE,            -- as it was chosen
  name     TEXT NOT NULL,
  role     TEXT NOT NULL CHECK (role IN ('member', 'organiser', 'admin')),
  password TEXT,                            -- Argon2id in PHC format; without it nobody signs in
  made_at  INTEGER NOT NULL
) WITHOUT ROWID;

-- Who is signed in. Of the secret in the cookie there is only its SHA-256.
CREATE TABLE sessions (
  id       TEXT PRIMARY KEY,
  secret   BLOB NOT NULL UNIQUE,
  owner    TEXT REFERENCES users (folded) ON DELETE CASCADE,
  key_mark BLOB,                            -- of the admin key that began it, where it is no account's
  agent    TEXT NOT NULL,
  began_at INTEGER NOT NULL,
  seen_at  INTEGER NOT NULL,
  ends_at  INTEGER NOT NULL,
  CHECK ((owner IS NULL) <> (key_mark IS NULL))
) WITHOUT ROWID;
CREATE INDEX sessions_of_users ON sessions (owner);
CREATE INDEX sessions_of_keys ON sessions (key_mark) WHERE key_mark IS NOT NULL;
CREATE INDEX sessions_by_end ON sessions (ends_at);

-- API tokens, kept in the same way.
CREATE TABLE tokens (
  id       TEXT PRIMARY KEY,
  secret   BLOB NOT NULL UNIQUE,
  owner    TEXT REFERENCES users (folded) ON DELETE CASCADE,
  key_mark BLOB,
  name     TEXT NOT NULL,
  scopes   INTEGER NOT NULL,                -- domain::rights::Scopes
  made_at  INTEGER NOT NULL,
  seen_at  INTEGER,
  ends_at  INTEGER NOT NULL,
  CHECK ((owner IS NULL) <> (key_mark IS NULL))
) WITHOUT ROWID;
CREATE INDEX tokens_of_users ON tokens (owner);
CREATE INDEX tokens_of_keys ON tokens (key_mark) WHERE key_mark IS NOT NULL;

CREATE TABLE invitations (
  id      TEXT PRIMARY KEY,
  secret  BLOB NOT NULL UNIQUE,
  role    TEXT NOT NULL CHECK (role IN ('member', 'organiser', 'admin')),
  note    TEXT NOT NULL,
  made_at INTEGER NOT NULL,
  ends_at INTEGER NOT NULL
) WITHOUT ROWID;

-- The audit trail.
CREATE TABLE deeds (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  at      INTEGER NOT NULL,
  who     TEXT NOT NULL,
  what    TEXT NOT NULL,
  subject TEXT NOT NULL
);

-- Files that were loaded into an empty store, once.
CREATE TABLE loaded (
  what TEXT PRIMARY KEY,
  at   INTEGER NOT NULL
) WITHOUT ROWID;

ALTER TABLE polls ADD COLUMN owner TEXT REFERENCES users (id) ON DELETE SET NULL;
ALTER TABLE polls ADD COLUMN one_vote_per TEXT NOT NULL DEFAULT 'browser'
  CHECK (one_vote_per IN ('browser', 'account', 'code'));
CREATE INDEX polls_of_users ON polls (owner);

-- Voting codes, as hashes (domain::code). A code is good once its batch is complete, until it is void. Nothing here says
-- whether a code was used. Batches outlive their polls until their codes are swept away, and swept ones keep their numbers
-- taken while their poll is there.
CREATE TABLE code_batches (
  poll    INTEGER NOT NULL,
  batch   INTEGER NOT NULL,
  codes   INTEGER NOT NULL,
  made_at INTEGER NOT NULL,
  state   TEXT NOT NULL CHECK (state IN ('making', 'good', 'void', 'swept')),
  PRIMARY KEY (poll, batch)
) WITHOUT ROWID;
CREATE TABLE codes (
  poll  INTEGER NOT NULL,
  hash  BLOB NOT NULL,
  batch INTEGER NOT NULL,
  PRIMARY KEY (poll, hash)
) WITHOUT ROWID;
CREATE INDEX codes_of_batches ON codes (poll, batch);
