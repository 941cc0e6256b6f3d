"""Recordings, without a database."""
