"""Sightline: analytics, session replay, Web Vitals, errors and a vault, in one process on PostgreSQL."""

__version__ = "0.1.0"
