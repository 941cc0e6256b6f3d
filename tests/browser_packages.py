"""The npm packages that tests load, installed on demand and kept until their lock file changes."""

import fcntl
import hashlib
import shutil
import subprocess
from pathlib import Path

FOLDER = Path(__file__).parent / "browser-fixtures"


def browser_package(name: str, folder: Path = FOLDER) -> Path:
    """Return the folder of an installed package; several test processes may ask at once."""
    lock = (folder / "package-lock.json").read_bytes()
    stamp = folder / "node_modules" / ".sightline-lock"
    wanted = hashlib.sha256(lock).hexdigest()
    with (folder / "package.json").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            npm = shutil.which("npm")
            if npm is None:
                raise RuntimeError("npm is needed to install what tests load: apt-get install npm")
            run = subprocess.run(
                [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                cwd=folder,
                capture_output=True,
                text=True,
                check=False,
            )
            if run.returncode:
                raise RuntimeError(f"npm ci failed in {folder.name}: {run.stderr[-2000:]}")
            stamp.write_text(wanted)
    return folder / "node_modules" / name
