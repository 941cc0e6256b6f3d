"""Errors, their issues and source maps, vitals."""
