-- name: role
-- The service's role and what stands around it.
SELECT r.oid, r.rolsuper AS superuser,
       ARRAY(SELECT rolname::text FROM pg_roles m WHERE m.oid <> r.oid AND pg_has_role(r.oid, m.oid, 'MEMBER')
             ORDER BY 1) AS member_of
FROM pg_roles r WHERE r.rolname = $1

-- name: surroundings
-- The database, the schema's owner, and whether we are a superuser.
SELECT current_database()::text AS database, current_user::text AS me,
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser,
       (SELECT pg_get_userbyid(nspowner)::text FROM pg_namespace WHERE nspname = $1) AS owner

-- name: schemas
-- Every schema of others; `holders` are those of our role ($2) and PUBLIC that have been granted something on it.
SELECT n.nspname::text AS name, quote_ident(n.nspname) AS quoted,
       has_schema_privilege('public', n.oid, 'USAGE') AS public_usage,
       (SELECT array_agg(DISTINCT CASE e.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(e.grantee)) END)
        FROM aclexplode(n.nspacl) e WHERE e.grantee IN (0, $2)) AS holders
FROM pg_namespace n
WHERE n.nspname <> $1 AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY 1

-- name: relations
-- Every table, view and sequence of others' schemas.
SELECT n.nspname::text AS schema, format('%I.%I', n.nspname, c.relname) AS quoted, c.relkind::text AS kind,
       (SELECT quote_ident(attname) FROM pg_attribute
        WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attidentity <> 'a'
        ORDER BY attnum LIMIT 1) AS a_column,
       (SELECT array_agg(DISTINCT CASE e.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(e.grantee)) END)
        FROM (SELECT grantee FROM aclexplode(c.relacl)
              UNION SELECT grantee FROM pg_attribute a, aclexplode(a.attacl) WHERE a.attrelid = c.oid) e
        WHERE e.grantee IN (0, $2)) AS holders
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname <> $1 AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
ORDER BY 1, 2

-- name: own_relations
-- The tables, views and sequences of our schema.
SELECT format('%I.%I', n.nspname, c.relname) AS quoted, c.relkind::text AS kind
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
ORDER BY 1

-- name: roles
-- Every other role.
SELECT rolname::text AS name, quote_ident(rolname) AS quoted, rolcanlogin AS login, rolsuper AS superuser,
       rolname ~ '^pg_' AS predefined
FROM pg_roles WHERE rolname <> $1 ORDER BY rolname ~ '^pg_', 1

-- name: link_functions
-- The functions of dblink and postgres_fdw that open a connection to a server.
SELECT format('%I.%I', n.nspname, p.proname) AS name, pg_get_function_identity_arguments(p.oid) AS arguments
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
     JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid
WHERE e.extname = 'dblink' AND p.proname IN ('dblink', 'dblink_connect', 'dblink_connect_u', 'dblink_exec')
  AND pg_get_function_identity_arguments(p.oid) IN ('text', 'text, text')
ORDER BY 1, 2

-- name: wrappers
-- Every foreign data wrapper.
SELECT quote_ident(fdwname) AS quoted FROM pg_foreign_data_wrapper ORDER BY 1

-- name: servers
-- Every foreign server.
SELECT quote_ident(srvname) AS quoted FROM pg_foreign_server ORDER BY 1

-- name: extension
-- An extension that could be installed but is not; a trusted one if there is one, since these need least.
SELECT quote_ident(a.name) AS quoted
FROM pg_available_extensions a
     LEFT JOIN pg_available_extension_versions v ON v.name = a.name AND v.version = a.default_version
WHERE a.installed_version IS NULL ORDER BY v.trusted DESC NULLS LAST, 1 LIMIT 1

-- name: large_objects
-- Large objects of others, those with grants first.
SELECT oid::bigint AS oid FROM pg_largeobject_metadata WHERE lomowner <> $1 ORDER BY lomacl IS NULL, oid LIMIT 200

-- name: tablespaces
-- Every tablespace besides the two that each cluster has.
SELECT quote_ident(spcname) AS quoted FROM pg_tablespace WHERE spcname NOT IN ('pg_default', 'pg_global') ORDER BY 1

-- name: parameters
-- Settings of the server whose change somebody was granted.
SELECT parname AS name FROM pg_parameter_acl ORDER BY 1

-- name: grants_on_schema
-- What others than its owner and our role may do in the schema.
SELECT CASE e.grantee WHEN 0 THEN 'PUBLIC ' ELSE pg_get_userbyid(e.grantee) || ' ' END || e.privilege_type
FROM pg_namespace n, aclexplode(n.nspacl) e
WHERE n.oid = :schema::regnamespace AND e.grantee NOT IN (n.nspowner, :role::regrole)

-- name: grants_on_tables
-- What others may do with its tables, views and sequences; its owner, who could drop them all, may read some.
SELECT CASE e.grantee WHEN 0 THEN 'PUBLIC ' ELSE pg_get_userbyid(e.grantee) || ' ' END || e.privilege_type || ' on ' || c.relname
FROM pg_class c, aclexplode(c.relacl) e
WHERE c.relnamespace = :schema::regnamespace AND e.grantee NOT IN (c.relowner, :role::regrole)
  AND e.grantee <> (SELECT nspowner FROM pg_namespace WHERE oid = c.relnamespace)

-- name: grants_on_columns
-- What others may do with single columns.
SELECT CASE e.grantee WHEN 0 THEN 'PUBLIC ' ELSE pg_get_userbyid(e.grantee) || ' ' END || e.privilege_type || ' on ' || c.relname || '.' || a.attname
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid, aclexplode(a.attacl) e
WHERE c.relnamespace = :schema::regnamespace AND e.grantee NOT IN (c.relowner, :role::regrole)

-- name: grants_to_come
-- What others will be granted on what is made in the schema, or by our role anywhere. Functions and types are open to
-- PUBLIC by default everywhere; without USAGE on the schema nobody gets to them.
SELECT CASE e.grantee WHEN 0 THEN 'PUBLIC ' ELSE pg_get_userbyid(e.grantee) || ' ' END || e.privilege_type || ' on what ' || pg_get_userbyid(d.defaclrole) || ' will make'
FROM pg_default_acl d, aclexplode(d.defaclacl) e
WHERE (d.defaclnamespace = :schema::regnamespace OR d.defaclnamespace = 0 AND d.defaclrole = :role::regrole)
  AND e.grantee NOT IN (d.defaclrole, :role::regrole)
  AND NOT (d.defaclnamespace = 0 AND d.defaclobjtype IN ('f', 'T') AND e.grantee = 0)

-- name: members
-- Who can act as our role. From 16 on who made a role may administer it without that.
SELECT pg_get_userbyid(m.member)
FROM pg_auth_members m
WHERE m.roleid = :role::regrole
  AND coalesce((to_jsonb(m) ->> 'inherit_option')::boolean OR (to_jsonb(m) ->> 'set_option')::boolean, true)
