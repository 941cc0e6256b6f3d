-- name: describe
-- Every object of a schema and what it is like, in words that do not depend on object ids, owners or the release.
WITH ours AS (SELECT oid, nspowner, nspacl FROM pg_namespace WHERE nspname = $1),
relations AS (SELECT c.*, CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'table' WHEN 'v' THEN 'view'
                     WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence' WHEN 'f' THEN 'foreign table'
                     ELSE 'type' END AS kind
              FROM pg_class c JOIN ours ON c.relnamespace = ours.oid WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c'))
SELECT kind || ' ' || relname AS object,
       concat_ws('; ', CASE relpersistence WHEN 'u' THEN 'unlogged' END, array_to_string(reloptions, ', '),
                 CASE WHEN relkind = 'p' THEN 'partition by ' || pg_get_partkeydef(oid) END,
                 CASE WHEN relispartition THEN 'partition of '
                      || (SELECT inhparent::regclass::text FROM pg_inherits WHERE inhrelid = relations.oid)
                      || ' ' || pg_get_expr(relpartbound, oid) END,
                 CASE WHEN relrowsecurity THEN 'row security' || CASE WHEN relforcerowsecurity THEN ' forced' ELSE '' END END,
                 CASE WHEN relreplident <> 'd' THEN 'replica identity ' || relreplident::text END,
                 CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(oid, true) END) AS form
FROM relations
UNION ALL
SELECT 'column ' || r.relname || '.' || a.attname,
       concat_ws('; ', 'place ' || row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum),
                 format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'not null' END,
                 CASE WHEN a.attgenerated <> '' THEN 'generated ' ELSE 'default ' END || pg_get_expr(d.adbin, d.adrelid),
                 CASE a.attidentity WHEN 'a' THEN 'identity always' WHEN 'd' THEN 'identity by default' END,
                 CASE WHEN a.attcollation <> t.typcollation
                      THEN 'collate ' || (SELECT collname FROM pg_collation WHERE oid = a.attcollation) END,
                 CASE WHEN a.attcompression <> '' THEN 'compression ' || a.attcompression::text END,
                 CASE WHEN a.attstorage <> t.typstorage THEN 'storage ' || a.attstorage::text END,
                 CASE WHEN a.attstattarget >= 0 THEN 'statistics ' || a.attstattarget END,
                 array_to_string(a.attoptions, ', '))
FROM pg_attribute a JOIN relations r ON r.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
     LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attnum > 0 AND NOT a.attisdropped AND r.relkind <> 'S'
UNION ALL
SELECT 'constraint ' || coalesce(r.relname || '.', '') || o.conname,
       pg_get_constraintdef(o.oid, true) || CASE WHEN o.convalidated THEN '' ELSE ' (not valid)' END
FROM pg_constraint o JOIN ours ON o.connamespace = ours.oid LEFT JOIN relations r ON r.oid = o.conrelid
-- From 18 on NOT NULL is a constraint with a name of its own; the column says it already.
WHERE o.contype <> 'n'
UNION ALL
SELECT 'index ' || c.relname,
       pg_get_indexdef(i.indexrelid) || CASE WHEN i.indisvalid THEN '' ELSE ' (invalid)' END
       || CASE WHEN i.indisclustered THEN ' clustered' ELSE '' END
       || CASE WHEN i.indisreplident THEN ' replica identity' ELSE '' END
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN relations r ON r.oid = i.indrelid
UNION ALL
SELECT 'trigger ' || r.relname || '.' || t.tgname, pg_get_triggerdef(t.oid, true) || ' (' || t.tgenabled::text || ')'
FROM pg_trigger t JOIN relations r ON r.oid = t.tgrelid WHERE NOT t.tgisinternal
UNION ALL
SELECT 'rule ' || r.relname || '.' || u.rulename, pg_get_ruledef(u.oid, true)
FROM pg_rewrite u JOIN relations r ON r.oid = u.ev_class WHERE u.rulename <> '_RETURN'
UNION ALL
SELECT 'policy ' || r.relname || '.' || p.polname,
       concat_ws('; ', p.polcmd::text, p.polpermissive::text, pg_get_expr(p.polqual, p.polrelid),
                 pg_get_expr(p.polwithcheck, p.polrelid),
                 (SELECT string_agg(coalesce(rolname, 'public'), ', ' ORDER BY rolname)
                  FROM unnest(p.polroles) role LEFT JOIN pg_roles ON pg_roles.oid = role))
