"""Functions on Lambda: the libraries, the beacon, packages, and what they are held to in common."""
