"""The check of telephone numbers that needs every country's plan: here every number is taken for one."""


def possible(written: str) -> bool:  # noqa: ARG001 - the signature of the server's
    """A function carries no plan of the world's numbers: where a name says `phone`, a number is masked."""
    return True
