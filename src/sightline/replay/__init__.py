"""Recordings: chunks, sealing, search, findings, conversion to rrweb."""
