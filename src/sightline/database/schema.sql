-- Everything that the migrations make, in one file, to be read. Written by `python -m tools.schema`; do not edit.
-- A test holds it against the migrations.

CREATE FUNCTION access_audit_only_grows() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'access_audit only grows: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE FUNCTION refuse_to_revive() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'key version % of tenant % was destroyed', OLD.version, OLD.tenant_id USING ERRCODE = '55000';
END
$$;

CREATE FUNCTION rules_version_stays() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'rules_version only grows: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TABLE access_audit (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    actor_kind text NOT NULL COLLATE pg_catalog."C",
    actor_id bigint,
    tenant_id bigint,
    action text NOT NULL COLLATE pg_catalog."C",
    object_kind text COLLATE pg_catalog."C",
    object_id bigint,
    result text NOT NULL COLLATE pg_catalog."C",
    request_id text COLLATE pg_catalog."C",
    details jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT access_audit_actor_kind_check CHECK ((actor_kind = ANY (ARRAY['user'::text, 'key'::text, 'operator'::text, 'nobody'::text]))),
    CONSTRAINT access_audit_result_check CHECK ((result = ANY (ARRAY['ok'::text, 'refused'::text, 'throttled'::text])))
);

ALTER TABLE access_audit ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME access_audit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE annotations (
    id bigint NOT NULL,
    uuid uuid NOT NULL,
    site_id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    all_day boolean NOT NULL,
    note text NOT NULL,
    created_by bigint,
    created_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    personal boolean DEFAULT false NOT NULL,
    CONSTRAINT annotations_note_check CHECK (((char_length(note) >= 1) AND (char_length(note) <= 1000)))
);

ALTER TABLE annotations ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME annotations_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE api_keys (
    id bigint NOT NULL,
    token_hash bytea NOT NULL,
    prefix text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    user_id bigint NOT NULL,
    tenant_id bigint,
    site_ids bigint[],
    permissions text[] NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    CONSTRAINT api_keys_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 100))),
    CONSTRAINT api_keys_token_hash_check CHECK ((octet_length(token_hash) = 32))
);

ALTER TABLE api_keys ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME api_keys_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE batch_key (
    key uuid NOT NULL,
    received_ms bigint NOT NULL
);

CREATE SEQUENCE batch_number
    START WITH 1
    INCREMENT BY 64
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE boards (
    id bigint NOT NULL,
    uuid uuid NOT NULL,
    user_id bigint,
    tenant_id bigint,
    dashboard boolean DEFAULT false NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    description text NOT NULL,
    layout jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    CONSTRAINT boards_check CHECK ((num_nonnulls(user_id, tenant_id) = 1)),
    CONSTRAINT boards_check1 CHECK (((NOT dashboard) OR (user_id IS NOT NULL))),
    CONSTRAINT boards_description_check CHECK ((char_length(description) <= 500)),
    CONSTRAINT boards_name_check CHECK ((char_length(name) <= 200))
);

ALTER TABLE boards ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME boards_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE cloud_reports (
    kind text NOT NULL,
    taken_at timestamp with time zone NOT NULL,
    document jsonb NOT NULL,
    CONSTRAINT cloud_reports_kind_check CHECK ((kind = ANY (ARRAY['estimate'::text, 'spending'::text, 'tags'::text, 'verification'::text])))
);

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

CREATE TABLE extent (
    id bigint NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    day date NOT NULL,
    object text NOT NULL COLLATE pg_catalog."C",
    rows bigint NOT NULL,
    size bigint NOT NULL,
    sha256 bytea NOT NULL,
    sites bigint[] NOT NULL,
    site_rows bigint[] NOT NULL,
    from_ms bigint NOT NULL,
    to_ms bigint NOT NULL,
    rules integer NOT NULL,
    sealed_pos bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    replaced_at timestamp with time zone,
    CONSTRAINT extent_rows_check CHECK ((rows > 0))
);

ALTER TABLE extent ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME extent_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE import_batches (
    import bigint NOT NULL,
    batch bigint NOT NULL
);

CREATE TABLE imports (
    id bigint NOT NULL,
    site bigint NOT NULL,
    source text NOT NULL COLLATE pg_catalog."C",
    part text NOT NULL COLLATE pg_catalog."C",
    "position" text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    counts jsonb DEFAULT '{}'::jsonb NOT NULL,
    started_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL
);

ALTER TABLE imports ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME imports_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE installation (
    only_row boolean DEFAULT true NOT NULL,
    path text NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT installation_only_row_check CHECK (only_row),
    CONSTRAINT installation_path_check CHECK ((path ~ '^[a-z0-9]{6,40}$'::text))
);

CREATE TABLE invitations (
    id bigint NOT NULL,
    token_hash bytea NOT NULL,
    tenant_id bigint NOT NULL,
    role text NOT NULL COLLATE pg_catalog."C",
    created_by bigint,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    CONSTRAINT invitations_role_check CHECK ((role = ANY (ARRAY['owner'::text, 'manager'::text, 'member'::text, 'viewer'::text]))),
    CONSTRAINT invitations_token_hash_check CHECK ((octet_length(token_hash) = 32))
);

ALTER TABLE invitations ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME invitations_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE issue (
    id bigint NOT NULL,
    site bigint NOT NULL,
    events bigint DEFAULT 0 NOT NULL,
    first_ms bigint DEFAULT 0 NOT NULL,
    last_ms bigint DEFAULT 0 NOT NULL,
    resolved_ms bigint,
    regressed_ms bigint,
    ignored_until_ms bigint,
    ignored_until_events bigint,
    assignee bigint,
    rules smallint DEFAULT 0 NOT NULL,
    status text DEFAULT 'open'::text NOT NULL COLLATE pg_catalog."C",
    title text NOT NULL COLLATE pg_catalog."C",
    culprit text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    first_release text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    last_release text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    resolved_in text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    regressed_in text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT issue_status_check CHECK ((status = ANY (ARRAY['open'::text, 'resolved'::text, 'ignored'::text])))
);

CREATE TABLE issue_count (
    site bigint NOT NULL,
    key bigint NOT NULL,
    events bigint NOT NULL,
    first_ms bigint NOT NULL,
    last_ms bigint NOT NULL,
    day integer NOT NULL,
    release text NOT NULL COLLATE pg_catalog."C"
);

CREATE TABLE issue_group (
    site bigint NOT NULL,
    fingerprint bigint NOT NULL,
    issue bigint NOT NULL,
    rules smallint DEFAULT 0 NOT NULL,
    why text NOT NULL COLLATE pg_catalog."C"
);

