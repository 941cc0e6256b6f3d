"""Moving in and out: imports from other products and files, and the raw export of everything."""
