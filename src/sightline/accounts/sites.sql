-- name: list
-- Living sites of these, perhaps of one team, in the order in which they came.
SELECT
    id, uuid, tenant_id, name, domains, time_zone, public_key, analytics_days, vitals_days, recordings_days, logs_days,
    errors_days, consent_mode, consent_asked, honour_signals, salt_period, privacy_answered_at, created_by,
    created_at, reset_at
FROM sites
WHERE id = ANY ($1) AND deleted_at IS NULL
  AND ($2::bigint IS NULL OR tenant_id = $2)
  AND ($3::bigint IS NULL OR id > $3)
ORDER BY id
LIMIT $4

-- name: show
-- One living site.
SELECT
    id, uuid, tenant_id, name, domains, time_zone, public_key, analytics_days, vitals_days, recordings_days, logs_days,
    errors_days, consent_mode, consent_asked, honour_signals, salt_period, privacy_answered_at, created_by,
    created_at, reset_at
FROM sites
WHERE id = $1 AND deleted_at IS NULL

-- name: hold
-- The same, held until the change is made.
SELECT
    id, uuid, tenant_id, name, domains, time_zone, public_key, analytics_days, vitals_days, recordings_days, logs_days,
    errors_days, consent_mode, consent_asked, honour_signals, salt_period, privacy_answered_at, created_by,
    created_at, reset_at
FROM sites
WHERE id = $1 AND deleted_at IS NULL
FOR UPDATE

-- name: hold_team
-- A living team, held.
SELECT id FROM tenants WHERE id = $1 AND deleted_at IS NULL FOR SHARE

-- name: name_of_user
-- What a team of one is called.
SELECT name FROM users WHERE id = $1

-- name: insert
-- A new site; no row where its UUID is taken.
INSERT INTO sites (
    uuid, tenant_id, name, domains, time_zone, public_key, analytics_days, vitals_days, recordings_days, logs_days,
    errors_days, created_by, created_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (uuid) DO NOTHING
RETURNING id

-- name: change
-- Name, domains, zone.
UPDATE sites SET name = $2, domains = $3, time_zone = $4 WHERE id = $1

-- name: retain
-- Days per kind.
UPDATE sites
SET analytics_days = $2, vitals_days = $3, recordings_days = $4, logs_days = $5, errors_days = $6
WHERE id = $1

-- name: protect
-- What may be collected, and for how long a visitor is recognised.
UPDATE sites
SET consent_mode = $2, consent_asked = $3, honour_signals = $4, salt_period = $5,
    privacy_answered_at = coalesce(privacy_answered_at, $6)
WHERE id = $1

-- name: ask_later
-- Nobody has said yet what may be collected: nothing is recorded until then.
UPDATE sites SET consent_mode = 'analytics', privacy_answered_at = NULL WHERE id = $1

-- name: privacy
-- The same, to be obeyed.
SELECT consent_mode, consent_asked, honour_signals, salt_period FROM sites WHERE id = $1 AND deleted_at IS NULL

-- name: remove
-- Gone for everybody; erasing follows.
UPDATE sites SET deleted_at = $2 WHERE id = $1 AND deleted_at IS NULL

-- name: reset
-- Empty from now on.
UPDATE sites SET reset_at = $2 WHERE id = $1 AND deleted_at IS NULL

-- name: kept
-- How long each site keeps its data, also one whose data are still being erased.
SELECT id, analytics_days, vitals_days, recordings_days, logs_days, errors_days FROM sites

-- name: labels
-- What people see as the address of these sites.
SELECT id, settings ->> 'label' AS label FROM sites WHERE id = ANY ($1::bigint[]) AND settings ->> 'label' <> ''

-- name: label
-- The same, written.
UPDATE sites SET settings = settings || jsonb_build_object('label', $2::text) WHERE id = $1

-- name: transfer
-- Another team's from now on.
UPDATE sites SET tenant_id = $2 WHERE id = $1

-- name: team_of_one
-- The team in which a user is alone by definition.
SELECT tenants.id FROM tenants JOIN members ON members.tenant_id = tenants.id
WHERE members.user_id = $1 AND tenants.personal AND tenants.deleted_at IS NULL
ORDER BY tenants.id LIMIT 1
