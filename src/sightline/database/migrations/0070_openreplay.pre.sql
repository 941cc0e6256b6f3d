-- What is known of a page that OpenReplay's tracker records, between its batches; sealed by a key of the tenant.
CREATE TABLE openreplay_pages (
    site     bigint NOT NULL,
    visit    bigint NOT NULL,
    visitor  bigint NOT NULL,
    person   bigint,
    seen_ms  bigint NOT NULL,
    version  integer NOT NULL,
    document text COLLATE "C" NOT NULL,
    state    bytea NOT NULL,
    PRIMARY KEY (site, document)
);
CREATE INDEX openreplay_pages_seen ON openreplay_pages (seen_ms);
