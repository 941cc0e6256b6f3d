"""The Lambda library, as pure code."""
