"""The example shop, its site, and the visits that are made up for it."""
