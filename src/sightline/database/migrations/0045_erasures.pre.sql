-- How far an erasure is, so that whoever asked for it can see it: from 0 to 1.
ALTER TABLE tombstone ADD COLUMN done real NOT NULL DEFAULT 0;
CREATE INDEX tombstone_sites ON tombstone USING gin (sites);
