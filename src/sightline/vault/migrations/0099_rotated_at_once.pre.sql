-- What a rotation exchanges is checked and noted a statement at a time. The trigger of each row asked the same of every
-- blob, and took two thirds of a rotation's time in the database; it is still there for everybody else.

-- Whether a blob may take the place of another: of the same field and tier, under no older key, unless one goes back.
CREATE FUNCTION may_follow(number integer, tier integer, was bytea, is_now bytea, back boolean) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT octet_length(is_now) >= (CASE tier WHEN 2 THEN 35 WHEN 3 THEN 67 END) AND get_byte(is_now, 0) = tier
       AND (get_byte(is_now, 1) << 8) + get_byte(is_now, 2) = number
       AND blob_version(is_now) >= (CASE WHEN back THEN 1 ELSE blob_version(was) END)
       AND (tier = 2 OR blob_app_version(is_now) >= (CASE WHEN back THEN 1 ELSE blob_app_version(was) END))
$$;

CREATE FUNCTION is_going_back() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM key_rotation_log WHERE tenant_id = this_tenant() AND direction = 'back'
                   AND status IN ('running', 'verifying'))
$$;

-- Every exchanged blob has to be one that may follow, of a row that is whose it was, with its row of metadata; else
-- nothing of the statement happens. One that was taken away or that came out of nowhere follows nothing.
CREATE FUNCTION note_rotated(rows bigint, blobs bigint, noted bigint, name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF noted <> blobs THEN
        RAISE EXCEPTION 'a rotation exchanges blobs of % for others of the same field, under newer keys', name
            USING ERRCODE = '23514';
    END IF;
    IF rows > 0 THEN
        PERFORM note_audit(this_tenant(), NULL, 'rotate', NULL, NULL, NULL, rows::integer);
    END IF;
END
$$;

CREATE FUNCTION keep_rotated_users() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    back boolean;
    found record;
BEGIN
    IF NOT is_rotating() THEN
        RETURN NULL;
    END IF;
    back := is_going_back();
    WITH blob AS MATERIALIZED (
        SELECT n.id, f.number, f.name, f.tier, f.was, f.is_now
        FROM changed AS n LEFT JOIN before AS o
            ON (o.id, o.tenant_id, o.pseudonym, o.created_at) = (n.id, n.tenant_id, n.pseudonym, n.created_at),
        LATERAL (VALUES
            (10, 'address', 2, o.address_encrypted, n.address_encrypted),
            (12, 'date_of_birth', 2, o.date_of_birth_encrypted, n.date_of_birth_encrypted),
            (13, 'ip_address', 2, o.ip_address_encrypted, n.ip_address_encrypted),
            (30, 'ssn', 3, o.ssn_encrypted, n.ssn_encrypted),
            (39, 'bank_account', 3, o.bank_account_encrypted, n.bank_account_encrypted),
            (35, 'credit_card', 3, o.credit_card_encrypted, n.credit_card_encrypted),
            (0, 'whose', 0, NULL, CASE WHEN o.id IS NULL THEN '\x00'::bytea END)
        ) AS f (number, name, tier, was, is_now)
        WHERE f.is_now IS DISTINCT FROM f.was
    ), noted AS (
        UPDATE encryption_metadata AS m SET
            key_version = blob_version(b.is_now), app_key_version = blob_app_version(b.is_now),
            kms_key_id = coalesce(said('root'), 'unknown'), encrypted_at = now()
        FROM blob AS b
        WHERE m.user_id = b.id AND m.field_name = b.name AND may_follow(b.number, b.tier, b.was, b.is_now, back)
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM changed) AS rows, (SELECT count(*) FROM blob) AS blobs,
           (SELECT count(*) FROM noted) AS noted INTO found;
    PERFORM note_rotated(found.rows, found.blobs, found.noted, 'users');
    RETURN NULL;
END
$$;

CREATE FUNCTION keep_rotated_fields() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    back boolean;
    found record;
BEGIN
    IF NOT is_rotating() THEN
        RETURN NULL;
    END IF;
    back := is_going_back();
    WITH blob AS MATERIALIZED (
        SELECT n.user_id, n.field, n.field_name, get_byte(o.blob, 0) AS tier, o.blob AS was, n.blob AS is_now
        FROM changed AS n LEFT JOIN before AS o
            ON (o.user_id, o.field, o.tenant_id, o.field_name) = (n.user_id, n.field, n.tenant_id, n.field_name)
        WHERE n.blob IS DISTINCT FROM o.blob
    ), noted AS (
        UPDATE encryption_metadata AS m SET
            key_version = blob_version(b.is_now), app_key_version = blob_app_version(b.is_now),
            kms_key_id = coalesce(said('root'), 'unknown'), encrypted_at = now()
        FROM blob AS b
        WHERE m.user_id = b.user_id AND m.field_name = b.field_name
          AND may_follow(b.field, b.tier, b.was, b.is_now, back)
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM changed) AS rows, (SELECT count(*) FROM blob) AS blobs,
           (SELECT count(*) FROM noted) AS noted INTO found;
    PERFORM note_rotated(found.rows, found.blobs, found.noted, 'user_fields');
    RETURN NULL;
END
$$;

DROP TRIGGER users_kept ON users;
DROP TRIGGER fields_kept ON user_fields;
DROP TRIGGER users_rotated ON users;
DROP TRIGGER fields_rotated ON user_fields;
DROP FUNCTION note_rotation();
CREATE TRIGGER users_kept AFTER INSERT OR DELETE ON users FOR EACH ROW EXECUTE FUNCTION keep_user();
CREATE TRIGGER users_changed AFTER UPDATE ON users FOR EACH ROW WHEN (NOT is_rotating()) EXECUTE FUNCTION keep_user();
CREATE TRIGGER users_rotated AFTER UPDATE ON users REFERENCING OLD TABLE AS before NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION keep_rotated_users();
CREATE TRIGGER fields_kept AFTER INSERT OR DELETE ON user_fields FOR EACH ROW EXECUTE FUNCTION keep_field();
CREATE TRIGGER fields_changed AFTER UPDATE ON user_fields FOR EACH ROW
    WHEN (NOT is_rotating()) EXECUTE FUNCTION keep_field();
CREATE TRIGGER fields_rotated AFTER UPDATE ON user_fields REFERENCING OLD TABLE AS before NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION keep_rotated_fields();
ALTER TABLE users ENABLE ALWAYS TRIGGER users_kept;
ALTER TABLE users ENABLE ALWAYS TRIGGER users_changed;
ALTER TABLE users ENABLE ALWAYS TRIGGER users_rotated;
ALTER TABLE user_fields ENABLE ALWAYS TRIGGER fields_kept;
ALTER TABLE user_fields ENABLE ALWAYS TRIGGER fields_changed;
ALTER TABLE user_fields ENABLE ALWAYS TRIGGER fields_rotated;
UPDATE system_config SET value = '99', updated_at = now() WHERE key = 'schema';
