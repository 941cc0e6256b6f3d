-- The vault: persons whose data are kept. Run as the owner of the vault's schema, who cannot log in; who may do what
-- stands in grants.sql, which `sightline vault setup` applies after the migrations.

-- One row per person. What ends in _encrypted is a blob of `vault/envelope.py`, what ends in _index a keyed hash of
-- `vault/blind.py` for search by equality.
CREATE TABLE users (
    id                      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id               bigint NOT NULL,
    pseudonym               uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),  -- what the audit calls this person
    email                   text COLLATE "C",
    first_name              text COLLATE "C",
    last_name               text COLLATE "C",
    phone                   text COLLATE "C",
    address_encrypted       bytea,
    date_of_birth_encrypted bytea,
    ip_address_encrypted    bytea,
    ssn_encrypted           bytea,
    bank_account_encrypted  bytea,
    credit_card_encrypted   bytea,
    email_index             bytea CHECK (octet_length(email_index) = 20),
    phone_index             bytea CHECK (octet_length(phone_index) = 20),
    ssn_index               bytea CHECK (octet_length(ssn_index) = 20),
    bank_account_index      bytea CHECK (octet_length(bank_account_index) = 20),
    credit_card_index       bytea CHECK (octet_length(credit_card_index) = 20),
    restricted              boolean NOT NULL DEFAULT false,                  -- GDPR article 18
    honeytoken              boolean NOT NULL DEFAULT false,                  -- nobody: whoever reads it is looking around
    created_at              timestamptz NOT NULL DEFAULT now(),
    updated_at              timestamptz NOT NULL DEFAULT now(),
    UNIQUE (id, tenant_id)
) WITH (fillfactor = 70);  -- room on the page for the next version of a row, which then needs no index entries
CREATE INDEX idx_users_email ON users (email);
CREATE INDEX idx_users_created_at ON users (created_at);
CREATE INDEX users_by_email_index ON users (tenant_id, email_index) WHERE email_index IS NOT NULL;
CREATE INDEX users_by_phone_index ON users (tenant_id, phone_index) WHERE phone_index IS NOT NULL;
CREATE INDEX users_by_ssn_index ON users (tenant_id, ssn_index) WHERE ssn_index IS NOT NULL;
CREATE INDEX users_by_bank_account_index ON users (tenant_id, bank_account_index) WHERE bank_account_index IS NOT NULL;
CREATE INDEX users_by_credit_card_index ON users (tenant_id, credit_card_index) WHERE credit_card_index IS NOT NULL;

-- Every other field of the dictionary, by its permanent number, so that a new field needs no new column.
CREATE TABLE user_fields (
    tenant_id  bigint NOT NULL,
    user_id    uuid NOT NULL,
    field      integer NOT NULL CHECK (field BETWEEN 1 AND 65535),
    field_name text COLLATE "C" NOT NULL,
    blob       bytea NOT NULL,
    index      bytea CHECK (octet_length(index) = 20),
    PRIMARY KEY (user_id, field),
    FOREIGN KEY (user_id, tenant_id) REFERENCES users (id, tenant_id) ON DELETE CASCADE
);
CREATE INDEX user_fields_by_index ON user_fields (tenant_id, field_name, index) WHERE index IS NOT NULL;

-- Which pseudonyms of the signals are this person: what `identify` named.
CREATE TABLE user_persons (
    tenant_id bigint NOT NULL,
    user_id   uuid NOT NULL,
    person    bigint NOT NULL,
    linked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, person),
    FOREIGN KEY (user_id, tenant_id) REFERENCES users (id, tenant_id) ON DELETE CASCADE
);

