"""Recordings: sealed, found, kept, erased."""
