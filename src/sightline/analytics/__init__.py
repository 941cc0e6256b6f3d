"""Reports over events."""
