-- The latest results of `sightline aws` about cost, tags and the requirements: one of each kind, as they were sent.
CREATE TABLE cloud_reports (
    kind     text PRIMARY KEY CHECK (kind IN ('estimate', 'spending', 'tags', 'verification')),
    taken_at timestamptz NOT NULL,
    document jsonb NOT NULL
);
