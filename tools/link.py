"""Make the clone's own code importable, and its command runnable, in the virtual environment that runs this.

An editable install would need a build backend at this point; a path file and a two-line script do not.
"""

import stat
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    site = Path(sysconfig.get_path("purelib"))
    (site / "sightline-clone.pth").write_text(f"{ROOT / 'src'}\n", "utf-8")
    command = Path(sysconfig.get_path("scripts")) / "sightline"
    command.write_text(f"#!{sys.executable}\nfrom sightline.cli import main\n\nmain()\n", "utf-8")
    command.chmod(command.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


if __name__ == "__main__":
    main()
