-- Wrapped keys: the root key wraps tenant keys, a tenant key wraps that tenant's data keys and HMAC keys.
-- One row per version. Without the root key, which is never in the database, no row opens anything.
CREATE TABLE wrapped_keys (
    tenant_id      bigint NOT NULL,
    kind           smallint NOT NULL CHECK (kind IN (1, 2, 3)),    -- tenant, data, hmac
    purpose        text COLLATE "C" NOT NULL,
    owner          text COLLATE "C" NOT NULL,
    version        integer NOT NULL CHECK (version >= 1),
    parent_version integer CHECK (parent_version >= 1),            -- of the tenant key; null: wrapped by the root
    root           text COLLATE "C",                               -- which root wrapped it; null: the tenant key did
    wrapped        bytea NOT NULL,
    check_value    bytea NOT NULL CHECK (octet_length(check_value) = 8),
    state          text COLLATE "C" NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'decrypt_only', 'destroyed')),
    uses           bigint NOT NULL DEFAULT 0 CHECK (uses >= 0),    -- seals leased so far
    created_at     timestamptz NOT NULL DEFAULT now(),
    rewrapped_at   timestamptz,
    destroyed_at   timestamptz,
    PRIMARY KEY (tenant_id, kind, purpose, owner, version),
    CHECK ((kind = 1) = (parent_version IS NULL) AND (kind = 1) = (root IS NOT NULL)),
    CHECK (kind <> 1 OR (purpose = '' AND owner = '')),
    CHECK ((state = 'destroyed') = (destroyed_at IS NOT NULL)),
    CHECK ((state = 'destroyed') = (octet_length(wrapped) = 0))
);

CREATE UNIQUE INDEX wrapped_keys_active ON wrapped_keys (tenant_id, kind, purpose, owner) WHERE state = 'active';
CREATE INDEX wrapped_keys_parent ON wrapped_keys (tenant_id, parent_version) WHERE kind <> 1 AND state <> 'destroyed';
CREATE INDEX wrapped_keys_root ON wrapped_keys (root) WHERE kind = 1 AND state <> 'destroyed';

-- A destroyed key stays what it is, whoever asks: its row is the proof, and keeps its version number from coming back.
CREATE FUNCTION refuse_to_revive() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'key version % of tenant % was destroyed', OLD.version, OLD.tenant_id USING ERRCODE = '55000';
END
$$;

CREATE TRIGGER destroyed_stays_destroyed BEFORE UPDATE OR DELETE ON wrapped_keys
    FOR EACH ROW WHEN (OLD.state = 'destroyed') EXECUTE FUNCTION refuse_to_revive();
ALTER TABLE wrapped_keys ENABLE ALWAYS TRIGGER destroyed_stays_destroyed;

-- Each restore of a backup into this database. While one has no replayed_at, the erasures that were made after the
-- backup have not been made again, and the server does not start.
CREATE TABLE restores (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    backup       text COLLATE "C" NOT NULL,                        -- SHA-256 of its manifest
    taken_at     timestamptz NOT NULL,
    restored_at  timestamptz NOT NULL DEFAULT now(),
    replayed_at  timestamptz
);
