-- How a request came in, why it was refused, and whether its time was extended (11 CCR 7101, GDPR article 12(3)); and
-- how long a rotation that a job carries out rests between batches.
ALTER TABLE requests
    ADD COLUMN manner text COLLATE "C" NOT NULL DEFAULT 'unknown' CHECK (manner ~ '^[a-z]{1,20}$'),
    ADD COLUMN basis text COLLATE "C" CHECK (basis ~ '^[a-z_]{1,40}$'),
    ADD COLUMN extended_at timestamptz;
ALTER TABLE key_rotation_log ADD COLUMN pause_ms integer NOT NULL DEFAULT 0 CHECK (pause_ms BETWEEN 0 AND 60000);
UPDATE system_config SET value = '97', updated_at = now() WHERE key = 'schema';
