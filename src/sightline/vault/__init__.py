"""Personal data that must be kept: subjects, tiers, audit, rotation, requests."""
