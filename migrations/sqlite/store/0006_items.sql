-- Items: shared small keys and values. The index of the keys holds no values, so lists of keys read no values either.

CREATE TABLE items (
  key   TEXT NOT NULL UNIQUE,               -- sorted by its bytes
  value BLOB NOT NULL
);

-- How many there are, and how many bytes their keys and values have; moved in the transaction that changes them.
CREATE TABLE item_totals (
  id    INTEGER PRIMARY KEY CHECK (id = 1),
  keys  INTEGER NOT NULL,
  bytes INTEGER NOT NULL
);
INSERT INTO item_totals (id, keys, bytes) VALUES (1, 0, 0);
