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
CREATE INDEX quotes_by_upvotes ON quotes (upvotes DESC, id);
CREATE INDEX quotes_of_users ON quotes (owner) WHERE owner IS NOT NULL;
CREATE INDEX quotes_hidden ON quotes (id) WHERE hidden_at IS NOT NULL;

-- One for each voter (domain::voter, the key of this quote).
CREATE TABLE upvotes (
  quote INTEGER NOT NULL REFERENCES quotes (id) ON DELETE CASCADE,
  voter BLOB NOT NULL,
  PRIMARY KEY (quote, voter)
) WITHOUT ROWID;

-- See domain::folding.
CREATE TABLE quote_words (
  quote  INTEGER PRIMARY KEY REFERENCES quotes (id) ON DELETE CASCADE,
  folded TEXT NOT NULL
);
-- In which texts each three characters occur; where, is not kept: it would take three times as long, and the texts say
-- so themselves. Spaces are doubled, so that one letter where a word begins is three characters, too.
CREATE VIRTUAL TABLE quote_trigrams USING fts5 (
  folded, content = '', columnsize = 0, detail = none, tokenize = 'trigram case_sensitive 1'
);
CREATE TRIGGER quote_words_added AFTER INSERT ON quote_words BEGIN
  INSERT INTO quote_trigrams (rowid, folded) VALUES (new.quote, replace(new.folded, ' ', '  '));
END;
CREATE TRIGGER quote_words_gone AFTER DELETE ON quote_words BEGIN
  INSERT INTO quote_trigrams (quote_trigrams, rowid, folded)
    VALUES ('delete', old.quote, replace(old.folded, ' ', '  '));
END;
CREATE TRIGGER quote_words_changed AFTER UPDATE OF folded ON quote_words BEGIN
  INSERT INTO quote_trigrams (quote_trigrams, rowid, folded)
    VALUES ('delete', old.quote, replace(old.folded, ' ', '  '));
  INSERT INTO quote_trigrams (rowid, folded) VALUES (new.quote, replace(new.folded, ' ', '  '));
END;