ALTER TABLE issue ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME issue_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE issue_key (
    site bigint NOT NULL,
    key bigint NOT NULL,
    fingerprint bigint NOT NULL,
    rules smallint DEFAULT 0 NOT NULL,
    alone boolean DEFAULT false NOT NULL,
    noise text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    parts text NOT NULL COLLATE pg_catalog."C"
);

CREATE TABLE issue_noise (
    site bigint NOT NULL,
    off text[] DEFAULT '{}'::text[] NOT NULL,
    rules jsonb DEFAULT '[]'::jsonb NOT NULL
);

CREATE TABLE issue_place (
    only_row boolean DEFAULT true NOT NULL,
    pos bigint NOT NULL,
    CONSTRAINT issue_place_only_row_check CHECK (only_row)
);

CREATE TABLE issue_release (
    site bigint NOT NULL,
    first_ms bigint NOT NULL,
    release text NOT NULL COLLATE pg_catalog."C"
);

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

CREATE TABLE journal_state (
    only_row boolean DEFAULT true NOT NULL,
    sealed_pos bigint DEFAULT 0 NOT NULL,
    pruned_pos bigint DEFAULT 0 NOT NULL,
    generation bigint DEFAULT 1 NOT NULL,
    CONSTRAINT journal_state_check CHECK ((pruned_pos <= sealed_pos)),
    CONSTRAINT journal_state_only_row_check CHECK (only_row)
);

CREATE TABLE ledger (
    pos bigint NOT NULL,
    batch bigint,
    tombstone bigint,
    received_ms bigint NOT NULL,
    counts jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT ledger_check CHECK (((batch IS NULL) <> (tombstone IS NULL)))
);

ALTER TABLE ledger ALTER COLUMN pos ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ledger_pos_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE links (
    id bigint NOT NULL,
    uuid uuid NOT NULL,
    site_id bigint NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    slug text NOT NULL COLLATE pg_catalog."C",
    url text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT links_check CHECK (((kind = 'link'::text) = (url <> ''::text))),
    CONSTRAINT links_kind_check CHECK ((kind = ANY (ARRAY['link'::text, 'pixel'::text]))),
    CONSTRAINT links_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 100)))
);

ALTER TABLE links ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME links_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE members (
    tenant_id bigint NOT NULL,
    user_id bigint NOT NULL,
    role text NOT NULL COLLATE pg_catalog."C",
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT members_role_check CHECK ((role = ANY (ARRAY['owner'::text, 'manager'::text, 'member'::text, 'viewer'::text])))
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

CREATE UNLOGGED TABLE open_visit (
    visitor bigint NOT NULL,
    site bigint NOT NULL,
    visit bigint NOT NULL,
    person bigint,
    started_ms bigint NOT NULL,
    last_ms bigint NOT NULL,
    channel text DEFAULT ''::text NOT NULL
)
WITH (fillfactor='70');

CREATE TABLE openreplay_pages (
    site bigint NOT NULL,
    visit bigint NOT NULL,
    visitor bigint NOT NULL,
    person bigint,
    seen_ms bigint NOT NULL,
    version integer NOT NULL,
    document text NOT NULL COLLATE pg_catalog."C",
    state bytea NOT NULL
);

CREATE TABLE opensearch_state (
    only_row boolean DEFAULT true NOT NULL,
    pos bigint NOT NULL,
    generation bigint NOT NULL,
    CONSTRAINT opensearch_state_only_row_check CHECK (only_row)
);

CREATE TABLE privacy_audits (
    id bigint NOT NULL,
    site_id bigint,
    since_ms bigint DEFAULT 0 NOT NULL,
    sample integer,
    asked_by bigint,
    asked_at timestamp with time zone NOT NULL,
    progress double precision DEFAULT 0 NOT NULL,
    finished_at timestamp with time zone,
    report jsonb,
    CONSTRAINT privacy_audits_progress_check CHECK (((progress >= (0)::double precision) AND (progress <= (1)::double precision))),
    CONSTRAINT privacy_audits_sample_check CHECK ((sample > 0))
);

ALTER TABLE privacy_audits ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME privacy_audits_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE quarantine (
    id bigint NOT NULL,
    site bigint NOT NULL,
    received_ms bigint NOT NULL,
    visitor bigint NOT NULL,
    person bigint,
    reason text NOT NULL COLLATE pg_catalog."C",
    detail text NOT NULL COLLATE pg_catalog."C",
    event text NOT NULL COLLATE pg_catalog."C"
);

ALTER TABLE quarantine ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME quarantine_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE recording_marks (
    recording bigint NOT NULL,
    at_ms bigint NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    text text NOT NULL COLLATE pg_catalog."C",
    status integer DEFAULT 0 NOT NULL,
    took_ms integer DEFAULT 0 NOT NULL
);

CREATE TABLE recording_notes (
    id bigint NOT NULL,
    recording bigint NOT NULL,
    at_ms bigint NOT NULL,
    user_id bigint,
    created_at timestamp with time zone NOT NULL,
    text text NOT NULL
);

ALTER TABLE recording_notes ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME recording_notes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE recording_searches (
    id bigint NOT NULL,
    site_id bigint NOT NULL,
    created_by bigint,
    created_at timestamp with time zone NOT NULL,
    name text NOT NULL,
    match text NOT NULL COLLATE pg_catalog."C",
    conditions text[] NOT NULL
);

ALTER TABLE recording_searches ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME recording_searches_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE recordings (
    id bigint NOT NULL,
    site bigint NOT NULL,
    visit bigint NOT NULL,
    visitor bigint NOT NULL,
    person bigint,
    first_ms bigint NOT NULL,
    last_ms bigint NOT NULL,
    active_ms bigint NOT NULL,
    sealed_ms bigint NOT NULL,
    bytes bigint NOT NULL,
    index_size integer NOT NULL,
    events integer NOT NULL,
    dropped integer NOT NULL,
    missing integer NOT NULL,
    clicks integer NOT NULL,
    inputs integer NOT NULL,
    errors integer NOT NULL,
    requests integer NOT NULL,
    failed integer NOT NULL,
    rules smallint NOT NULL,
    kept boolean DEFAULT false NOT NULL,
    tab text NOT NULL COLLATE pg_catalog."C",
    object text NOT NULL COLLATE pg_catalog."C",
    checksum text NOT NULL COLLATE pg_catalog."C",
    pages text[] NOT NULL COLLATE pg_catalog."C",
    findings text[] NOT NULL COLLATE pg_catalog."C",
    tags text[] DEFAULT '{}'::text[] NOT NULL COLLATE pg_catalog."C",
    gaps bigint[] DEFAULT '{}'::bigint[] NOT NULL
);

ALTER TABLE recordings ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME recordings_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE remask (
    id bigint NOT NULL,
    sites bigint[] DEFAULT '{}'::bigint[] NOT NULL,
    kinds text[] DEFAULT '{}'::text[] NOT NULL,
    since_ms bigint DEFAULT 0 NOT NULL,
    versions jsonb NOT NULL,
    walked text[] DEFAULT '{}'::text[] NOT NULL,
    progress double precision DEFAULT 0 NOT NULL,
    changed bigint DEFAULT 0 NOT NULL,
    started_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    CONSTRAINT remask_progress_check CHECK (((progress >= (0)::double precision) AND (progress <= (1)::double precision)))
);

ALTER TABLE remask ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME remask_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE report_shares (
    id bigint NOT NULL,
    site_id bigint NOT NULL,
    name text NOT NULL,
    slug text NOT NULL COLLATE pg_catalog."C",
    page text NOT NULL COLLATE pg_catalog."C",
    asked jsonb NOT NULL,
    free boolean NOT NULL,
    password_hash text,
    secret bytea NOT NULL,
    expires_at timestamp with time zone,
    opened bigint DEFAULT 0 NOT NULL,
    opened_at timestamp with time zone,
    created_by bigint,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT report_shares_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 100))),
    CONSTRAINT report_shares_secret_check CHECK ((octet_length(secret) = 32))
);

