-- Whether a page was left with a chunk: then its recording is sealed soon, and not after half an hour.
ALTER TABLE signal_chunk ADD COLUMN closed boolean NOT NULL DEFAULT false;
