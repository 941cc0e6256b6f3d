"""The pure parts of signals."""
