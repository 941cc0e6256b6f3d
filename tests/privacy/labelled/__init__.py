"""Labelled texts: where personal data stands in them, and texts that hold none."""
