-- Of what times of a recording nothing came: beginnings and ends, one after the other.
ALTER TABLE recordings ADD COLUMN gaps bigint[] NOT NULL DEFAULT '{}';
