-- What is stored of a visit is looked for with every flush of Umami's recorder, with every sealing and every view.
CREATE INDEX signal_chunk_visit ON signal_chunk (site, visit);
