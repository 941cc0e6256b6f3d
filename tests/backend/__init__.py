"""What a backend writes: from the bytes that CloudWatch delivers to what somebody searches for."""
