"""What recognises personal data by its shape: named checks, shape gates, the scanner, accelerators."""