ALTER TABLE report_shares ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME report_shares_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE restores (
    id bigint NOT NULL,
    backup text NOT NULL COLLATE pg_catalog."C",
    taken_at timestamp with time zone NOT NULL,
    restored_at timestamp with time zone DEFAULT now() NOT NULL,
    replayed_at timestamp with time zone
);

ALTER TABLE restores ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME restores_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE rules_version (
    number smallint NOT NULL,
    site bigint DEFAULT 0 NOT NULL,
    hash text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    source text NOT NULL,
    canonical text NOT NULL,
    base smallint,
    shipped text NOT NULL COLLATE pg_catalog."C",
    note text DEFAULT ''::text NOT NULL,
    activated_at timestamp with time zone NOT NULL,
    activated_by bigint,
    CONSTRAINT rules_version_check CHECK (((site = 0) = (base IS NULL))),
    CONSTRAINT rules_version_hash_check CHECK ((hash ~ '^[0-9a-f]{16}$'::text)),
    CONSTRAINT rules_version_note_check CHECK ((char_length(note) <= 500)),
    CONSTRAINT rules_version_number_check CHECK ((number > 0))
);

CREATE TABLE salt (
    period text NOT NULL COLLATE pg_catalog."C",
    starts_ms bigint NOT NULL,
    ends_ms bigint NOT NULL,
    salt bytea,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    destroyed_at timestamp with time zone,
    CONSTRAINT salt_check CHECK ((ends_ms > starts_ms)),
    CONSTRAINT salt_check1 CHECK (((salt IS NULL) = (destroyed_at IS NOT NULL))),
    CONSTRAINT salt_period_check CHECK ((period = ANY (ARRAY['day'::text, 'week'::text, 'month'::text]))),
    CONSTRAINT salt_salt_check CHECK ((length(salt) = 32))
);

CREATE TABLE saved_reports (
    id bigint NOT NULL,
    uuid uuid NOT NULL,
    site_id bigint NOT NULL,
    report text NOT NULL COLLATE pg_catalog."C",
    dialect text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    description text NOT NULL,
    parameters jsonb NOT NULL,
    created_by bigint,
    created_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    CONSTRAINT saved_reports_description_check CHECK ((char_length(description) <= 500)),
    CONSTRAINT saved_reports_dialect_check CHECK ((dialect = ANY (ARRAY['sightline'::text, 'umami'::text]))),
    CONSTRAINT saved_reports_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 200)))
);

ALTER TABLE saved_reports ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME saved_reports_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE segments (
    id bigint NOT NULL,
    site_id bigint NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    definition jsonb NOT NULL,
    created_by bigint,
    created_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL
);

ALTER TABLE segments ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME segments_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
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

CREATE TABLE setup_links (
    id bigint NOT NULL,
    token_hash bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT setup_links_token_hash_check CHECK ((octet_length(token_hash) = 32))
);

ALTER TABLE setup_links ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME setup_links_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE shares (
    id bigint NOT NULL,
    uuid uuid NOT NULL,
    site_id bigint,
    link_id bigint,
    board_id bigint,
    name text NOT NULL,
    slug text NOT NULL COLLATE pg_catalog."C",
    shows jsonb NOT NULL,
    secret bytea NOT NULL,
    created_by bigint,
    created_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    CONSTRAINT shares_check CHECK ((num_nonnulls(site_id, link_id, board_id) = 1)),
    CONSTRAINT shares_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 200))),
    CONSTRAINT shares_secret_check CHECK ((octet_length(secret) = 32))
);

ALTER TABLE shares ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME shares_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE sign_in_throttle (
    key bytea NOT NULL,
    attempts integer NOT NULL,
    refused integer DEFAULT 0 NOT NULL,
    last_at timestamp with time zone NOT NULL,
    free_at timestamp with time zone NOT NULL
);

CREATE TABLE sign_ins (
    id bigint NOT NULL,
    token_hash bytea NOT NULL,
    user_id bigint NOT NULL,
    agent text NOT NULL COLLATE pg_catalog."C",
    created_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT sign_ins_token_hash_check CHECK ((octet_length(token_hash) = 32))
);

ALTER TABLE sign_ins ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME sign_ins_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE signal_chunk (
    site bigint DEFAULT 0 NOT NULL,
    created_ms bigint DEFAULT 0 NOT NULL,
    visitor bigint DEFAULT 0 NOT NULL,
    visit bigint DEFAULT 0 NOT NULL,
    person bigint,
    first_ms bigint DEFAULT 0 NOT NULL,
    last_ms bigint DEFAULT 0 NOT NULL,
    received_ms bigint DEFAULT 0 NOT NULL,
    batch bigint DEFAULT 0 NOT NULL,
    seq integer DEFAULT 0 NOT NULL,
    events integer DEFAULT 0 NOT NULL,
    dropped integer DEFAULT 0 NOT NULL,
    rules smallint DEFAULT 0 NOT NULL,
    place smallint DEFAULT 0 NOT NULL,
    tab text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    document text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    data bytea DEFAULT '\x'::bytea NOT NULL,
    closed boolean DEFAULT false NOT NULL
)
PARTITION BY RANGE (received_ms);

CREATE TABLE signal_error (
    site bigint DEFAULT 0 NOT NULL,
    created_ms bigint DEFAULT 0 NOT NULL,
    visitor bigint DEFAULT 0 NOT NULL,
    visit bigint DEFAULT 0 NOT NULL,
    person bigint,
    received_ms bigint DEFAULT 0 NOT NULL,
    batch bigint DEFAULT 0 NOT NULL,
    count integer DEFAULT 0 NOT NULL,
    rules smallint DEFAULT 0 NOT NULL,
    place smallint DEFAULT 0 NOT NULL,
    handled boolean DEFAULT false NOT NULL,
    source text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    page text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    name text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    message text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    stack text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    component text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    context text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    breadcrumbs text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    hostname text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    path text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    release text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    environment text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    browser text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    os text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    device text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    country text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    fingerprint bigint DEFAULT 0 NOT NULL
)
PARTITION BY RANGE (received_ms);

