-- name: add_request
-- A person asks for something.
INSERT INTO requests (tenant_id, pseudonym, kind, jurisdiction, manner, received_at, due_at)
VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id

-- name: open_request
-- The same that is not answered yet.
SELECT id FROM requests WHERE pseudonym = $1 AND kind = $2 AND answered_at IS NULL

-- name: answer
-- It is answered, or denied and why.
UPDATE requests SET answered_at = $2, outcome = $3, basis = $4 WHERE id = $1 AND answered_at IS NULL

-- name: extend
-- It takes longer, once.
UPDATE requests SET due_at = $2, extended_at = $3 WHERE id = $1 AND answered_at IS NULL AND extended_at IS NULL

-- name: request
-- One of them.
SELECT r.id, r.kind, r.jurisdiction, r.pseudonym, u.id AS subject, r.manner, r.received_at, r.due_at, r.extended_at,
       r.answered_at, r.outcome, r.basis
FROM requests AS r LEFT JOIN users AS u ON u.pseudonym = r.pseudonym WHERE r.id = $1

-- name: requests
-- What was asked for: what is open first, by when it is due; of whom, while they are there.
SELECT r.id, r.kind, r.jurisdiction, r.pseudonym, u.id AS subject, r.manner, r.received_at, r.due_at, r.extended_at,
       r.answered_at, r.outcome, r.basis
FROM requests AS r LEFT JOIN users AS u ON u.pseudonym = r.pseudonym
WHERE NOT $1::boolean OR r.answered_at IS NULL
ORDER BY r.answered_at IS NOT NULL, CASE WHEN r.answered_at IS NULL THEN r.due_at END, r.answered_at DESC, r.id DESC
LIMIT 1000

-- name: receipts
-- Who was erased, the latest first.
SELECT user_id, erased_at, receipt FROM erasures
WHERE $1::uuid IS NULL OR (erased_at, user_id) < (SELECT erased_at, user_id FROM erasures WHERE user_id = $1)
ORDER BY erased_at DESC, user_id DESC LIMIT $2

-- name: note_erasure
-- A subject is erased, and what the receipt says.
INSERT INTO erasures (user_id, tenant_id, erased_at, receipt) VALUES ($1, $2, $3, $4)

-- name: receipt
-- The receipt of a subject who was erased.
SELECT receipt FROM erasures WHERE user_id = $1

-- name: sites_of_tenant
-- Where the signals of a tenant's persons are.
SELECT id FROM sites WHERE tenant_id = $1

-- name: erased
-- Everybody who was erased.
SELECT user_id FROM erasures

-- name: tenants
-- Every tenant.
SELECT id FROM tenants ORDER BY id
