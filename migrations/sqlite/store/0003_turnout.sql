-- Turnout: how many new voters a round of a poll got, by when their ballots were accepted. Of ballots that were counted
-- before there is none. Rows of discarded rounds are swept away as their ballots are.
CREATE TABLE turnout (
  poll   INTEGER NOT NULL,
  round  INTEGER NOT NULL,
  at     INTEGER NOT NULL,                  -- when the step began; domain::turnout
  voters INTEGER NOT NULL,
  PRIMARY KEY (poll, round, at)
) WITHOUT ROWID;