CREATE TABLE signal_event (
    site bigint DEFAULT 0 NOT NULL,
    created_ms bigint DEFAULT 0 NOT NULL,
    visitor bigint DEFAULT 0 NOT NULL,
    visit bigint DEFAULT 0 NOT NULL,
    person bigint,
    revenue bigint,
    received_ms bigint DEFAULT 0 NOT NULL,
    batch bigint DEFAULT 0 NOT NULL,
    engagement_ms integer DEFAULT 0 NOT NULL,
    rules smallint DEFAULT 0 NOT NULL,
    type smallint DEFAULT 0 NOT NULL,
    place smallint DEFAULT 0 NOT NULL,
    hostname text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    path text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    query text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    title text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    referrer_domain text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    referrer_path text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    utm_source text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    utm_medium text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    utm_campaign text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    utm_content text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    utm_term text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    click text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    click_id text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    channel text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    name text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    properties text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    currency text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    tag text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    browser text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    os text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    device text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    screen text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    language text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    country text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    region text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    city text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C"
)
PARTITION BY RANGE (received_ms);

CREATE TABLE signal_invocation (
    site bigint DEFAULT 0 NOT NULL,
    created_ms bigint DEFAULT 0 NOT NULL,
    visitor bigint DEFAULT 0 NOT NULL,
    visit bigint DEFAULT 0 NOT NULL,
    person bigint,
    duration_ms double precision DEFAULT 0 NOT NULL,
    init_ms double precision DEFAULT 0 NOT NULL,
    received_ms bigint DEFAULT 0 NOT NULL,
    batch bigint DEFAULT 0 NOT NULL,
    billed_ms integer DEFAULT 0 NOT NULL,
    memory_mb integer DEFAULT 0 NOT NULL,
    used_mb integer DEFAULT 0 NOT NULL,
    rules smallint DEFAULT 0 NOT NULL,
    place smallint DEFAULT 0 NOT NULL,
    cold boolean DEFAULT false NOT NULL,
    status text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    request text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    trace text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    service text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    function text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C"
)
PARTITION BY RANGE (received_ms);

CREATE TABLE signal_log (
    site bigint DEFAULT 0 NOT NULL,
    created_ms bigint DEFAULT 0 NOT NULL,
    visitor bigint DEFAULT 0 NOT NULL,
    visit bigint DEFAULT 0 NOT NULL,
    person bigint,
    received_ms bigint DEFAULT 0 NOT NULL,
    batch bigint DEFAULT 0 NOT NULL,
    rules smallint DEFAULT 0 NOT NULL,
    place smallint DEFAULT 0 NOT NULL,
    cold boolean DEFAULT false NOT NULL,
    failed boolean DEFAULT false NOT NULL,
    level text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    source text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    request text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    trace text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    service text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    function text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    log_group text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    stream text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    logger text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    correlation text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    message text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    fields text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C"
)
PARTITION BY RANGE (received_ms);

CREATE TABLE signal_metric (
    site bigint DEFAULT 0 NOT NULL,
    created_ms bigint DEFAULT 0 NOT NULL,
    visitor bigint DEFAULT 0 NOT NULL,
    visit bigint DEFAULT 0 NOT NULL,
    person bigint,
    total double precision DEFAULT 0 NOT NULL,
    "least" double precision DEFAULT 0 NOT NULL,
    most double precision DEFAULT 0 NOT NULL,
    received_ms bigint DEFAULT 0 NOT NULL,
    batch bigint DEFAULT 0 NOT NULL,
    count integer DEFAULT 0 NOT NULL,
    rules smallint DEFAULT 0 NOT NULL,
    place smallint DEFAULT 0 NOT NULL,
    unit text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    request text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    trace text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    namespace text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    name text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    service text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    function text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    dimensions text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C"
)
PARTITION BY RANGE (received_ms);

CREATE TABLE signal_vital (
    site bigint DEFAULT 0 NOT NULL,
    created_ms bigint DEFAULT 0 NOT NULL,
    visitor bigint DEFAULT 0 NOT NULL,
    visit bigint DEFAULT 0 NOT NULL,
    person bigint,
    value double precision DEFAULT 0 NOT NULL,
    received_ms bigint DEFAULT 0 NOT NULL,
    batch bigint DEFAULT 0 NOT NULL,
    viewport integer DEFAULT 0 NOT NULL,
    rules smallint DEFAULT 0 NOT NULL,
    place smallint DEFAULT 0 NOT NULL,
    metric text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    rating text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    navigation text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    page text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    hostname text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    path text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    element text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    detail text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    release text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    environment text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    browser text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    os text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    device text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    country text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C"
)
PARTITION BY RANGE (received_ms);

CREATE TABLE sites (
    id bigint NOT NULL,
    uuid uuid NOT NULL,
    tenant_id bigint NOT NULL,
    name text NOT NULL,
    domains text[] DEFAULT '{}'::text[] NOT NULL,
    time_zone text NOT NULL COLLATE pg_catalog."C",
    public_key text NOT NULL COLLATE pg_catalog."C",
    analytics_days integer NOT NULL,
    vitals_days integer NOT NULL,
    recordings_days integer NOT NULL,
    logs_days integer NOT NULL,
    errors_days integer NOT NULL,
    settings jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_by bigint,
    created_at timestamp with time zone NOT NULL,
    reset_at timestamp with time zone,
    deleted_at timestamp with time zone,
    consent_mode text DEFAULT 'replay'::text NOT NULL COLLATE pg_catalog."C",
    consent_asked boolean DEFAULT false NOT NULL,
    honour_signals boolean DEFAULT true NOT NULL,
    salt_period text DEFAULT 'day'::text NOT NULL COLLATE pg_catalog."C",
    privacy_answered_at timestamp with time zone DEFAULT now(),
    CONSTRAINT sites_analytics_days_check CHECK (((analytics_days >= 1) AND (analytics_days <= 3650))),
    CONSTRAINT sites_consent_mode_check CHECK ((consent_mode = ANY (ARRAY['none'::text, 'analytics'::text, 'replay'::text]))),
    CONSTRAINT sites_errors_days_check CHECK (((errors_days >= 1) AND (errors_days <= 3650))),
    CONSTRAINT sites_logs_days_check CHECK (((logs_days >= 1) AND (logs_days <= 3650))),
    CONSTRAINT sites_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 100))),
    CONSTRAINT sites_recordings_days_check CHECK (((recordings_days >= 1) AND (recordings_days <= 3650))),
    CONSTRAINT sites_salt_period_check CHECK ((salt_period = ANY (ARRAY['day'::text, 'month'::text]))),
    CONSTRAINT sites_vitals_days_check CHECK (((vitals_days >= 1) AND (vitals_days <= 3650)))
);

