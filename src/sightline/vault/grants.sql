-- name: grants
-- Who may do what: everything is taken away first, so that what stands here is all there is. Run by the schema's owner.
-- {writer} and the like are the names of the roles.
REVOKE ALL ON SCHEMA {schema} FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM PUBLIC, {writer}, {reader}, {rotator}, {auditor}, {audit_insert}, {stats}, {keys};
REVOKE ALL ON ALL SEQUENCES IN SCHEMA {schema} FROM PUBLIC, {writer}, {reader}, {rotator}, {auditor}, {audit_insert}, {stats}, {keys};
REVOKE ALL ON ALL ROUTINES IN SCHEMA {schema} FROM PUBLIC, {writer}, {reader}, {rotator}, {auditor}, {audit_insert}, {stats}, {keys};
GRANT USAGE ON SCHEMA {schema} TO {writer}, {reader}, {rotator}, {auditor}, {audit_insert}, {stats}, {keys};
-- Keeps the application keys, where they have a root of their own; it sees no other table, and no other role sees this.
GRANT SELECT, INSERT, UPDATE ON wrapped_keys TO {keys};

-- The last one is asked by the triggers of users and user_fields, as whoever changes a row.
GRANT EXECUTE ON FUNCTION said(text), this_tenant(), is_rotating() TO {writer}, {reader}, {rotator}, {auditor}, {audit_insert}, {stats};
GRANT SELECT ON system_config TO {writer}, {reader}, {rotator}, {auditor}, {stats};

-- Adds and changes, but sees no value, clear or encrypted.
GRANT INSERT ON users TO {writer};
GRANT SELECT (id, tenant_id, pseudonym, created_at, updated_at) ON users TO {writer};
GRANT UPDATE (email, first_name, last_name, phone, address_encrypted, date_of_birth_encrypted, ip_address_encrypted,
              ssn_encrypted, bank_account_encrypted, credit_card_encrypted, email_index, phone_index, ssn_index,
              bank_account_index, credit_card_index, restricted, updated_at) ON users TO {writer};
GRANT DELETE ON users, user_fields, user_persons TO {writer};
GRANT INSERT ON user_fields, user_persons TO {writer};
GRANT SELECT (tenant_id, user_id, field, field_name) ON user_fields TO {writer};
GRANT UPDATE (blob, index) ON user_fields TO {writer};
GRANT SELECT ON user_persons, encryption_metadata, erasures, requests TO {writer};
GRANT INSERT ON erasures TO {writer};
GRANT INSERT (tenant_id, pseudonym, kind, jurisdiction, manner, received_at, due_at),
    UPDATE (answered_at, outcome, basis, due_at, extended_at) ON requests TO {writer};

-- Sees what it says why it wants to see; each call leaves its row in the audit.
GRANT EXECUTE ON FUNCTION open_fields(uuid[], text[]), open_clear(uuid[]), find_subjects(text, bytea[], integer),
    list_subjects(uuid, integer) TO {reader};

-- Encrypts anew: sees and writes blobs and hashes, and of the clear fields only the two that have a hash.
GRANT SELECT (id, tenant_id, email, phone, address_encrypted, date_of_birth_encrypted, ip_address_encrypted,
              ssn_encrypted, bank_account_encrypted, credit_card_encrypted, email_index, phone_index, ssn_index,
              bank_account_index, credit_card_index) ON users TO {rotator};
GRANT UPDATE (address_encrypted, date_of_birth_encrypted, ip_address_encrypted, ssn_encrypted, bank_account_encrypted,
              credit_card_encrypted, email_index, phone_index, ssn_index, bank_account_index, credit_card_index)
    ON users TO {rotator};
GRANT SELECT, UPDATE (blob, index) ON user_fields TO {rotator};
GRANT SELECT ON encryption_metadata TO {rotator};
GRANT SELECT, INSERT, UPDATE (new_version, status, total, done, failed, place, completed_at)
    ON key_rotation_log TO {rotator};
GRANT EXECUTE ON FUNCTION keep_audit_months() TO {rotator};

-- Reads the audit and what was sealed of it; that it read is a row, too.
GRANT SELECT ON encryption_audit, audit_seals, key_rotation_log, key_rotation_summary, audit_summary, requests, erasures
    TO {auditor};
GRANT INSERT ON audit_seals TO {auditor};
GRANT EXECUTE ON FUNCTION audit_bound() TO {auditor};

-- Adds rows to the audit, and no more; the others belong to it, except those who only count.
GRANT INSERT (tenant_id, user_id, operation, success, field_name, level, key_version, row_count, purpose, actor_kind,
              actor_id, origin, request_id, duration_us, error) ON encryption_audit TO {audit_insert};
GRANT USAGE ON SEQUENCE encryption_audit_ids TO {audit_insert};

GRANT SELECT ON encryption_stats, audit_summary, key_rotation_summary TO {stats};

CREATE OR REPLACE FUNCTION is_rotating() RETURNS boolean LANGUAGE sql STABLE AS
    $$ SELECT current_setting('role') = {rotator_name} $$;

-- name: policies
-- A row is seen by its tenant alone. The owner's own functions and views name the tenant themselves.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['users', 'user_fields', 'user_persons', 'encryption_metadata', 'encryption_audit',
                                'key_rotation_log', 'requests', 'erasures']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('DROP POLICY IF EXISTS by_tenant ON %I', name);
        EXECUTE format('DROP POLICY IF EXISTS by_owner ON %I', name);
        EXECUTE format('CREATE POLICY by_tenant ON %I USING (tenant_id = this_tenant())', name);
        EXECUTE format('CREATE POLICY by_owner ON %I TO {owner} USING (true)', name);
    END LOOP;
END
$$;
-- An auditor who names no tenant sees all of them: the batches that are sealed are of all.
DROP POLICY IF EXISTS by_auditor ON encryption_audit;
CREATE POLICY by_auditor ON encryption_audit FOR SELECT TO {auditor} USING (this_tenant() IS NULL);
DROP POLICY IF EXISTS by_auditor ON key_rotation_log;
CREATE POLICY by_auditor ON key_rotation_log FOR SELECT TO {auditor} USING (this_tenant() IS NULL);
DROP POLICY IF EXISTS by_auditor ON erasures;
CREATE POLICY by_auditor ON erasures FOR SELECT TO {auditor} USING (this_tenant() IS NULL);
DROP POLICY IF EXISTS by_auditor ON requests;
CREATE POLICY by_auditor ON requests FOR SELECT TO {auditor} USING (this_tenant() IS NULL);

-- name: role
-- A role, and the mark that setup left on it.
SELECT oid, rolcanlogin, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls, rolinherit, rolconnlimit,
       coalesce(rolconfig, '{}') AS config, shobj_description(oid, 'pg_authid') AS mark
FROM pg_roles WHERE rolname = $1

-- name: member
-- Whether a role belongs to another, directly.
SELECT EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid JOIN pg_roles r ON r.oid = m.member
               WHERE g.rolname = $1 AND r.rolname = $2)

-- name: schema_owner
-- Who owns a schema.
SELECT pg_get_userbyid(nspowner)::text FROM pg_namespace WHERE nspname = $1
