"""What every request passes through, one plain ASGI middleware per file."""
