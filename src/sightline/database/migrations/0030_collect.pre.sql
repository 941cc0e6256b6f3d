-- Collecting: short links and pixels, and what was kept out but may be looked at for seven days.

-- A link sends a visitor on to `url`; a pixel is a picture that counts who loads it. Both count for a site.
CREATE TABLE links (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid       uuid NOT NULL UNIQUE,
    site_id    bigint NOT NULL REFERENCES sites ON DELETE CASCADE,
    kind       text COLLATE "C" NOT NULL CHECK (kind IN ('link', 'pixel')),
    name       text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    slug       text COLLATE "C" NOT NULL,
    url        text COLLATE "C" NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    UNIQUE (kind, slug),
    CHECK ((kind = 'link') = (url <> ''))
);
CREATE INDEX links_site ON links (site_id);

-- `event` is the signal as it would have been stored, masked; nothing of the request itself is kept.
CREATE TABLE quarantine (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site        bigint NOT NULL,
    received_ms bigint NOT NULL,
    visitor     bigint NOT NULL,
    person      bigint,
    reason      text COLLATE "C" NOT NULL,
    detail      text COLLATE "C" NOT NULL,
    event       text COLLATE "C" NOT NULL
);
CREATE INDEX quarantine_site ON quarantine (site, id);
CREATE INDEX quarantine_received ON quarantine USING brin (received_ms) WITH (pages_per_range = 32, autosummarize = on);
