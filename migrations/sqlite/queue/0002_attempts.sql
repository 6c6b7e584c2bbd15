-- Which attempt made a first choice: domain::ballot::Attempt as a big-endian number, 0 where the voter is proof enough.
ALTER TABLE first_choices ADD COLUMN attempt INTEGER NOT NULL DEFAULT 0;
