"""The stacks and the beacon on MiniStack, an emulator that runs templates and functions: `make check-ministack`."""
