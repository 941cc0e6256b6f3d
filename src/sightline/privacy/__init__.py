"""One dictionary, and what masks by it: pure code, no I/O, state passed in and out."""
