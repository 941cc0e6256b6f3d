-- The rules under which everything is masked, what a site may collect, and the jobs that mask anew.

-- Every state of the dictionary that was ever in force; site 0 stands for the instance. The one in force is the one of
-- the highest number of its site, so exactly one is, and taking an older one back gives it a new number. Stored rows
-- carry the number. `source` is the file as it was activated, `canonical` what it came to over its base.
CREATE TABLE rules_version (
    number       smallint PRIMARY KEY CHECK (number > 0),
    site         bigint NOT NULL DEFAULT 0,
    hash         text COLLATE "C" NOT NULL CHECK (hash ~ '^[0-9a-f]{16}$'),
    name         text NOT NULL,
    source       text NOT NULL,
    canonical    text NOT NULL,
    base         smallint REFERENCES rules_version,
    shipped      text COLLATE "C" NOT NULL,   -- the hash of the shipped dictionary below it all
    note         text NOT NULL DEFAULT '' CHECK (char_length(note) <= 500),
    activated_at timestamptz NOT NULL,
    activated_by bigint,                      -- the user; null: whoever runs the commands, or the first start
    CHECK ((site = 0) = (base IS NULL))
);
CREATE INDEX rules_version_site ON rules_version (site, number DESC);

CREATE FUNCTION rules_version_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rules_version only grows: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER rules_version_stays BEFORE UPDATE OR DELETE ON rules_version
    FOR EACH ROW EXECUTE FUNCTION rules_version_stays();
CREATE TRIGGER rules_version_is_never_emptied BEFORE TRUNCATE ON rules_version
    FOR EACH STATEMENT EXECUTE FUNCTION rules_version_stays();

-- What a site may collect: the most of it, whether a visitor is asked first, whether Do Not Track and Global Privacy
-- Control are honoured, and how long one salt makes one pseudonym.
ALTER TABLE sites
    ADD COLUMN consent_mode text COLLATE "C" NOT NULL DEFAULT 'replay'
        CHECK (consent_mode IN ('none', 'analytics', 'replay')),
    ADD COLUMN consent_asked boolean NOT NULL DEFAULT false,
    ADD COLUMN honour_signals boolean NOT NULL DEFAULT true,
    ADD COLUMN salt_period text COLLATE "C" NOT NULL DEFAULT 'day' CHECK (salt_period IN ('day', 'month'));

-- Masking anew what is stored. A job that was interrupted goes on behind `walked`, what it has gone over whole.
CREATE TABLE remask (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sites       bigint[] NOT NULL DEFAULT '{}',
    kinds       text[] NOT NULL DEFAULT '{}',
    since_ms    bigint NOT NULL DEFAULT 0,
    versions    jsonb NOT NULL,               -- per site the number that was in force when it began; "0": all others
    walked      text[] NOT NULL DEFAULT '{}',
    progress    double precision NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 1),
    changed     bigint NOT NULL DEFAULT 0,
    started_at  timestamptz NOT NULL,
    seen_at     timestamptz NOT NULL,
    finished_at timestamptz
);
CREATE INDEX remask_open ON remask (id) WHERE finished_at IS NULL;
