-- What pages are told: where this installation listens, and what the SDK does on a site.

-- Below this path the SDK and its data go in and out. It is chosen once, at random, so that no list of blocked
-- addresses knows it; it is no secret.
CREATE TABLE installation (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    path     text COLLATE "C" NOT NULL CHECK (path ~ '^[a-z0-9]{6,40}$')
);
INSERT INTO installation (path) VALUES (left(replace(gen_random_uuid()::text, '-', ''), 12));

-- A site without a row does what the defaults say.
CREATE TABLE tracking (
    site_id        bigint  PRIMARY KEY REFERENCES sites (id) ON DELETE CASCADE,
    replay_percent integer NOT NULL DEFAULT 100 CHECK (replay_percent BETWEEN 0 AND 100),
    payment_pages  text[]  NOT NULL DEFAULT '{}',
    endpoints      text[]  NOT NULL DEFAULT '{}'
);
