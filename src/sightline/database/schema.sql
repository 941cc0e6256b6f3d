-- Everything that the migrations make, in one file, to be read. Written by `python -m tools.schema`; do not edit.
-- A test holds it against the migrations.

CREATE VIEW event_data AS
 SELECT NULL::uuid AS event_data_id,
    NULL::uuid AS website_id,
    NULL::uuid AS website_event_id,
    NULL::character varying(500) AS data_key,
    NULL::character varying(500) AS string_value,
    NULL::numeric(19,4) AS number_value,
    NULL::timestamp(6) with time zone AS date_value,
    NULL::integer AS data_type,
    NULL::timestamp(6) with time zone AS created_at
  WHERE false;

CREATE TABLE jobs (
    name text NOT NULL COLLATE pg_catalog."C",
    requested_at timestamp with time zone,
    last_started_at timestamp with time zone,
    last_finished_at timestamp with time zone,
    last_result text COLLATE pg_catalog."C",
    last_message text DEFAULT ''::text NOT NULL,
    last_duration_ms integer,
    next_run_at timestamp with time zone,
    progress double precision,
    runs bigint DEFAULT 0 NOT NULL,
    failures bigint DEFAULT 0 NOT NULL,
    failures_in_row integer DEFAULT 0 NOT NULL,
    CONSTRAINT jobs_last_result_check CHECK ((last_result = ANY (ARRAY['ok'::text, 'failed'::text, 'interrupted'::text]))),
    CONSTRAINT jobs_progress_check CHECK (((progress >= (0)::double precision) AND (progress <= (1)::double precision)))
);

CREATE TABLE migrations (
    number integer NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    phase text NOT NULL COLLATE pg_catalog."C",
    checksum text NOT NULL COLLATE pg_catalog."C",
    objects text[] NOT NULL COLLATE pg_catalog."C",
    applied_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT migrations_phase_check CHECK ((phase = ANY (ARRAY['pre'::text, 'post'::text])))
);

CREATE VIEW session AS
 SELECT NULL::uuid AS session_id,
    NULL::uuid AS website_id,
    NULL::character varying(20) AS browser,
    NULL::character varying(20) AS os,
    NULL::character varying(20) AS device,
    NULL::character varying(11) AS screen,
    NULL::character varying(35) AS language,
    NULL::character(2) AS country,
    NULL::character varying(20) AS region,
    NULL::character varying(50) AS city,
    NULL::character varying(50) AS distinct_id,
    NULL::timestamp(6) with time zone AS created_at
  WHERE false;

CREATE VIEW website AS
 SELECT NULL::uuid AS website_id,
    NULL::character varying(100) AS name,
    NULL::character varying(500) AS domain,
    NULL::character varying(50) AS share_id,
    NULL::timestamp(6) with time zone AS reset_at,
    NULL::uuid AS user_id,
    NULL::timestamp(6) with time zone AS created_at,
    NULL::timestamp(6) with time zone AS updated_at,
    NULL::timestamp(6) with time zone AS deleted_at,
    NULL::uuid AS created_by,
    NULL::uuid AS team_id
  WHERE false;

CREATE VIEW website_event AS
 SELECT NULL::uuid AS event_id,
    NULL::uuid AS website_id,
    NULL::uuid AS session_id,
    NULL::uuid AS visit_id,
    NULL::timestamp(6) with time zone AS created_at,
    NULL::character varying(500) AS url_path,
    NULL::character varying(500) AS url_query,
    NULL::character varying(255) AS utm_source,
    NULL::character varying(255) AS utm_medium,
    NULL::character varying(255) AS utm_campaign,
    NULL::character varying(255) AS utm_content,
    NULL::character varying(255) AS utm_term,
    NULL::character varying(500) AS referrer_path,
    NULL::character varying(500) AS referrer_query,
    NULL::character varying(500) AS referrer_domain,
    NULL::character varying(500) AS page_title,
    NULL::character varying(255) AS gclid,
    NULL::character varying(255) AS fbclid,
    NULL::character varying(255) AS msclkid,
    NULL::character varying(255) AS ttclid,
    NULL::character varying(255) AS li_fat_id,
    NULL::character varying(255) AS twclid,
    NULL::integer AS event_type,
    NULL::character varying(50) AS event_name,
    NULL::character varying(50) AS tag,
    NULL::character varying(100) AS hostname
  WHERE false;

ALTER TABLE ONLY jobs
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (name);

ALTER TABLE ONLY migrations
    ADD CONSTRAINT migrations_pkey PRIMARY KEY (number);