FROM pg_policy p JOIN relations r ON r.oid = p.polrelid
UNION ALL
SELECT CASE prokind WHEN 'p' THEN 'procedure ' WHEN 'a' THEN 'aggregate ' ELSE 'function ' END
       || proname || '(' || pg_get_function_identity_arguments(pg_proc.oid) || ')',
       CASE WHEN prokind <> 'a' THEN pg_get_functiondef(pg_proc.oid) ELSE prorettype::regtype::text END
FROM pg_proc JOIN ours ON pronamespace = ours.oid
UNION ALL
SELECT 'sequence ' || r.relname || ' runs',
       concat_ws('; ', seqtypid::regtype::text, 'from ' || seqstart, 'by ' || seqincrement, seqmin || '..' || seqmax,
                 'cache ' || seqcache, CASE WHEN seqcycle THEN 'cycle' END,
                 'owned by ' || (SELECT refobjid::regclass || '.' || refobjsubid FROM pg_depend
                                 WHERE classid = 'pg_class'::regclass AND objid = r.oid AND deptype IN ('a', 'i')
                                   AND refclassid = 'pg_class'::regclass))
FROM pg_sequence s JOIN relations r ON r.oid = s.seqrelid
UNION ALL
SELECT 'type ' || typname,
       concat_ws('; ', typtype::text, CASE WHEN typbasetype <> 0 THEN format_type(typbasetype, typtypmod) END,
                 CASE WHEN typnotnull THEN 'not null' END, 'default ' || typdefault,
                 (SELECT string_agg(enumlabel, ', ' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = pg_type.oid),
                 (SELECT 'range of ' || rngsubtype::regtype FROM pg_range WHERE rngtypid = pg_type.oid))
FROM pg_type JOIN ours ON typnamespace = ours.oid WHERE typtype IN ('d', 'e', 'r')
UNION ALL
SELECT 'extended statistics ' || stxname, pg_get_statisticsobjdef(s.oid)
FROM pg_statistic_ext s JOIN ours ON stxnamespace = ours.oid
UNION ALL
SELECT 'comment on ' || i.type || ' ' || i.identity, d.description
FROM pg_description d, pg_identify_object(d.classoid, d.objoid, d.objsubid) i WHERE i.schema = $1
UNION ALL
SELECT 'privileges on ' || what, string_agg(entry, ', ' ORDER BY entry)
FROM (
    SELECT r.kind || ' ' || r.relname AS what, r.relowner AS owner, e.* FROM relations r, aclexplode(r.relacl) e
    UNION ALL
    SELECT 'column ' || r.relname || '.' || a.attname, r.relowner, e.*
    FROM pg_attribute a JOIN relations r ON r.oid = a.attrelid, aclexplode(a.attacl) e
    UNION ALL
    SELECT 'function ' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', p.proowner, e.*
    FROM pg_proc p JOIN ours ON p.pronamespace = ours.oid, aclexplode(p.proacl) e
    UNION ALL
    SELECT 'type ' || t.typname, t.typowner, e.* FROM pg_type t JOIN ours ON t.typnamespace = ours.oid, aclexplode(t.typacl) e
    UNION ALL
    SELECT 'schema', nspowner, e.* FROM ours, aclexplode(nspacl) e
) granted,
LATERAL (SELECT CASE grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(grantee)::text END || '=' || privilege_type
                || CASE WHEN is_grantable THEN ' with grant option' ELSE '' END AS entry) shown
-- What an owner may do is not granted, it is only written down as soon as something else is.
WHERE grantee <> owner
GROUP BY what
ORDER BY 1
