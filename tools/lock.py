"""Pin every dependency by version and hash, without any registry's address: `make lock`.

Needs `uv` on the PATH or in the virtual environment; it is not needed to run or test Sightline.
"""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMMON = [
    "pip", "compile", "--universal", "--python-version", "3.11", "--generate-hashes",
    "--no-emit-index-url", "--no-header", "--quiet", *sys.argv[1:],
]  # fmt: skip
FILES = {
    "requirements/run.txt": ["--extra", "embedded", "--extra", "aws", "--extra", "places", "pyproject.toml"],
    "requirements/dev.txt": [
        "--extra", "embedded", "--extra", "aws", "--extra", "places", "--extra", "fast", "--group", "dev",
        "pyproject.toml", "--constraint", "requirements/run.txt",
    ],
    # Beside the others, so that `make check` and `make run` never load half a gigabyte.
    "requirements/spark.txt": ["requirements/spark.in"],
    # What builds the wheel of the image, as versions that the tests build it with.
    "requirements/build.txt": ["requirements/build.in", "--constraint", "requirements/dev.txt"],
    # The CDK, in an environment of its own: nothing of it runs in the service.
    "infra/requirements.txt": ["infra/requirements.in"],
    # An emulator of AWS, in an environment of its own: `make check-ministack`.
    "requirements/ministack.txt": ["requirements/ministack.in"],
    # Of the versions that run beside Sightline, so that one process can hold both.
    "requirements/bench.txt": ["requirements/bench.in", "--constraint", "requirements/dev.txt"],
}  # fmt: skip


def main() -> None:
    uv = shutil.which("uv") or str(ROOT / ".venv/bin/uv")
    for output, arguments in FILES.items():
        subprocess.run([uv, *COMMON, *arguments, "--output-file", output], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
