-- By which channel a visitor came last in the visit that they have open; empty where that was directly.
ALTER TABLE open_visit ADD COLUMN channel text NOT NULL DEFAULT '';
