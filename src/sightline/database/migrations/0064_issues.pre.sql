-- Errors find their issue by a key that is stored with each of them.
ALTER TABLE signal_error ADD COLUMN fingerprint bigint NOT NULL DEFAULT 0;

-- What people look after: errors that are one and the same. Counts are sums over issue_count.
CREATE TABLE issue (
    id                   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site                 bigint NOT NULL,
    events               bigint NOT NULL DEFAULT 0,
    first_ms             bigint NOT NULL DEFAULT 0,
    last_ms              bigint NOT NULL DEFAULT 0,
    resolved_ms          bigint,
    regressed_ms         bigint,
    ignored_until_ms     bigint,
    ignored_until_events bigint,
    assignee             bigint REFERENCES users (id) ON DELETE SET NULL,
    rules                smallint NOT NULL DEFAULT 0,
    status               text COLLATE "C" NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'resolved', 'ignored')),
    title                text COLLATE "C" NOT NULL,
    culprit              text COLLATE "C" NOT NULL DEFAULT '',
    first_release        text COLLATE "C" NOT NULL DEFAULT '',
    last_release         text COLLATE "C" NOT NULL DEFAULT '',
    resolved_in          text COLLATE "C" NOT NULL DEFAULT '',
    regressed_in         text COLLATE "C" NOT NULL DEFAULT ''
);
CREATE INDEX issue_latest ON issue (site, last_ms DESC, id DESC);
CREATE INDEX issue_assignee ON issue (assignee) WHERE assignee IS NOT NULL;

-- Which fingerprints an issue is made of, and why: several after a merge.
CREATE TABLE issue_group (
    site        bigint NOT NULL,
    fingerprint bigint NOT NULL,
    issue       bigint NOT NULL REFERENCES issue (id) ON DELETE CASCADE,
    rules       smallint NOT NULL DEFAULT 0,
    why         text COLLATE "C" NOT NULL,
    PRIMARY KEY (site, fingerprint)
);
CREATE INDEX issue_group_issue ON issue_group (issue);

-- The keys that were seen, one for each message and place of each build, and the fingerprint that they have; `alone`
-- where somebody took the key out of its issue, `noise` the rule that takes it for noise.
CREATE TABLE issue_key (
    site        bigint NOT NULL,
    key         bigint NOT NULL,
    fingerprint bigint NOT NULL,
    rules       smallint NOT NULL DEFAULT 0,
    alone       boolean NOT NULL DEFAULT false,
    noise       text COLLATE "C" NOT NULL DEFAULT '',
    parts       text COLLATE "C" NOT NULL,
    PRIMARY KEY (site, key)
);
CREATE INDEX issue_key_fingerprint ON issue_key (site, fingerprint);

-- How often a key was seen on a day (UTC) in a release.
CREATE TABLE issue_count (
    site     bigint NOT NULL,
    key      bigint NOT NULL,
    events   bigint NOT NULL,
    first_ms bigint NOT NULL,
    last_ms  bigint NOT NULL,
    day      integer NOT NULL,
    release  text COLLATE "C" NOT NULL,
    PRIMARY KEY (site, key, day, release)
);

-- When a release was first heard of: that is the order of releases.
CREATE TABLE issue_release (
    site     bigint NOT NULL,
    first_ms bigint NOT NULL,
    release  text COLLATE "C" NOT NULL,
    PRIMARY KEY (site, release)
);

-- What a site takes for noise beside the rules that everybody has, and which of those it does not want.
CREATE TABLE issue_noise (
    site    bigint PRIMARY KEY REFERENCES sites (id) ON DELETE CASCADE,
    off     text[] NOT NULL DEFAULT '{}',
    rules   jsonb NOT NULL DEFAULT '[]'
);

-- Up to which place of the ledger errors are counted.
CREATE TABLE issue_place (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    pos      bigint NOT NULL
);
INSERT INTO issue_place (pos) VALUES (0);
