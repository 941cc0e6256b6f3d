"""One decoder per protocol: bytes in, signals out, no I/O."""
