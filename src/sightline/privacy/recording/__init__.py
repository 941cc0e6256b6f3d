"""Masking of recordings: rrweb events in, the same events without what the rules version does not allow out."""
