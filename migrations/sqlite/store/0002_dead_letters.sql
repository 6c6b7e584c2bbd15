-- Dead letters know where in the log they lay, so that they can be tried again in the order they came.
CREATE TABLE letters (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  partition   INTEGER NOT NULL,
  epoch       INTEGER NOT NULL,
  entry       INTEGER NOT NULL,
  fingerprint INTEGER NOT NULL,
  position    INTEGER NOT NULL,             -- of the entry's first ballot
  ballots     INTEGER NOT NULL,
  whole       INTEGER NOT NULL,             -- whether no ballot of the entry was counted
  reason      TEXT NOT NULL CHECK (reason <> ''),
  body        BLOB NOT NULL,
  at          INTEGER NOT NULL
);
-- Of earlier letters nobody knows the place; as parts of an entry they can be looked at, and dropped.
INSERT INTO letters (id, partition, epoch, entry, fingerprint, position, ballots, whole, reason, body, at)
  SELECT id, partition, 0, entry, 0, 0, ballots, 0, reason, body, at FROM dead_letters;
DROP TABLE dead_letters;
ALTER TABLE letters RENAME TO dead_letters;
