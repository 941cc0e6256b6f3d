-- When somebody said what a site may collect. A site that was made in the first run of the dashboard waits for that,
-- and records nothing meanwhile; all others count as answered.
ALTER TABLE sites ADD COLUMN privacy_answered_at timestamptz DEFAULT now();
UPDATE sites SET privacy_answered_at = created_at;
