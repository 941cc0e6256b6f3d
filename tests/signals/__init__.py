"""Signals on a real PostgreSQL and a real DuckDB."""