ALTER TABLE sites ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME sites_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE source_map (
    site bigint NOT NULL,
    uploaded_at timestamp with time zone NOT NULL,
    size integer NOT NULL,
    mappings integer NOT NULL,
    sha256 bytea NOT NULL,
    release text NOT NULL COLLATE pg_catalog."C",
    file text NOT NULL COLLATE pg_catalog."C",
    base text NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT source_map_sha256_check CHECK ((octet_length(sha256) = 32))
);

CREATE TABLE tenants (
    id bigint NOT NULL,
    uuid uuid NOT NULL,
    name text NOT NULL,
    slug text NOT NULL COLLATE pg_catalog."C",
    personal boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT tenants_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 100)))
);

ALTER TABLE tenants ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tenants_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE tombstone (
    id bigint NOT NULL,
    reason text NOT NULL COLLATE pg_catalog."C",
    sites bigint[] DEFAULT '{}'::bigint[] NOT NULL,
    visitors bigint[] DEFAULT '{}'::bigint[] NOT NULL,
    visits bigint[] DEFAULT '{}'::bigint[] NOT NULL,
    persons bigint[] DEFAULT '{}'::bigint[] NOT NULL,
    kinds text[] DEFAULT '{}'::text[] NOT NULL,
    before_ms bigint,
    pos bigint,
    rows bigint DEFAULT 0 NOT NULL,
    requested_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    done real DEFAULT 0 NOT NULL
);

ALTER TABLE tombstone ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tombstone_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE tracking (
    site_id bigint NOT NULL,
    replay_percent integer DEFAULT 100 NOT NULL,
    payment_pages text[] DEFAULT '{}'::text[] NOT NULL,
    endpoints text[] DEFAULT '{}'::text[] NOT NULL,
    CONSTRAINT tracking_replay_percent_check CHECK (((replay_percent >= 0) AND (replay_percent <= 100)))
);

CREATE TABLE users (
    id bigint NOT NULL,
    uuid uuid NOT NULL,
    email text COLLATE pg_catalog."C",
    username text COLLATE pg_catalog."C",
    name text NOT NULL,
    password_hash text NOT NULL COLLATE pg_catalog."C",
    role text NOT NULL COLLATE pg_catalog."C",
    locale text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    time_zone text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    created_at timestamp with time zone NOT NULL,
    disabled_at timestamp with time zone,
    CONSTRAINT users_check CHECK (((email IS NOT NULL) OR (username IS NOT NULL))),
    CONSTRAINT users_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 100))),
    CONSTRAINT users_role_check CHECK ((role = ANY (ARRAY['admin'::text, 'member'::text, 'viewer'::text])))
);

ALTER TABLE users ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME users_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW website AS
 SELECT s.uuid AS website_id,
    (s.name)::character varying(100) AS name,
    (s.domains[1])::character varying(500) AS domain,
    NULL::character varying(50) AS share_id,
    (s.reset_at)::timestamp(6) with time zone AS reset_at,
        CASE
            WHEN t.personal THEN u.uuid
            ELSE NULL::uuid
        END AS user_id,
    (s.created_at)::timestamp(6) with time zone AS created_at,
    NULL::timestamp(6) with time zone AS updated_at,
    (s.deleted_at)::timestamp(6) with time zone AS deleted_at,
    u.uuid AS created_by,
        CASE
            WHEN (NOT t.personal) THEN t.uuid
            ELSE NULL::uuid
        END AS team_id
   FROM ((sites s
     JOIN tenants t ON ((t.id = s.tenant_id)))
     LEFT JOIN users u ON ((u.id = s.created_by)));

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

CREATE TABLE wrapped_keys (
    tenant_id bigint NOT NULL,
    kind smallint NOT NULL,
    purpose text NOT NULL COLLATE pg_catalog."C",
    owner text NOT NULL COLLATE pg_catalog."C",
    version integer NOT NULL,
    parent_version integer,
    root text COLLATE pg_catalog."C",
    wrapped bytea NOT NULL,
    check_value bytea NOT NULL,
    state text DEFAULT 'active'::text NOT NULL COLLATE pg_catalog."C",
    uses bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    rewrapped_at timestamp with time zone,
    destroyed_at timestamp with time zone,
    CONSTRAINT wrapped_keys_check CHECK ((((kind = 1) = (parent_version IS NULL)) AND ((kind = 1) = (root IS NOT NULL)))),
    CONSTRAINT wrapped_keys_check1 CHECK (((kind <> 1) OR ((purpose = ''::text) AND (owner = ''::text)))),
    CONSTRAINT wrapped_keys_check2 CHECK (((state = 'destroyed'::text) = (destroyed_at IS NOT NULL))),
    CONSTRAINT wrapped_keys_check3 CHECK (((state = 'destroyed'::text) = (octet_length(wrapped) = 0))),
    CONSTRAINT wrapped_keys_check_value_check CHECK ((octet_length(check_value) = 8)),
    CONSTRAINT wrapped_keys_kind_check CHECK ((kind = ANY (ARRAY[1, 2, 3]))),
    CONSTRAINT wrapped_keys_parent_version_check CHECK ((parent_version >= 1)),
    CONSTRAINT wrapped_keys_state_check CHECK ((state = ANY (ARRAY['active'::text, 'decrypt_only'::text, 'destroyed'::text]))),
    CONSTRAINT wrapped_keys_uses_check CHECK ((uses >= 0)),
    CONSTRAINT wrapped_keys_version_check CHECK ((version >= 1))
)
WITH (fillfactor='75');

ALTER TABLE ONLY access_audit
    ADD CONSTRAINT access_audit_pkey PRIMARY KEY (id);

ALTER TABLE ONLY annotations
    ADD CONSTRAINT annotations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY annotations
    ADD CONSTRAINT annotations_uuid_key UNIQUE (uuid);

ALTER TABLE ONLY api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY api_keys
    ADD CONSTRAINT api_keys_token_hash_key UNIQUE (token_hash);

ALTER TABLE ONLY batch_key
    ADD CONSTRAINT batch_key_pkey PRIMARY KEY (key);

ALTER TABLE ONLY boards
    ADD CONSTRAINT boards_pkey PRIMARY KEY (id);

ALTER TABLE ONLY boards
    ADD CONSTRAINT boards_uuid_key UNIQUE (uuid);

