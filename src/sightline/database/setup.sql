-- name: take_lock
-- One setup or rollback at a time, until the end of the transaction.
SELECT pg_advisory_xact_lock(hashtextextended('sightline setup', 0))

-- name: administrator
-- Who we are and what we may do.
SELECT r.rolname::text AS name, r.rolsuper AS superuser, r.rolcreaterole AS createrole,
       has_database_privilege(current_database(), 'CREATE') AS may_create,
       has_database_privilege('public', current_database(), 'CONNECT') AS public_connects, current_database()::text AS database
FROM pg_roles r WHERE r.rolname = current_user

-- name: role
-- The service's role, if it is there, with the mark that setup left on it.
SELECT oid, rolcanlogin, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls, rolconnlimit,
       shobj_description(oid, 'pg_authid') AS mark, coalesce(rolconfig, '{}') AS config,
       has_database_privilege(oid, current_database(), 'CONNECT') AS may_connect
FROM pg_roles WHERE rolname = $1

-- name: schema
-- The schema, if it is there, with the mark that setup left on it.
SELECT oid, pg_get_userbyid(nspowner)::text AS owner, obj_description(oid, 'pg_namespace') AS mark
FROM pg_namespace WHERE nspname = $1

-- name: schema_grants
-- Who may do what in the schema, besides its owner; PUBLIC is the grantee 0.
SELECT e.grantee, e.privilege_type AS privilege
FROM pg_namespace n, aclexplode(n.nspacl) e WHERE n.oid = $1 AND e.grantee <> n.nspowner

-- name: not_granted
-- Whether there are tables and sequences in the schema that the role (none yet: null) cannot fully use.
SELECT bool_or(relkind <> 'S') AS tables, bool_or(relkind = 'S') AS sequences
FROM pg_class
WHERE relnamespace = $1 AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND ($2::oid IS NULL OR CASE WHEN relkind = 'S'
      THEN NOT (has_sequence_privilege($2::oid, oid, 'USAGE') AND has_sequence_privilege($2::oid, oid, 'SELECT')
                AND has_sequence_privilege($2::oid, oid, 'UPDATE'))
      ELSE NOT (SELECT bool_and(has_table_privilege($2::oid, oid, wanted)) FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE',
                'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) wanted) END)

-- name: default_privileges
-- What the role gets on everything that we make in the schema from now on, by kind (r: tables, S: sequences).
SELECT d.defaclobjtype::text AS kind, count(*) AS privileges
FROM pg_default_acl d, aclexplode(d.defaclacl) e
WHERE d.defaclnamespace = $1 AND d.defaclrole = (SELECT oid FROM pg_roles WHERE rolname = current_user) AND e.grantee = $2
GROUP BY 1
