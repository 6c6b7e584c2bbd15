-- Accounts, what proves who somebody is, voting codes, and the record of administrative acts.
-- All times: milliseconds since the epoch.

CREATE TABLE users (
  folded   text COLLATE "C" PRIMARY KEY,     -- the id without capitals, in the order of its bytes
  id       text NOT NULL UNIQUE,             -- as it was chosen
  name     text NOT NULL,
  role     text NOT NULL CHECK (role IN ('member', 'organiser', 'admin')),
  password text,                             -- Argon2id in PHC format; without it nobody signs in
  made_at  bigint NOT NULL
);

-- Who is signed in. Of the secret in the cookie there is only its SHA-256.
CREATE TABLE sessions (
  id       text PRIMARY KEY,
  secret   bytea NOT NULL UNIQUE,
  owner    text COLLATE "C" REFERENCES users (folded) ON DELETE CASCADE,
  key_mark bytea,                            -- of the admin key that began it, where it is no account's
  agent    text NOT NULL,
  began_at bigint NOT NULL,
  seen_at  bigint NOT NULL,
  ends_at  bigint NOT NULL,
  CHECK ((owner IS NULL) <> (key_mark IS NULL))
);
CREATE INDEX sessions_of_users ON sessions (owner);
CREATE INDEX sessions_of_keys ON sessions (key_mark) WHERE key_mark IS NOT NULL;
CREATE INDEX sessions_by_end ON sessions (ends_at);

-- API tokens, kept in the same way.
CREATE TABLE tokens (
  id       text PRIMARY KEY,
  secret   bytea NOT NULL UNIQUE,
  owner    text COLLATE "C" REFERENCES users (folded) ON DELETE CASCADE,
  key_mark bytea,
  name     text NOT NULL,
  scopes   bigint NOT NULL,                  -- domain::rights::Scopes
  made_at  bigint NOT NULL,
  seen_at  bigint,
  ends_at  bigint NOT NULL,
  CHECK ((owner IS NULL) <> (key_mark IS NULL))
);
CREATE INDEX tokens_of_users ON tokens (owner);
CREATE INDEX tokens_of_keys ON tokens (key_mark) WHERE key_mark IS NOT NULL;

CREATE TABLE invitations (
  id      text PRIMARY KEY,
  secret  bytea NOT NULL UNIQUE,
  role    text NOT NULL CHECK (role IN ('member', 'organiser', 'admin')),
  note    text NOT NULL,
  made_at bigint NOT NULL,
  ends_at bigint NOT NULL
);

-- The audit trail.
CREATE TABLE deeds (
  id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at      bigint NOT NULL,
  who     text NOT NULL,
  what    text NOT NULL,
  subject text NOT NULL
);

-- Files that were loaded into an empty store, once.
CREATE TABLE loaded (
  what text PRIMARY KEY,
  at   bigint NOT NULL
);

ALTER TABLE polls ADD COLUMN owner text REFERENCES users (id) ON DELETE SET NULL;
ALTER TABLE polls ADD COLUMN one_vote_per text NOT NULL DEFAULT 'browser'
  CHECK (one_vote_per IN ('browser', 'account', 'code'));
CREATE INDEX polls_of_users ON polls (owner);

-- Voting codes, as hashes (domain::code). A code is good once its batch is complete, until it is void. Nothing here says
-- whether a code was used. Batches outlive their polls until their codes are swept away, and swept ones keep their numbers
-- taken while their poll is there.
CREATE TABLE code_batches (
  poll    bigint NOT NULL,
  batch   bigint NOT NULL,
  codes   bigint NOT NULL,
  made_at bigint NOT NULL,
  state   text NOT NULL CHECK (state IN ('making', 'good', 'void', 'swept')),
  PRIMARY KEY (poll, batch)
);
CREATE TABLE codes (
  poll  bigint NOT NULL,
  batch bigint NOT NULL,
  hash  bytea NOT NULL,
  PRIMARY KEY (poll, hash)
);
CREATE INDEX codes_of_batches ON codes (poll, batch);
