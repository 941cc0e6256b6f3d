"""What is personal in a line of a log, as the dictionary says: the server's masker, on the standard library."""