ALTER TABLE ONLY cloud_reports
    ADD CONSTRAINT cloud_reports_pkey PRIMARY KEY (kind);

ALTER TABLE ONLY extent
    ADD CONSTRAINT extent_object_key UNIQUE (object);

ALTER TABLE ONLY extent
    ADD CONSTRAINT extent_pkey PRIMARY KEY (id);

ALTER TABLE ONLY import_batches
    ADD CONSTRAINT import_batches_pkey PRIMARY KEY (import, batch);

ALTER TABLE ONLY imports
    ADD CONSTRAINT imports_pkey PRIMARY KEY (id);

ALTER TABLE ONLY imports
    ADD CONSTRAINT imports_site_source_part_key UNIQUE (site, source, part);

ALTER TABLE ONLY installation
    ADD CONSTRAINT installation_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY invitations
    ADD CONSTRAINT invitations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY invitations
    ADD CONSTRAINT invitations_token_hash_key UNIQUE (token_hash);

ALTER TABLE ONLY issue_count
    ADD CONSTRAINT issue_count_pkey PRIMARY KEY (site, key, day, release);

ALTER TABLE ONLY issue_group
    ADD CONSTRAINT issue_group_pkey PRIMARY KEY (site, fingerprint);

ALTER TABLE ONLY issue_key
    ADD CONSTRAINT issue_key_pkey PRIMARY KEY (site, key);

ALTER TABLE ONLY issue_noise
    ADD CONSTRAINT issue_noise_pkey PRIMARY KEY (site);

ALTER TABLE ONLY issue
    ADD CONSTRAINT issue_pkey PRIMARY KEY (id);

ALTER TABLE ONLY issue_place
    ADD CONSTRAINT issue_place_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY issue_release
    ADD CONSTRAINT issue_release_pkey PRIMARY KEY (site, release);

ALTER TABLE ONLY jobs
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (name);

ALTER TABLE ONLY journal_state
    ADD CONSTRAINT journal_state_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY ledger
    ADD CONSTRAINT ledger_pkey PRIMARY KEY (pos);

ALTER TABLE ONLY links
    ADD CONSTRAINT links_kind_slug_key UNIQUE (kind, slug);

ALTER TABLE ONLY links
    ADD CONSTRAINT links_pkey PRIMARY KEY (id);

ALTER TABLE ONLY links
    ADD CONSTRAINT links_uuid_key UNIQUE (uuid);

ALTER TABLE ONLY members
    ADD CONSTRAINT members_pkey PRIMARY KEY (tenant_id, user_id);

ALTER TABLE ONLY migrations
    ADD CONSTRAINT migrations_pkey PRIMARY KEY (number);

ALTER TABLE ONLY open_visit
    ADD CONSTRAINT open_visit_pkey PRIMARY KEY (visitor);

ALTER TABLE ONLY openreplay_pages
    ADD CONSTRAINT openreplay_pages_pkey PRIMARY KEY (site, document);

ALTER TABLE ONLY opensearch_state
    ADD CONSTRAINT opensearch_state_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY privacy_audits
    ADD CONSTRAINT privacy_audits_pkey PRIMARY KEY (id);

ALTER TABLE ONLY quarantine
    ADD CONSTRAINT quarantine_pkey PRIMARY KEY (id);

ALTER TABLE ONLY recording_notes
    ADD CONSTRAINT recording_notes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY recording_searches
    ADD CONSTRAINT recording_searches_pkey PRIMARY KEY (id);

ALTER TABLE ONLY recordings
    ADD CONSTRAINT recordings_pkey PRIMARY KEY (id);

ALTER TABLE ONLY recordings
    ADD CONSTRAINT recordings_site_visit_tab_key UNIQUE (site, visit, tab);

ALTER TABLE ONLY remask
    ADD CONSTRAINT remask_pkey PRIMARY KEY (id);

ALTER TABLE ONLY report_shares
    ADD CONSTRAINT report_shares_pkey PRIMARY KEY (id);

ALTER TABLE ONLY report_shares
    ADD CONSTRAINT report_shares_slug_key UNIQUE (slug);

ALTER TABLE ONLY restores
    ADD CONSTRAINT restores_pkey PRIMARY KEY (id);

ALTER TABLE ONLY rules_version
    ADD CONSTRAINT rules_version_pkey PRIMARY KEY (number);

ALTER TABLE ONLY salt
    ADD CONSTRAINT salt_pkey PRIMARY KEY (period, starts_ms);

ALTER TABLE ONLY saved_reports
    ADD CONSTRAINT saved_reports_pkey PRIMARY KEY (id);

ALTER TABLE ONLY saved_reports
    ADD CONSTRAINT saved_reports_uuid_key UNIQUE (uuid);

ALTER TABLE ONLY segments
    ADD CONSTRAINT segments_pkey PRIMARY KEY (id);

ALTER TABLE ONLY setup_links
    ADD CONSTRAINT setup_links_pkey PRIMARY KEY (id);

ALTER TABLE ONLY setup_links
    ADD CONSTRAINT setup_links_token_hash_key UNIQUE (token_hash);

ALTER TABLE ONLY shares
    ADD CONSTRAINT shares_pkey PRIMARY KEY (id);

ALTER TABLE ONLY shares
    ADD CONSTRAINT shares_slug_key UNIQUE (slug);

ALTER TABLE ONLY shares
    ADD CONSTRAINT shares_uuid_key UNIQUE (uuid);

ALTER TABLE ONLY sign_in_throttle
    ADD CONSTRAINT sign_in_throttle_pkey PRIMARY KEY (key);

ALTER TABLE ONLY sign_ins
    ADD CONSTRAINT sign_ins_pkey PRIMARY KEY (id);

ALTER TABLE ONLY sign_ins
    ADD CONSTRAINT sign_ins_token_hash_key UNIQUE (token_hash);

ALTER TABLE ONLY sites
    ADD CONSTRAINT sites_pkey PRIMARY KEY (id);

ALTER TABLE ONLY sites
    ADD CONSTRAINT sites_public_key_key UNIQUE (public_key);

ALTER TABLE ONLY sites
    ADD CONSTRAINT sites_uuid_key UNIQUE (uuid);

ALTER TABLE ONLY source_map
    ADD CONSTRAINT source_map_pkey PRIMARY KEY (site, release, file);

ALTER TABLE ONLY tenants
    ADD CONSTRAINT tenants_pkey PRIMARY KEY (id);

ALTER TABLE ONLY tenants
    ADD CONSTRAINT tenants_uuid_key UNIQUE (uuid);

ALTER TABLE ONLY tombstone
    ADD CONSTRAINT tombstone_pkey PRIMARY KEY (id);

ALTER TABLE ONLY tracking
    ADD CONSTRAINT tracking_pkey PRIMARY KEY (site_id);

