"""OpenReplay's tracker as it comes from npm, in Chromium."""
