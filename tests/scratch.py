"""Where tests write: into memory where there is enough of it, since a whole run writes ten gigabytes.

What survives `kill -9` is the same there: the kernel keeps what a process has written. What a power cut would lose no
test of ours could tell on a disk either.
"""

import os
import shutil
import tempfile
from pathlib import Path

import psutil

_MEMORY = Path("/dev/shm")
_ENOUGH = 6 << 30


def use_memory() -> None:
    """Make the folder in memory the place of temporary files, for this process and those that it starts."""
    if "TMPDIR" in os.environ or not _MEMORY.is_dir() or not os.access(_MEMORY, os.W_OK):
        return
    if min(shutil.disk_usage(_MEMORY).free, psutil.virtual_memory().available) >= _ENOUGH:
        os.environ["TMPDIR"] = str(_MEMORY)
        tempfile.tempdir = None  # looked up anew
