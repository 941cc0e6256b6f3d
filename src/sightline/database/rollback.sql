-- name: sessions
-- How many sessions of the role are open.
SELECT count(*) FROM pg_stat_activity WHERE usename = $1

-- name: dependents
-- What stands outside of the schema and depends on something in it.
WITH ours AS (
    SELECT 'pg_class'::regclass AS class, oid FROM pg_class WHERE relnamespace = $1::text::regnamespace
    UNION ALL SELECT 'pg_proc'::regclass, oid FROM pg_proc WHERE pronamespace = $1::text::regnamespace
    UNION ALL SELECT 'pg_type'::regclass, oid FROM pg_type WHERE typnamespace = $1::text::regnamespace
), dependent AS (
    SELECT d.*, CASE d.classid
        WHEN 'pg_class'::regclass THEN (SELECT relnamespace FROM pg_class WHERE oid = d.objid)
        WHEN 'pg_rewrite'::regclass THEN
            (SELECT relnamespace FROM pg_class c JOIN pg_rewrite r ON r.ev_class = c.oid WHERE r.oid = d.objid)
        WHEN 'pg_trigger'::regclass THEN
            (SELECT relnamespace FROM pg_class c JOIN pg_trigger t ON t.tgrelid = c.oid WHERE t.oid = d.objid)
        WHEN 'pg_attrdef'::regclass THEN
            (SELECT relnamespace FROM pg_class c JOIN pg_attrdef a ON a.adrelid = c.oid WHERE a.oid = d.objid)
        WHEN 'pg_policy'::regclass THEN
            (SELECT relnamespace FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid WHERE p.oid = d.objid)
        WHEN 'pg_constraint'::regclass THEN (SELECT connamespace FROM pg_constraint WHERE oid = d.objid)
        WHEN 'pg_proc'::regclass THEN (SELECT pronamespace FROM pg_proc WHERE oid = d.objid)
        WHEN 'pg_type'::regclass THEN (SELECT typnamespace FROM pg_type WHERE oid = d.objid)
        END AS namespace
    FROM pg_depend d JOIN ours ON d.refclassid = ours.class AND d.refobjid = ours.oid
)
SELECT DISTINCT CASE WHEN classid = 'pg_rewrite'::regclass
                     THEN (SELECT pg_describe_object('pg_class'::regclass, ev_class, 0) FROM pg_rewrite WHERE oid = objid)
                     ELSE pg_describe_object(classid, objid, objsubid) END AS object,
       n.nspname::text AS schema
FROM dependent JOIN pg_namespace n ON n.oid = dependent.namespace
WHERE n.nspname <> $1::text AND n.nspname !~ '^pg_toast'
ORDER BY 1

-- name: held
-- What the role owns or was granted besides what is in the schema, here and in other databases.
SELECT CASE WHEN s.dbid IN (0, d.oid) THEN pg_describe_object(s.classid, s.objid, s.objsubid)
            ELSE 'something in the database ' || (SELECT datname FROM pg_database WHERE oid = s.dbid) END AS object,
       s.deptype = 'o' AS owns
FROM pg_shdepend s JOIN pg_database d ON d.datname = current_database()
WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = $2
  AND NOT (s.dbid = d.oid AND (
      s.classid = 'pg_namespace'::regclass AND s.objid = $1
      OR s.classid = 'pg_default_acl'::regclass AND s.objid IN (SELECT oid FROM pg_default_acl WHERE defaclnamespace = $1)
      OR s.classid = 'pg_class'::regclass AND s.objid IN (SELECT oid FROM pg_class WHERE relnamespace = $1)
      OR s.classid = 'pg_proc'::regclass AND s.objid IN (SELECT oid FROM pg_proc WHERE pronamespace = $1)
      OR s.classid = 'pg_type'::regclass AND s.objid IN (SELECT oid FROM pg_type WHERE typnamespace = $1)
      OR s.classid = 'pg_statistic_ext'::regclass
         AND s.objid IN (SELECT oid FROM pg_statistic_ext WHERE stxnamespace = $1)
  ))
  AND NOT (s.classid = 'pg_database'::regclass AND s.objid = d.oid AND s.deptype = 'a')
ORDER BY 1

-- name: database_grants
-- What the role was granted on the database itself.
SELECT e.privilege_type AS privilege FROM pg_database d, aclexplode(d.datacl) e
WHERE d.datname = current_database() AND e.grantee = $1
