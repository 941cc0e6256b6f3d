"""OpenReplay's tracker, as it comes from npm: what it sends, read and turned into our signals and into rrweb events."""
