"""The npm packages that browser tests load, installed on demand and kept until their lock file changes."""

import fcntl
import hashlib
import shutil
import subprocess
from pathlib import Path

FOLDER = Path(__file__).parent / "browser-fixtures"


def browser_package(name: str) -> Path:
    """Return the folder of an installed package; several test processes may ask at once."""
    lock = (FOLDER / "package-lock.json").read_bytes()
    stamp = FOLDER / "node_modules" / ".sightline-lock"
    wanted = hashlib.sha256(lock).hexdigest()
    with (FOLDER / "package.json").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            npm = shutil.which("npm")
            if npm is None:
                raise RuntimeError("npm is needed to install the recorder for the browser tests: apt-get install npm")
            run = subprocess.run(
                [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                cwd=FOLDER,
                capture_output=True,
                text=True,
                check=False,
            )
            if run.returncode:
                raise RuntimeError(f"npm ci failed in {FOLDER.name}: {run.stderr[-2000:]}")
            stamp.write_text(wanted)
    return FOLDER / "node_modules" / name