-- Under which keys each encrypted field stands. The trigger below writes it from the head of the blob itself.
CREATE TABLE encryption_metadata (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id       bigint NOT NULL,
    user_id         uuid NOT NULL,
    field           integer NOT NULL,
    field_name      text COLLATE "C" NOT NULL,
    level           smallint NOT NULL CHECK (level IN (2, 3)),
    algorithm       text COLLATE "C" NOT NULL DEFAULT 'AES-256-GCM',
    key_version     bigint NOT NULL CHECK (key_version >= 1),
    app_key_version bigint CHECK (app_key_version >= 1),
    kms_key_id      text COLLATE "C" NOT NULL,
    written_at      timestamptz NOT NULL DEFAULT now(),       -- when the value came: what its time to live counts from
    encrypted_at    timestamptz NOT NULL DEFAULT now(),
    CHECK ((level = 3) = (app_key_version IS NOT NULL)),
    FOREIGN KEY (user_id, tenant_id) REFERENCES users (id, tenant_id) ON DELETE CASCADE
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX idx_encryption_metadata_user_field ON encryption_metadata (user_id, field_name);
CREATE INDEX idx_encryption_metadata_level ON encryption_metadata (level);
CREATE INDEX encryption_metadata_by_age ON encryption_metadata (field_name, written_at);

-- Who did what with whose data, for which purpose. `user_id` is the pseudonym: when the person is erased, the row that
-- says whose it was is gone. Never a value, never a hash of one.
CREATE SEQUENCE encryption_audit_ids AS bigint;
CREATE TABLE encryption_audit (
    id          bigint NOT NULL DEFAULT nextval('encryption_audit_ids'),
    accessed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    tenant_id   bigint NOT NULL,
    user_id     uuid,
    operation   text COLLATE "C" NOT NULL,
    success     boolean NOT NULL,
    field_name  text COLLATE "C",
    level       smallint,
    key_version bigint,
    row_count   integer NOT NULL DEFAULT 1,
    purpose     text COLLATE "C" NOT NULL,
    actor_kind  text COLLATE "C" NOT NULL,
    actor_id    bigint,
    origin      text COLLATE "C" NOT NULL,
    request_id  text COLLATE "C",
    duration_us bigint NOT NULL,
    error       text COLLATE "C",
    db_role     text COLLATE "C" NOT NULL DEFAULT session_user,
    PRIMARY KEY (id, accessed_at)
) PARTITION BY RANGE (accessed_at);
ALTER SEQUENCE encryption_audit_ids OWNED BY encryption_audit.id;
CREATE INDEX idx_encryption_audit_user_time ON encryption_audit (user_id, accessed_at);
CREATE INDEX idx_encryption_audit_operation ON encryption_audit (operation, accessed_at);

-- Batches of the audit, sealed: a Merkle root, signed together with the seal before it. Copies lie in the object store.
CREATE TABLE audit_seals (
    number    bigint PRIMARY KEY CHECK (number >= 1),
    from_id   bigint NOT NULL,
    to_id     bigint NOT NULL CHECK (to_id >= from_id),
    rows      integer NOT NULL CHECK (rows >= 1),
    root      bytea NOT NULL CHECK (octet_length(root) = 32),
    previous  bytea NOT NULL CHECK (octet_length(previous) = 32),
    signature bytea NOT NULL CHECK (octet_length(signature) = 64),
    sealed_at timestamptz NOT NULL
);

CREATE TABLE key_rotation_log (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id    bigint NOT NULL,
    key_type     text COLLATE "C" NOT NULL CHECK (key_type IN ('root', 'tenant', 'subject', 'application', 'index')),
    direction    text COLLATE "C" NOT NULL DEFAULT 'forward' CHECK (direction IN ('forward', 'back')),
    old_version  bigint,
    new_version  bigint,
    status       text COLLATE "C" NOT NULL
                 CHECK (status IN ('running', 'verifying', 'completed', 'failed', 'rolled_back')),
    total        bigint NOT NULL DEFAULT 0,
    done         bigint NOT NULL DEFAULT 0,
    failed       bigint NOT NULL DEFAULT 0,
    place        uuid,                                   -- the last subject that it came to
    until        uuid,                                   -- taking back goes to here; null: all
    actor_kind   text COLLATE "C" NOT NULL,
    actor_id     bigint,
    started_at   timestamptz NOT NULL DEFAULT now(),
    completed_at timestamptz
);
CREATE INDEX idx_key_rotation_log_key_type ON key_rotation_log (key_type, started_at);
CREATE INDEX idx_key_rotation_log_status ON key_rotation_log (status);
CREATE UNIQUE INDEX key_rotation_log_one_at_a_time ON key_rotation_log (tenant_id, key_type)
    WHERE status IN ('running', 'verifying');

CREATE TABLE system_config (
    key         text COLLATE "C" PRIMARY KEY,
    value       text COLLATE "C" NOT NULL,
    description text COLLATE "C" NOT NULL,
    updated_at  timestamptz NOT NULL DEFAULT now()
);
INSERT INTO system_config (key, value, description) VALUES
    ('schema', '80', 'The number of the latest migration.'),
    ('algorithm', 'AES-256-GCM', 'The cipher of every blob.'),
    ('blob_format', '2 (tier 2), 3 (tier 3)', 'The first byte of a blob.'),
    ('index_algorithm', 'HMAC-SHA-256, 16 bytes', 'The keyed hash of the _index columns.'),
    ('key_use_bound', '268435456', 'A data key makes way for the next after this many encryptions.'),
    ('audit_retention_months', '12', 'Months of the audit that are kept.'),
    ('request_retention_months', '24', 'Months for which answered requests of persons are kept.');

-- What persons asked for, and when they have to be answered (GDPR article 12(3), 11 CCR 7021 and 7101).
CREATE TABLE requests (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id    bigint NOT NULL,
    pseudonym    uuid NOT NULL,
    kind         text COLLATE "C" NOT NULL CHECK (kind IN ('export', 'erase')),
    jurisdiction text COLLATE "C" NOT NULL CHECK (jurisdiction IN ('gdpr', 'ccpa')),
    received_at  timestamptz NOT NULL,
    due_at       timestamptz NOT NULL,
    answered_at  timestamptz,
    outcome      text COLLATE "C",
    CHECK ((answered_at IS NULL) = (outcome IS NULL))
);
CREATE INDEX requests_open ON requests (tenant_id, due_at) WHERE answered_at IS NULL;

-- Who was erased: the id can never come back, and the receipt says what was done.
CREATE TABLE erasures (
    user_id   uuid PRIMARY KEY,
    tenant_id bigint NOT NULL,
    erased_at timestamptz NOT NULL,
    receipt   text COLLATE "C" NOT NULL
);

-- ---- blobs: what can be told of one without a key ------------------------------------------------------------------

CREATE FUNCTION blob_number(blob bytea, start integer, length integer) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ SELECT ('x' || lpad(encode(substring(blob FROM start + 1 FOR length), 'hex'), 16, '0'))::bit(64)::bigint $$;

-- These two for every blob that is stored, so by the byte: cutting a text out costs five times as much.
CREATE FUNCTION blob_version(blob bytea) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (get_byte(blob, 3)::bigint << 24) | (get_byte(blob, 4) << 16) | (get_byte(blob, 5) << 8) | get_byte(blob, 6)
$$;

CREATE FUNCTION blob_app_version(blob bytea) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN get_byte(blob, 0) = 3 THEN
        (get_byte(blob, 7)::bigint << 24) | (get_byte(blob, 8) << 16) | (get_byte(blob, 9) << 8) | get_byte(blob, 10) END
$$;

-- ---- who works: what the application says of itself, per transaction -----------------------------------------------

CREATE FUNCTION said(name text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT nullif(current_setting('vault.' || name, true), '') $$;

CREATE FUNCTION this_tenant() RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT said('tenant')::bigint $$;

-- Nobody can leave this out: the triggers and functions below call it as the owner. Who says nothing of themselves is
-- somebody with a client of SQL.
CREATE FUNCTION note_audit(
    tenant bigint, whose uuid, what text, field text, tier integer, version bigint, rows integer
) RETURNS void LANGUAGE sql AS $$
    INSERT INTO encryption_audit
        (tenant_id, user_id, operation, success, field_name, level, key_version, row_count, purpose, actor_kind,
         actor_id, origin, request_id, duration_us)
    VALUES (tenant, whose, what, true, field, tier, version, rows, coalesce(said('purpose'), 'none'),
            coalesce(said('actor_kind'), 'sql'), said('actor_id')::bigint, coalesce(said('origin'), 'sql'),
            said('request_id'),
            greatest(0, coalesce((extract(epoch FROM clock_timestamp()) * 1e6)::bigint - said('started_us')::bigint, 0)))
$$;

-- ---- what triggers hold --------------------------------------------------------------------------------------------

-- Check one blob and note under which keys it stands. Versions only rise, except while a rotation is taken back.
CREATE FUNCTION keep_blob(
    tenant bigint, subject uuid, whose uuid, number integer, name text, tier integer, was bytea, is_now bytea, what text
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    wanted integer;
BEGIN
    IF is_now IS NOT DISTINCT FROM was THEN
        RETURN;
    ELSIF is_now IS NULL THEN
        DELETE FROM encryption_metadata WHERE user_id = subject AND field_name = name;
        PERFORM note_audit(tenant, whose, what, name, tier, NULL, 1);
        RETURN;
    END IF;
    tier := coalesce(tier, get_byte(is_now, 0));
    IF octet_length(is_now) < (CASE tier WHEN 2 THEN 35 ELSE 67 END) OR get_byte(is_now, 0) <> tier
       OR (get_byte(is_now, 1) << 8) + get_byte(is_now, 2) <> number OR blob_version(is_now) < 1 OR blob_app_version(is_now) < 1 THEN
        RAISE EXCEPTION 'the field % is no blob of tier %', name, tier USING ERRCODE = '23514';
    END IF;
    IF (blob_version(is_now) < blob_version(was) OR blob_app_version(is_now) < blob_app_version(was))
       AND NOT EXISTS (SELECT FROM key_rotation_log WHERE tenant_id = tenant AND direction = 'back'
                       AND status IN ('running', 'verifying')) THEN
        RAISE EXCEPTION 'the field % would go back to an older key', name USING ERRCODE = '23514';
    END IF;
    INSERT INTO encryption_metadata AS m
        (tenant_id, user_id, field, field_name, level, key_version, app_key_version, kms_key_id)
    VALUES (tenant, subject, number, name, tier, blob_version(is_now), blob_app_version(is_now),
            coalesce(said('root'), 'unknown'))
    ON CONFLICT (user_id, field_name) DO UPDATE SET
        level = excluded.level, key_version = excluded.key_version, app_key_version = excluded.app_key_version,
        kms_key_id = excluded.kms_key_id, encrypted_at = now(),
        written_at = CASE WHEN is_rotating() THEN m.written_at ELSE now() END;
    IF NOT is_rotating() THEN
        PERFORM note_audit(tenant, whose, what, name, tier, blob_version(is_now), 1);
    END IF;
END
$$;

-- Stands in until grants.sql says which role rotates.
CREATE FUNCTION is_rotating() RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT false $$;

CREATE FUNCTION keep_user() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    what text := lower(TG_OP);
    name text;
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.id, NEW.tenant_id, NEW.pseudonym, NEW.created_at)
                            IS DISTINCT FROM (OLD.id, OLD.tenant_id, OLD.pseudonym, OLD.created_at) THEN
        RAISE EXCEPTION 'whose a row is does not change' USING ERRCODE = '23514';
    END IF;
    IF TG_OP = 'INSERT' AND EXISTS (SELECT FROM erasures WHERE user_id = NEW.id) THEN
        RAISE EXCEPTION 'this subject was erased' USING ERRCODE = '23514';
    END IF;
    IF TG_OP IN ('INSERT', 'DELETE') THEN
        PERFORM note_audit(coalesce(NEW.tenant_id, OLD.tenant_id), coalesce(NEW.pseudonym, OLD.pseudonym), what,
                           NULL, NULL, NULL, 1);
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        FOREACH name IN ARRAY array_remove(ARRAY[
            CASE WHEN NEW.email IS DISTINCT FROM OLD.email THEN 'email' END,
            CASE WHEN NEW.first_name IS DISTINCT FROM OLD.first_name THEN 'first_name' END,
            CASE WHEN NEW.last_name IS DISTINCT FROM OLD.last_name THEN 'last_name' END,
            CASE WHEN NEW.phone IS DISTINCT FROM OLD.phone THEN 'phone' END,
            CASE WHEN NEW.restricted IS DISTINCT FROM OLD.restricted THEN 'restricted' END], NULL)
        LOOP
            PERFORM note_audit(NEW.tenant_id, NEW.pseudonym, what, name, 1, NULL, 1);
        END LOOP;
    END IF;
    -- Asked here, since a call costs as much as all of these questions.
    IF NEW.address_encrypted IS DISTINCT FROM OLD.address_encrypted THEN
        PERFORM keep_blob(NEW.tenant_id, NEW.id, NEW.pseudonym, 10, 'address', 2, OLD.address_encrypted,
                          NEW.address_encrypted, what);
    END IF;
    IF NEW.date_of_birth_encrypted IS DISTINCT FROM OLD.date_of_birth_encrypted THEN
        PERFORM keep_blob(NEW.tenant_id, NEW.id, NEW.pseudonym, 12, 'date_of_birth', 2, OLD.date_of_birth_encrypted,
                          NEW.date_of_birth_encrypted, what);
    END IF;
    IF NEW.ip_address_encrypted IS DISTINCT FROM OLD.ip_address_encrypted THEN
        PERFORM keep_blob(NEW.tenant_id, NEW.id, NEW.pseudonym, 13, 'ip_address', 2, OLD.ip_address_encrypted,
                          NEW.ip_address_encrypted, what);
    END IF;
    IF NEW.ssn_encrypted IS DISTINCT FROM OLD.ssn_encrypted THEN
        PERFORM keep_blob(NEW.tenant_id, NEW.id, NEW.pseudonym, 30, 'ssn', 3, OLD.ssn_encrypted,
                          NEW.ssn_encrypted, what);
    END IF;
    IF NEW.bank_account_encrypted IS DISTINCT FROM OLD.bank_account_encrypted THEN
        PERFORM keep_blob(NEW.tenant_id, NEW.id, NEW.pseudonym, 39, 'bank_account', 3, OLD.bank_account_encrypted,
                          NEW.bank_account_encrypted, what);
    END IF;
    IF NEW.credit_card_encrypted IS DISTINCT FROM OLD.credit_card_encrypted THEN
        PERFORM keep_blob(NEW.tenant_id, NEW.id, NEW.pseudonym, 35, 'credit_card', 3, OLD.credit_card_encrypted,
                          NEW.credit_card_encrypted, what);
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION keep_field() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    whose uuid;
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.tenant_id, NEW.user_id, NEW.field, NEW.field_name)
                            IS DISTINCT FROM (OLD.tenant_id, OLD.user_id, OLD.field, OLD.field_name) THEN
        RAISE EXCEPTION 'whose a field is does not change' USING ERRCODE = '23514';
    END IF;
    SELECT pseudonym INTO whose FROM users WHERE id = coalesce(NEW.user_id, OLD.user_id);
    IF whose IS NOT NULL THEN  -- else the person goes, and everything with it
        PERFORM keep_blob(coalesce(NEW.tenant_id, OLD.tenant_id), coalesce(NEW.user_id, OLD.user_id), whose,
                          coalesce(NEW.field, OLD.field), coalesce(NEW.field_name, OLD.field_name), NULL, OLD.blob,
                          NEW.blob, lower(TG_OP));
    END IF;
    RETURN NULL;
END
$$;

-- A rotation touches every row; its statements are audited, not each row.
CREATE FUNCTION note_rotation() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    found record;
BEGIN
    IF is_rotating() THEN
        FOR found IN SELECT tenant_id, count(*) AS many FROM changed GROUP BY 1 LOOP
            PERFORM note_audit(found.tenant_id, NULL, 'rotate', NULL, NULL, NULL, found.many::integer);
        END LOOP;
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% only grows: no % there', TG_TABLE_NAME, TG_OP USING ERRCODE = '55000';
END
$$;

-- An id is taken under this lock, so that whoever holds it alone knows that no lower one is still to come.
CREATE FUNCTION share_audit_lock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('sightline vault audit ' || TG_TABLE_SCHEMA, 0));
    RETURN NULL;
