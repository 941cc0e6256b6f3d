"""What is received: kinds, journal, ledger, extents, warehouse, retention, erasure."""
