-- Application keys under a root of their own (setting vault.application_root): the same table as the service's, here,
-- where neither the service's login nor whoever has only its root key finds them.
CREATE TABLE wrapped_keys (
    tenant_id      bigint NOT NULL,
    kind           smallint NOT NULL CHECK (kind IN (1, 2, 3)),
    purpose        text COLLATE "C" NOT NULL,
    owner          text COLLATE "C" NOT NULL,
    version        integer NOT NULL CHECK (version >= 1),
    parent_version integer CHECK (parent_version >= 1),
    root           text COLLATE "C",
    wrapped        bytea NOT NULL,
    check_value    bytea NOT NULL CHECK (octet_length(check_value) = 8),
    state          text COLLATE "C" NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'decrypt_only', 'destroyed')),
    uses           bigint NOT NULL DEFAULT 0 CHECK (uses >= 0),
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

CREATE FUNCTION refuse_to_revive() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'key version % of tenant % was destroyed', OLD.version, OLD.tenant_id USING ERRCODE = '55000';
END
$$;
CREATE TRIGGER destroyed_stays_destroyed BEFORE UPDATE OR DELETE ON wrapped_keys
    FOR EACH ROW WHEN (OLD.state = 'destroyed') EXECUTE FUNCTION refuse_to_revive();
ALTER TABLE wrapped_keys ENABLE ALWAYS TRIGGER destroyed_stays_destroyed;
UPDATE system_config SET value = '98', updated_at = now() WHERE key = 'schema';