END
$$;

CREATE TRIGGER users_kept AFTER INSERT OR UPDATE OR DELETE ON users FOR EACH ROW EXECUTE FUNCTION keep_user();
CREATE TRIGGER fields_kept AFTER INSERT OR UPDATE OR DELETE ON user_fields FOR EACH ROW EXECUTE FUNCTION keep_field();
CREATE TRIGGER users_rotated AFTER UPDATE ON users REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_rotation();
CREATE TRIGGER fields_rotated AFTER UPDATE ON user_fields REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_rotation();
CREATE TRIGGER audit_in_order BEFORE INSERT ON encryption_audit
    FOR EACH STATEMENT EXECUTE FUNCTION share_audit_lock();
CREATE TRIGGER audit_only_grows BEFORE UPDATE OR DELETE ON encryption_audit
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_is_not_emptied BEFORE TRUNCATE ON encryption_audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER seals_only_grow BEFORE UPDATE OR DELETE ON audit_seals
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER seals_are_not_emptied BEFORE TRUNCATE ON audit_seals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- Also for whoever sets session_replication_role.
ALTER TABLE users ENABLE ALWAYS TRIGGER users_kept;
ALTER TABLE user_fields ENABLE ALWAYS TRIGGER fields_kept;
ALTER TABLE encryption_audit ENABLE ALWAYS TRIGGER audit_in_order;
ALTER TABLE encryption_audit ENABLE ALWAYS TRIGGER audit_only_grows;
ALTER TABLE encryption_audit ENABLE ALWAYS TRIGGER audit_is_not_emptied;
ALTER TABLE audit_seals ENABLE ALWAYS TRIGGER seals_only_grow;
ALTER TABLE audit_seals ENABLE ALWAYS TRIGGER seals_are_not_emptied;

