-- Quotes, who likes them, and their texts as search sees them. All times: milliseconds since the epoch.

CREATE TABLE quotes (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  author    TEXT,                            -- a user's id as it was given
  owner     TEXT REFERENCES users (folded) ON DELETE SET NULL,  -- the author's account, where there is one
  quote     TEXT NOT NULL,
  made_at   INTEGER NOT NULL,
  edited_at INTEGER,
  upvotes   INTEGER NOT NULL DEFAULT 0,      -- as many as the table of upvotes has of it
  hidden_at INTEGER,
  hidden_by TEXT,
  CHECK ((hidden_at IS NULL) = (hidden_by IS NULL))
);
-- With hidden_at, so that the index alone tells which are the best liked that are seen.
CREATE INDEX quotes_by_upvotes ON quotes (upvotes DESC, id, hidden_at);
CREATE INDEX quotes_of_users ON quotes (owner) WHERE owner IS NOT NULL;
CREATE INDEX quotes_hidden ON quotes (id) WHERE hidden_at IS NOT NULL;

-- One for each voter (domain::voter, the key of this quote).
CREATE TABLE upvotes (
  quote INTEGER NOT NULL REFERENCES quotes (id) ON DELETE CASCADE,
  voter BLOB NOT NULL,
  PRIMARY KEY (quote, voter)
) WITHOUT ROWID;

-- Texts as search sees them (domain::folding).
CREATE TABLE quote_words (
  quote  INTEGER PRIMARY KEY REFERENCES quotes (id) ON DELETE CASCADE,
  folded TEXT NOT NULL
);
-- Which texts have which keys (domain::keys). Texts and keys of hidden quotes are not there. The keys are made from the
-- texts, and taken away again, by the store: store/sqlite/search.rs.
CREATE VIRTUAL TABLE quote_keys USING fts5 (keys, content = '', columnsize = 0, detail = none, tokenize = 'ascii');
