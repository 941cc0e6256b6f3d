-- Who may do what: teams, users, sites, sign-ins, links, keys, and the audit of access.
-- Secrets (sign-ins, links, keys) are kept as SHA-256 of 256 random bits; passwords as argon2id.

CREATE TABLE tenants (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid       uuid NOT NULL UNIQUE,
    name       text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    slug       text COLLATE "C" NOT NULL,
    personal   boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    deleted_at timestamptz
);
CREATE UNIQUE INDEX tenants_slug ON tenants (slug) WHERE deleted_at IS NULL;

CREATE TABLE users (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid          uuid NOT NULL UNIQUE,
    email         text COLLATE "C" UNIQUE,
    username      text COLLATE "C" UNIQUE,
    name          text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    password_hash text COLLATE "C" NOT NULL,
    role          text COLLATE "C" NOT NULL CHECK (role IN ('admin', 'member', 'viewer')),
    locale        text COLLATE "C" NOT NULL DEFAULT '',
    time_zone     text COLLATE "C" NOT NULL DEFAULT '',
    created_at    timestamptz NOT NULL,
    disabled_at   timestamptz,
    CHECK (email IS NOT NULL OR username IS NOT NULL)
);

CREATE TABLE members (
    tenant_id  bigint NOT NULL REFERENCES tenants ON DELETE CASCADE,
    user_id    bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    role       text COLLATE "C" NOT NULL CHECK (role IN ('owner', 'manager', 'member', 'viewer')),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, user_id)
);
CREATE INDEX members_user ON members (user_id);

CREATE TABLE sites (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid            uuid NOT NULL UNIQUE,
    tenant_id       bigint NOT NULL REFERENCES tenants,
    name            text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    domains         text[] NOT NULL DEFAULT '{}',
    time_zone       text COLLATE "C" NOT NULL,
    public_key      text COLLATE "C" NOT NULL UNIQUE,
    analytics_days  integer NOT NULL CHECK (analytics_days BETWEEN 1 AND 3650),
    vitals_days     integer NOT NULL CHECK (vitals_days BETWEEN 1 AND 3650),
    recordings_days integer NOT NULL CHECK (recordings_days BETWEEN 1 AND 3650),
    logs_days       integer NOT NULL CHECK (logs_days BETWEEN 1 AND 3650),
    errors_days     integer NOT NULL CHECK (errors_days BETWEEN 1 AND 3650),
    settings        jsonb NOT NULL DEFAULT '{}',
    created_by      bigint REFERENCES users ON DELETE SET NULL,
    created_at      timestamptz NOT NULL,
    reset_at        timestamptz,
    deleted_at      timestamptz
);
CREATE INDEX sites_tenant ON sites (tenant_id);
CREATE INDEX sites_created_by ON sites (created_by);

CREATE TABLE sign_ins (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_hash   bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    user_id      bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    agent        text COLLATE "C" NOT NULL,   -- the family only, as "Firefox on Linux"; no address is kept
    created_at   timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    ended_at     timestamptz
);
CREATE INDEX sign_ins_user ON sign_ins (user_id);

CREATE TABLE setup_links (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);

CREATE TABLE invitations (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    tenant_id  bigint NOT NULL REFERENCES tenants ON DELETE CASCADE,
    role       text COLLATE "C" NOT NULL CHECK (role IN ('owner', 'manager', 'member', 'viewer')),
    created_by bigint REFERENCES users ON DELETE SET NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz,
    revoked_at timestamptz
);
CREATE INDEX invitations_tenant ON invitations (tenant_id);
CREATE INDEX invitations_created_by ON invitations (created_by);

CREATE TABLE api_keys (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_hash   bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    prefix       text COLLATE "C" NOT NULL,   -- the beginning of the key, to recognise it by
    name         text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    user_id      bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    tenant_id    bigint REFERENCES tenants ON DELETE CASCADE,   -- NULL: every team of the user
    site_ids     bigint[],                                      -- NULL: every site of these teams
    permissions  text[] NOT NULL,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    last_used_at timestamptz,
    revoked_at   timestamptz
);
CREATE INDEX api_keys_user ON api_keys (user_id);
CREATE INDEX api_keys_tenant ON api_keys (tenant_id);

-- Failed attempts to sign in, per account and per origin; keys are keyed hashes, never a name or an address.
CREATE TABLE sign_in_throttle (
    key        bytea PRIMARY KEY,
    attempts   integer NOT NULL,
    refused    integer NOT NULL DEFAULT 0,
    last_at    timestamptz NOT NULL,
    free_at    timestamptz NOT NULL
);

CREATE TABLE access_audit (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          timestamptz NOT NULL,
    actor_kind  text COLLATE "C" NOT NULL CHECK (actor_kind IN ('user', 'key', 'operator', 'nobody')),
    actor_id    bigint,
    tenant_id   bigint,
    action      text COLLATE "C" NOT NULL,
    object_kind text COLLATE "C",
    object_id   bigint,
    result      text COLLATE "C" NOT NULL CHECK (result IN ('ok', 'refused', 'throttled')),
    request_id  text COLLATE "C",
    details     jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX access_audit_tenant ON access_audit (tenant_id, id);
CREATE INDEX access_audit_actor ON access_audit (actor_id, id);

CREATE FUNCTION access_audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'access_audit only grows: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER access_audit_only_grows BEFORE UPDATE OR DELETE ON access_audit
    FOR EACH ROW EXECUTE FUNCTION access_audit_only_grows();
CREATE TRIGGER access_audit_is_never_emptied BEFORE TRUNCATE ON access_audit
    FOR EACH STATEMENT EXECUTE FUNCTION access_audit_only_grows();