-- Up to which id nobody can add a row any more; null where somebody has been adding for too long to wait for them.
CREATE FUNCTION audit_bound() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '200ms' AS $$
DECLARE
    lock bigint := hashtextextended('sightline vault audit ' || current_schema(), 0);
    bound bigint;
BEGIN
    PERFORM pg_advisory_lock(lock);
    SELECT coalesce(max(id), 0) INTO bound FROM encryption_audit;
    PERFORM pg_advisory_unlock(lock);
    RETURN bound;
EXCEPTION WHEN lock_not_available THEN
    RETURN NULL;
END
$$;

-- ---- the months of the audit ---------------------------------------------------------------------------------------

-- Make the partitions of the coming months, and drop those that are older than the retention and wholly sealed; also
-- forget requests that were answered long ago.
CREATE FUNCTION keep_audit_months() RETURNS TABLE (made integer, dropped integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    month timestamptz := date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
    first timestamptz;
    kept interval := make_interval(months => (SELECT value::integer FROM system_config
                                              WHERE key = 'audit_retention_months'));
    name text;
    old record;
BEGIN
    made := 0; dropped := 0;
    DELETE FROM requests WHERE answered_at < now() - make_interval(months => (
        SELECT value::integer FROM system_config WHERE key = 'request_retention_months'));
    FOR ahead IN 0..2 LOOP
        first := (month AT TIME ZONE 'UTC' + make_interval(months => ahead)) AT TIME ZONE 'UTC';
        name := 'encryption_audit_' || to_char(first AT TIME ZONE 'UTC', 'YYYYMM');
        IF to_regclass(name) IS NULL THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF encryption_audit FOR VALUES FROM (%L) TO (%L)', name, first,
                           (first AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC');
            EXECUTE format('CREATE TRIGGER audit_is_not_emptied BEFORE TRUNCATE ON %I
                            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name);
            EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER audit_is_not_emptied', name);
            made := made + 1;
        END IF;
    END LOOP;
    FOR old IN
        SELECT inhrelid::regclass AS part,
               to_date(right(inhrelid::regclass::text, 6), 'YYYYMM') AS begins
        FROM pg_inherits WHERE inhparent = 'encryption_audit'::regclass
    LOOP
        CONTINUE WHEN old.begins + interval '1 month' > (now() AT TIME ZONE 'UTC') - kept;
        EXECUTE format('SELECT count(*) FROM %s WHERE id > coalesce((SELECT max(to_id) FROM audit_seals), 0)', old.part)
            INTO name;
        CONTINUE WHEN name <> '0';
        EXECUTE format('DROP TABLE %s', old.part);
        dropped := dropped + 1;
    END LOOP;
    RETURN NEXT;
END
$$;
SELECT keep_audit_months();

-- ---- reading: only by these, and never without a row of the audit --------------------------------------------------

CREATE FUNCTION require_purpose() RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF this_tenant() IS NULL OR said('purpose') IS NULL OR said('actor_kind') IS NULL THEN
        RAISE EXCEPTION 'say vault.tenant, vault.purpose and vault.actor_kind first' USING ERRCODE = '42501';
    END IF;
END
$$;

-- The blobs of some fields of some subjects. The row of the audit is written first; it has no value in it.
CREATE FUNCTION open_fields(subjects uuid[], names text[])
RETURNS TABLE (user_id uuid, field integer, field_name text, blob bytea, honeytoken boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
#variable_conflict use_column
BEGIN
    PERFORM require_purpose();
    INSERT INTO encryption_audit
        (tenant_id, user_id, operation, success, field_name, level, key_version, purpose, actor_kind, actor_id, origin,
         request_id, duration_us)
    SELECT m.tenant_id, u.pseudonym, CASE WHEN u.honeytoken THEN 'honeytoken' ELSE coalesce(said('operation'), 'read') END,
           NOT (u.restricted AND said('purpose') NOT IN ('export', 'erasure')), m.field_name, m.level, m.key_version,
           said('purpose'), said('actor_kind'), said('actor_id')::bigint, coalesce(said('origin'), 'sql'),
           said('request_id'),
           greatest(0, coalesce((extract(epoch FROM clock_timestamp()) * 1e6)::bigint - said('started_us')::bigint, 0))
    FROM encryption_metadata m JOIN users u ON u.id = m.user_id
    WHERE m.user_id = ANY (subjects) AND m.field_name = ANY (names) AND m.tenant_id = this_tenant()
    ORDER BY m.user_id, m.field;
    RETURN QUERY
    SELECT u.id, f.number, f.name, f.value, u.honeytoken
    FROM users u, LATERAL (VALUES
        (10, 'address', u.address_encrypted), (12, 'date_of_birth', u.date_of_birth_encrypted),
        (13, 'ip_address', u.ip_address_encrypted), (30, 'ssn', u.ssn_encrypted),
        (39, 'bank_account', u.bank_account_encrypted), (35, 'credit_card', u.credit_card_encrypted)
    ) AS f (number, name, value)
    WHERE u.id = ANY (subjects) AND u.tenant_id = this_tenant() AND f.value IS NOT NULL AND f.name = ANY (names)
      AND NOT (u.restricted AND said('purpose') NOT IN ('export', 'erasure'))
    UNION ALL
    SELECT u.id, f.field, f.field_name, f.blob, u.honeytoken
    FROM users u JOIN user_fields f ON f.user_id = u.id
    WHERE u.id = ANY (subjects) AND u.tenant_id = this_tenant() AND f.field_name = ANY (names)
      AND NOT (u.restricted AND said('purpose') NOT IN ('export', 'erasure'));
END
$$;

-- The clear fields of some subjects, and which fields they have besides.
CREATE FUNCTION open_clear(subjects uuid[])
RETURNS TABLE (id uuid, pseudonym uuid, email text, first_name text, last_name text, phone text, restricted boolean,
               created_at timestamptz, updated_at timestamptz, encrypted text[], honeytoken boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
#variable_conflict use_column
BEGIN
    PERFORM require_purpose();
    INSERT INTO encryption_audit
        (tenant_id, user_id, operation, success, level, purpose, actor_kind, actor_id, origin, request_id, duration_us)
    SELECT u.tenant_id, u.pseudonym, coalesce(said('operation'), 'read'), true, 1, said('purpose'), said('actor_kind'),
           said('actor_id')::bigint, coalesce(said('origin'), 'sql'), said('request_id'),
           greatest(0, coalesce((extract(epoch FROM clock_timestamp()) * 1e6)::bigint - said('started_us')::bigint, 0))
    FROM users u WHERE u.id = ANY (subjects) AND u.tenant_id = this_tenant();
    RETURN QUERY
    SELECT u.id, u.pseudonym, u.email, u.first_name, u.last_name, u.phone, u.restricted, u.created_at, u.updated_at,
           ARRAY(SELECT m.field_name FROM encryption_metadata m WHERE m.user_id = u.id ORDER BY m.field), u.honeytoken
    FROM users u WHERE u.id = ANY (subjects) AND u.tenant_id = this_tenant();
END
$$;

-- Which subjects have this value, told by its keyed hashes; during the rotation of an index there are two.
CREATE FUNCTION find_subjects(name text, hashes bytea[], most integer) RETURNS SETOF uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM require_purpose();
    PERFORM note_audit(this_tenant(), NULL, 'search', name, NULL, NULL, 1);
    IF name = 'email' THEN
        RETURN QUERY SELECT id FROM users WHERE tenant_id = this_tenant() AND email_index = ANY (hashes) LIMIT most;
    ELSIF name = 'phone' THEN
        RETURN QUERY SELECT id FROM users WHERE tenant_id = this_tenant() AND phone_index = ANY (hashes) LIMIT most;
    ELSIF name = 'ssn' THEN
        RETURN QUERY SELECT id FROM users WHERE tenant_id = this_tenant() AND ssn_index = ANY (hashes) LIMIT most;
    ELSIF name = 'bank_account' THEN
        RETURN QUERY SELECT id FROM users
            WHERE tenant_id = this_tenant() AND bank_account_index = ANY (hashes) LIMIT most;
    ELSIF name = 'credit_card' THEN
        RETURN QUERY SELECT id FROM users
            WHERE tenant_id = this_tenant() AND credit_card_index = ANY (hashes) LIMIT most;
    ELSE
        RETURN QUERY SELECT user_id FROM user_fields
            WHERE tenant_id = this_tenant() AND field_name = name AND index = ANY (hashes) LIMIT most;
    END IF;
END
$$;

-- A page of subjects, by id.
CREATE FUNCTION list_subjects(after uuid, most integer) RETURNS SETOF uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM require_purpose();
    RETURN QUERY SELECT id FROM users
        WHERE tenant_id = this_tenant() AND (after IS NULL OR id > after) ORDER BY id LIMIT most;
END
$$;

-- ---- statistics: counts only, and none of fewer than five ----------------------------------------------------------

CREATE VIEW encryption_stats WITH (security_barrier) AS
    SELECT level, field_name, count(*) AS fields, count(DISTINCT user_id) AS subjects,
           min(key_version) AS oldest_key_version, max(key_version) AS newest_key_version
    FROM encryption_metadata GROUP BY level, field_name HAVING count(DISTINCT user_id) >= 5;

CREATE VIEW audit_summary WITH (security_barrier) AS
    SELECT (accessed_at AT TIME ZONE 'UTC')::date AS date, operation, sum(row_count) AS count,
           sum(row_count) FILTER (WHERE NOT success) AS failed, round(avg(duration_us) / 1000, 3) AS average_ms
    FROM encryption_audit GROUP BY 1, 2 HAVING sum(row_count) >= 5;

CREATE VIEW key_rotation_summary WITH (security_barrier) AS
    SELECT key_type, direction, status, count(*) AS rotations, sum(done) AS rows, sum(failed) AS failed,
           max(started_at) AS last_started_at, max(completed_at) AS last_completed_at
    FROM key_rotation_log GROUP BY 1, 2, 3;
