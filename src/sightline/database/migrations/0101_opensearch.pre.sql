-- How far the lines of the ledger were written to OpenSearch; no row: nobody has begun.
CREATE TABLE opensearch_state (
    only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    pos        bigint NOT NULL,
    generation bigint NOT NULL
);
