"""The object store: a folder or S3 behind one interface."""
