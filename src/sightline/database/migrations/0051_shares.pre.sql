-- Shares: whoever knows the slug may look at one site, link, pixel or board, on the pages that `shows` allows.
-- `secret` signs the tokens that the slug is exchanged for; a new one ends them all.
CREATE TABLE shares (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid       uuid NOT NULL UNIQUE,
    site_id    bigint REFERENCES sites ON DELETE CASCADE,
    link_id    bigint REFERENCES links ON DELETE CASCADE,
    board_id   bigint REFERENCES boards ON DELETE CASCADE,
    name       text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    slug       text COLLATE "C" NOT NULL UNIQUE,
    shows      jsonb NOT NULL,
    secret     bytea NOT NULL CHECK (octet_length(secret) = 32),
    created_by bigint REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    CHECK (num_nonnulls(site_id, link_id, board_id) = 1)
);
CREATE INDEX shares_site ON shares (site_id);
CREATE INDEX shares_link ON shares (link_id);
CREATE INDEX shares_board ON shares (board_id);
CREATE INDEX shares_created_by ON shares (created_by);
