"""Web Vitals, errors, logs and Lambda functions."""