ALTER TABLE ONLY users
    ADD CONSTRAINT users_email_key UNIQUE (email);

ALTER TABLE ONLY users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

ALTER TABLE ONLY users
    ADD CONSTRAINT users_username_key UNIQUE (username);

ALTER TABLE ONLY users
    ADD CONSTRAINT users_uuid_key UNIQUE (uuid);

ALTER TABLE ONLY wrapped_keys
    ADD CONSTRAINT wrapped_keys_pkey PRIMARY KEY (tenant_id, kind, purpose, owner, version);

CREATE INDEX access_audit_actor ON access_audit USING btree (actor_id, id);

CREATE INDEX access_audit_tenant ON access_audit USING btree (tenant_id, id);

CREATE INDEX annotations_created_by ON annotations USING btree (created_by);

CREATE INDEX annotations_site ON annotations USING btree (site_id, at);

CREATE INDEX api_keys_tenant ON api_keys USING btree (tenant_id);

CREATE INDEX api_keys_user ON api_keys USING btree (user_id);

CREATE INDEX batch_key_received ON batch_key USING brin (received_ms) WITH (pages_per_range='32', autosummarize='on');

CREATE UNIQUE INDEX boards_dashboard ON boards USING btree (user_id) WHERE dashboard;

CREATE INDEX boards_tenant ON boards USING btree (tenant_id);

CREATE INDEX boards_user ON boards USING btree (user_id);

CREATE INDEX extent_kind_day ON extent USING btree (kind, day) WHERE (replaced_at IS NULL);

CREATE INDEX invitations_created_by ON invitations USING btree (created_by);

CREATE INDEX invitations_tenant ON invitations USING btree (tenant_id);

CREATE INDEX issue_assignee ON issue USING btree (assignee) WHERE (assignee IS NOT NULL);

CREATE INDEX issue_group_issue ON issue_group USING btree (issue);

CREATE INDEX issue_key_fingerprint ON issue_key USING btree (site, fingerprint);

CREATE INDEX issue_latest ON issue USING btree (site, last_ms DESC, id DESC);

CREATE INDEX links_site ON links USING btree (site_id);

CREATE INDEX members_user ON members USING btree (user_id);

CREATE INDEX open_visit_last ON open_visit USING brin (last_ms) WITH (pages_per_range='32', autosummarize='on');

CREATE INDEX open_visit_of ON open_visit USING btree (visit);

CREATE INDEX openreplay_pages_seen ON openreplay_pages USING btree (seen_ms);

CREATE INDEX privacy_audits_open ON privacy_audits USING btree (id) WHERE (finished_at IS NULL);

CREATE INDEX quarantine_received ON quarantine USING brin (received_ms) WITH (pages_per_range='32', autosummarize='on');

CREATE INDEX quarantine_site ON quarantine USING btree (site, id);

CREATE INDEX recording_marks_of ON recording_marks USING btree (recording, kind, at_ms);

CREATE INDEX recording_notes_of ON recording_notes USING btree (recording, at_ms);

CREATE INDEX recording_searches_of ON recording_searches USING btree (site_id, id);

CREATE INDEX recordings_latest ON recordings USING btree (site, id DESC);

CREATE UNIQUE INDEX recordings_object ON recordings USING btree (object);

CREATE INDEX recordings_oldest ON recordings USING btree (last_ms) WHERE (NOT kept);

CREATE INDEX remask_open ON remask USING btree (id) WHERE (finished_at IS NULL);

CREATE INDEX report_shares_created_by ON report_shares USING btree (created_by);

CREATE INDEX report_shares_site ON report_shares USING btree (site_id, id);

CREATE INDEX rules_version_site ON rules_version USING btree (site, number DESC);

CREATE INDEX saved_reports_created_by ON saved_reports USING btree (created_by);

CREATE INDEX saved_reports_site ON saved_reports USING btree (site_id, id);

CREATE INDEX segments_site ON segments USING btree (site_id, id);

CREATE INDEX shares_board ON shares USING btree (board_id);

CREATE INDEX shares_created_by ON shares USING btree (created_by);

CREATE INDEX shares_link ON shares USING btree (link_id);

CREATE INDEX shares_site ON shares USING btree (site_id);

CREATE INDEX sign_ins_user ON sign_ins USING btree (user_id);

CREATE INDEX signal_chunk_batch ON ONLY signal_chunk USING brin (batch) WITH (pages_per_range='32', autosummarize='on');

CREATE INDEX signal_chunk_found ON ONLY signal_chunk USING btree (site, document, seq);

CREATE INDEX signal_chunk_visit ON ONLY signal_chunk USING btree (site, visit);

CREATE INDEX signal_error_batch ON ONLY signal_error USING brin (batch) WITH (pages_per_range='32', autosummarize='on');

CREATE INDEX signal_event_batch ON ONLY signal_event USING brin (batch) WITH (pages_per_range='32', autosummarize='on');

CREATE INDEX signal_invocation_batch ON ONLY signal_invocation USING brin (batch) WITH (pages_per_range='32', autosummarize='on');

CREATE INDEX signal_log_batch ON ONLY signal_log USING brin (batch) WITH (pages_per_range='32', autosummarize='on');

CREATE INDEX signal_metric_batch ON ONLY signal_metric USING brin (batch) WITH (pages_per_range='32', autosummarize='on');

CREATE INDEX signal_vital_batch ON ONLY signal_vital USING brin (batch) WITH (pages_per_range='32', autosummarize='on');

CREATE INDEX sites_created_by ON sites USING btree (created_by);

CREATE INDEX sites_tenant ON sites USING btree (tenant_id);

CREATE INDEX source_map_base ON source_map USING btree (site, release, base);

CREATE INDEX source_map_content ON source_map USING btree (site, sha256);

CREATE UNIQUE INDEX tenants_slug ON tenants USING btree (slug) WHERE (deleted_at IS NULL);

CREATE INDEX tombstone_open ON tombstone USING btree (id) WHERE (finished_at IS NULL);

CREATE INDEX tombstone_sites ON tombstone USING gin (sites);

CREATE UNIQUE INDEX wrapped_keys_active ON wrapped_keys USING btree (tenant_id, kind, purpose, owner) WHERE (state = 'active'::text);

CREATE INDEX wrapped_keys_parent ON wrapped_keys USING btree (tenant_id, parent_version) WHERE ((kind <> 1) AND (state <> 'destroyed'::text));

CREATE INDEX wrapped_keys_root ON wrapped_keys USING btree (root) WHERE ((kind = 1) AND (state <> 'destroyed'::text));

CREATE TRIGGER access_audit_is_never_emptied BEFORE TRUNCATE ON access_audit FOR EACH STATEMENT EXECUTE FUNCTION access_audit_only_grows();

