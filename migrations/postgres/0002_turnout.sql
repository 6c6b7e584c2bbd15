-- Turnout: how many new voters a round of a poll got, by when their ballots were accepted. Of ballots that were counted
-- before there is none. Rows of discarded rounds are swept away as their ballots are.
--
-- A row is written over and over for some ten seconds, then never again, and the next one lies beside it: a fifth of a
-- page is room enough for the versions of the row that is written just now (HOT: no index has the voters), and costs
-- little for the many that rest.
CREATE TABLE turnout (
  poll   bigint NOT NULL,
  at     bigint NOT NULL,                    -- when the step began; domain::turnout
  voters bigint NOT NULL,
  round  integer NOT NULL,
  PRIMARY KEY (poll, round, at)
) WITH (fillfactor = 80);
