"""Shapes of personal data in running text."""
