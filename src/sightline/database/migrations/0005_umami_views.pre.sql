-- What Umami 2 calls its tables, read-only, for tools that read them with SQL. `website` shows our sites; the others are
-- filled by the analytics migration (CREATE OR REPLACE VIEW keeps columns and grants). PostgreSQL takes no INSERT, UPDATE
-- or DELETE through a view that joins, or that has no FROM clause.

CREATE VIEW website AS
SELECT s.uuid                                         AS website_id,
       s.name::varchar(100)                           AS name,
       s.domains[1]::varchar(500)                     AS domain,
       NULL::varchar(50)                              AS share_id,
       s.reset_at::timestamptz(6)                     AS reset_at,
       CASE WHEN t.personal THEN u.uuid END           AS user_id,
       s.created_at::timestamptz(6)                   AS created_at,
       NULL::timestamptz(6)                           AS updated_at,
       s.deleted_at::timestamptz(6)                   AS deleted_at,
       u.uuid                                         AS created_by,
       CASE WHEN NOT t.personal THEN t.uuid END       AS team_id
FROM sites s
JOIN tenants t ON t.id = s.tenant_id
LEFT JOIN users u ON u.id = s.created_by;

CREATE VIEW session AS
SELECT NULL::uuid           AS session_id,
       NULL::uuid           AS website_id,
       NULL::varchar(20)    AS browser,
       NULL::varchar(20)    AS os,
       NULL::varchar(20)    AS device,
       NULL::varchar(11)    AS screen,
       NULL::varchar(35)    AS language,
       NULL::char(2)        AS country,
       NULL::varchar(20)    AS region,
       NULL::varchar(50)    AS city,
       NULL::varchar(50)    AS distinct_id,
       NULL::timestamptz(6) AS created_at
WHERE false;

CREATE VIEW website_event AS
SELECT NULL::uuid           AS event_id,
       NULL::uuid           AS website_id,
       NULL::uuid           AS session_id,
       NULL::uuid           AS visit_id,
       NULL::timestamptz(6) AS created_at,
       NULL::varchar(500)   AS url_path,
       NULL::varchar(500)   AS url_query,
       NULL::varchar(255)   AS utm_source,
       NULL::varchar(255)   AS utm_medium,
       NULL::varchar(255)   AS utm_campaign,
       NULL::varchar(255)   AS utm_content,
       NULL::varchar(255)   AS utm_term,
       NULL::varchar(500)   AS referrer_path,
       NULL::varchar(500)   AS referrer_query,
       NULL::varchar(500)   AS referrer_domain,
       NULL::varchar(500)   AS page_title,
       NULL::varchar(255)   AS gclid,
       NULL::varchar(255)   AS fbclid,
       NULL::varchar(255)   AS msclkid,
       NULL::varchar(255)   AS ttclid,
       NULL::varchar(255)   AS li_fat_id,
       NULL::varchar(255)   AS twclid,
       NULL::integer        AS event_type,
       NULL::varchar(50)    AS event_name,
       NULL::varchar(50)    AS tag,
       NULL::varchar(100)   AS hostname
WHERE false;

CREATE VIEW event_data AS
SELECT NULL::uuid           AS event_data_id,
       NULL::uuid           AS website_id,
       NULL::uuid           AS website_event_id,
       NULL::varchar(500)   AS data_key,
       NULL::varchar(500)   AS string_value,
       NULL::numeric(19, 4) AS number_value,
       NULL::timestamptz(6) AS date_value,
       NULL::integer        AS data_type,
       NULL::timestamptz(6) AS created_at
WHERE false;