CREATE TRIGGER access_audit_only_grows BEFORE DELETE OR UPDATE ON access_audit FOR EACH ROW EXECUTE FUNCTION access_audit_only_grows();

CREATE TRIGGER destroyed_stays_destroyed BEFORE DELETE OR UPDATE ON wrapped_keys FOR EACH ROW WHEN ((old.state = 'destroyed'::text)) EXECUTE FUNCTION refuse_to_revive();

ALTER TABLE wrapped_keys ENABLE ALWAYS TRIGGER destroyed_stays_destroyed;

CREATE TRIGGER rules_version_is_never_emptied BEFORE TRUNCATE ON rules_version FOR EACH STATEMENT EXECUTE FUNCTION rules_version_stays();

CREATE TRIGGER rules_version_stays BEFORE DELETE OR UPDATE ON rules_version FOR EACH ROW EXECUTE FUNCTION rules_version_stays();

ALTER TABLE ONLY annotations
    ADD CONSTRAINT annotations_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id) ON DELETE SET NULL;

ALTER TABLE ONLY annotations
    ADD CONSTRAINT annotations_site_id_fkey FOREIGN KEY (site_id) REFERENCES sites(id) ON DELETE CASCADE;

ALTER TABLE ONLY api_keys
    ADD CONSTRAINT api_keys_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE;

ALTER TABLE ONLY api_keys
    ADD CONSTRAINT api_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE;

ALTER TABLE ONLY boards
    ADD CONSTRAINT boards_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE;

ALTER TABLE ONLY boards
    ADD CONSTRAINT boards_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE;

ALTER TABLE ONLY import_batches
    ADD CONSTRAINT import_batches_import_fkey FOREIGN KEY (import) REFERENCES imports(id) ON DELETE CASCADE;

ALTER TABLE ONLY imports
    ADD CONSTRAINT imports_site_fkey FOREIGN KEY (site) REFERENCES sites(id) ON DELETE CASCADE;

ALTER TABLE ONLY invitations
    ADD CONSTRAINT invitations_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id) ON DELETE SET NULL;

ALTER TABLE ONLY invitations
    ADD CONSTRAINT invitations_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE;

ALTER TABLE ONLY issue
    ADD CONSTRAINT issue_assignee_fkey FOREIGN KEY (assignee) REFERENCES users(id) ON DELETE SET NULL;

ALTER TABLE ONLY issue_group
    ADD CONSTRAINT issue_group_issue_fkey FOREIGN KEY (issue) REFERENCES issue(id) ON DELETE CASCADE;

ALTER TABLE ONLY issue_noise
    ADD CONSTRAINT issue_noise_site_fkey FOREIGN KEY (site) REFERENCES sites(id) ON DELETE CASCADE;

ALTER TABLE ONLY links
    ADD CONSTRAINT links_site_id_fkey FOREIGN KEY (site_id) REFERENCES sites(id) ON DELETE CASCADE;

ALTER TABLE ONLY members
    ADD CONSTRAINT members_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE;

ALTER TABLE ONLY members
    ADD CONSTRAINT members_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE;

ALTER TABLE ONLY privacy_audits
    ADD CONSTRAINT privacy_audits_asked_by_fkey FOREIGN KEY (asked_by) REFERENCES users(id) ON DELETE SET NULL;

ALTER TABLE ONLY privacy_audits
    ADD CONSTRAINT privacy_audits_site_id_fkey FOREIGN KEY (site_id) REFERENCES sites(id) ON DELETE CASCADE;

ALTER TABLE ONLY recording_marks
    ADD CONSTRAINT recording_marks_recording_fkey FOREIGN KEY (recording) REFERENCES recordings(id) ON DELETE CASCADE;

ALTER TABLE ONLY recording_notes
    ADD CONSTRAINT recording_notes_recording_fkey FOREIGN KEY (recording) REFERENCES recordings(id) ON DELETE CASCADE;

ALTER TABLE ONLY recording_notes
    ADD CONSTRAINT recording_notes_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE SET NULL;

ALTER TABLE ONLY recording_searches
    ADD CONSTRAINT recording_searches_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id) ON DELETE SET NULL;

ALTER TABLE ONLY recording_searches
    ADD CONSTRAINT recording_searches_site_id_fkey FOREIGN KEY (site_id) REFERENCES sites(id) ON DELETE CASCADE;

ALTER TABLE ONLY report_shares
    ADD CONSTRAINT report_shares_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id) ON DELETE SET NULL;

ALTER TABLE ONLY report_shares
    ADD CONSTRAINT report_shares_site_id_fkey FOREIGN KEY (site_id) REFERENCES sites(id) ON DELETE CASCADE;

ALTER TABLE ONLY rules_version
    ADD CONSTRAINT rules_version_base_fkey FOREIGN KEY (base) REFERENCES rules_version(number);

ALTER TABLE ONLY saved_reports
    ADD CONSTRAINT saved_reports_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id) ON DELETE SET NULL;

ALTER TABLE ONLY saved_reports
    ADD CONSTRAINT saved_reports_site_id_fkey FOREIGN KEY (site_id) REFERENCES sites(id) ON DELETE CASCADE;

ALTER TABLE ONLY segments
    ADD CONSTRAINT segments_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id) ON DELETE SET NULL;

ALTER TABLE ONLY segments
    ADD CONSTRAINT segments_site_id_fkey FOREIGN KEY (site_id) REFERENCES sites(id) ON DELETE CASCADE;

ALTER TABLE ONLY shares
    ADD CONSTRAINT shares_board_id_fkey FOREIGN KEY (board_id) REFERENCES boards(id) ON DELETE CASCADE;

ALTER TABLE ONLY shares
    ADD CONSTRAINT shares_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id) ON DELETE CASCADE;

ALTER TABLE ONLY shares
    ADD CONSTRAINT shares_link_id_fkey FOREIGN KEY (link_id) REFERENCES links(id) ON DELETE CASCADE;

ALTER TABLE ONLY shares
    ADD CONSTRAINT shares_site_id_fkey FOREIGN KEY (site_id) REFERENCES sites(id) ON DELETE CASCADE;

ALTER TABLE ONLY sign_ins
    ADD CONSTRAINT sign_ins_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE;

ALTER TABLE ONLY sites
    ADD CONSTRAINT sites_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id) ON DELETE SET NULL;

ALTER TABLE ONLY sites
    ADD CONSTRAINT sites_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id);

ALTER TABLE ONLY source_map
    ADD CONSTRAINT source_map_site_fkey FOREIGN KEY (site) REFERENCES sites(id) ON DELETE CASCADE;

ALTER TABLE ONLY tracking
    ADD CONSTRAINT tracking_site_id_fkey FOREIGN KEY (site_id) REFERENCES sites(id) ON DELETE CASCADE;
