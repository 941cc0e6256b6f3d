-- A page's chunks are looked for by another process that goes on with its recording.
CREATE INDEX signal_chunk_found ON signal_chunk (site, document, seq);
