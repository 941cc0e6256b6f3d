-- name: users
-- What is stored of the next subjects.
SELECT id, email, phone, address_encrypted, date_of_birth_encrypted, ip_address_encrypted, ssn_encrypted,
       bank_account_encrypted, credit_card_encrypted, email_index, phone_index, ssn_index, bank_account_index,
       credit_card_index
FROM users WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3

-- name: fields
-- What is stored of their further fields.
SELECT user_id, field, field_name, blob, index FROM user_fields
WHERE tenant_id = $1 AND user_id > $2 AND user_id <= $3 ORDER BY user_id, field

-- name: exchange
-- Values of some columns, where nobody changed them meanwhile; the columns are filled in, from a closed list.
UPDATE users AS u SET {changed}
FROM unnest($1::uuid[], {arrays}) AS c (id, {names}) WHERE u.id = c.id AND ({unchanged})

-- name: exchange_field
-- The same of further fields.
UPDATE user_fields AS f SET {column} = c.new
FROM unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::integer[]) AS c (id, was, new, field)
WHERE f.user_id = c.id AND f.field = c.field AND f.{column} = c.was
