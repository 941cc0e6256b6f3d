-- Source maps by release and file; their contents are objects, named by their SHA-256.
CREATE TABLE source_map (
    site        bigint NOT NULL REFERENCES sites (id) ON DELETE CASCADE,
    uploaded_at timestamptz NOT NULL,
    size        integer NOT NULL,
    mappings    integer NOT NULL,
    sha256      bytea NOT NULL CHECK (octet_length(sha256) = 32),
    release     text COLLATE "C" NOT NULL,
    file        text COLLATE "C" NOT NULL,
    base        text COLLATE "C" NOT NULL,
    PRIMARY KEY (site, release, file)
);
CREATE INDEX source_map_base ON source_map (site, release, base);
CREATE INDEX source_map_content ON source_map (site, sha256);
