"""The reports, one file per question that a person asks."""
