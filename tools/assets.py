"""Build what the browser gets, when it is missing or stale: `python -m tools.assets`.

A bundle is stale when the digest of its sources and lock file differs from the one recorded at its last build, so a
checkout, a copy or a clock cannot fool it. A build goes to a folder beside the old one and replaces it in one rename.
"""

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "src/sightline/server/static"
NODE = (20, 19)
# What lies in a bundle's folder and does not go into its build.
IGNORED = {"node_modules", "mock", "dist", ".svelte-kit", "README.md"}
SKIPPING = "Sightline's API and collectors work without it: start them with `sightline up`."


@dataclass(frozen=True)
class Bundle:
    """A folder with a package.json, built by `vite build` into a folder of the package.

    `needs` names a bundle whose npm package this one installs: it is packed first, and a change of it is one of this.
    `besides` lies at the top of the folder and goes into no build.
    """

    name: str
    source: Path
    output: Path
    needs: str = ""
    besides: frozenset[str] = frozenset()

    @property
    def record(self) -> Path:
        return self.output.with_name(f"{self.name}.sha256")

    @property
    def installed(self) -> Path:
        return self.source / "node_modules" / ".sightline-lock"


BUNDLES = (
    Bundle("dashboard", ROOT / "dashboard", STATIC / "dashboard"),
    Bundle("browser", ROOT / "browser", STATIC / "browser"),
    # An example, and no part of the package: it is built where `npm run build` would build it.
    Bundle(
        "shop",
        ROOT / "examples/shop",
        ROOT / "examples/shop/dist",
        needs="browser",
        besides=frozenset({"api", "rules.toml", "shop.sha256"}),
    ),
)


class BuildError(Exception):
    """A bundle could not be built."""


def sources(bundle: Bundle) -> Iterator[Path]:
    """Yield the files that a build depends on, in an order that every machine agrees on."""
    for path in sorted(bundle.source.rglob("*"), key=lambda path: path.relative_to(bundle.source).as_posix()):
        parts = path.relative_to(bundle.source).parts
        if path.is_file() and IGNORED.isdisjoint(parts) and parts[0] not in bundle.besides:
            yield path


def digest(bundle: Bundle) -> str:
    total = hashlib.sha256()
    for path in sources(bundle):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{path.relative_to(bundle.source).as_posix()} {content}\n".encode())
    if bundle.needs:
        total.update(digest(_named(bundle.needs)).encode())
    return total.hexdigest()


def _named(name: str) -> Bundle:
    return next(bundle for bundle in BUNDLES if bundle.name == name)


def is_current(bundle: Bundle) -> bool:
    return (
        bundle.output.is_dir()
        and bundle.record.is_file()
        and bundle.record.read_text("utf-8").strip() == digest(bundle)
    )


def install(bundle: Bundle) -> str:
    """Install the locked packages if they are missing or the lock changed; return npm's path."""
    npm = find_npm()
    lock = hashlib.sha256((bundle.source / "package-lock.json").read_bytes()).hexdigest()
    if bundle.needs:
        lock += digest(_named(bundle.needs))
    if not bundle.installed.is_file() or bundle.installed.read_text("utf-8") != lock:
        if bundle.needs:
            needed = _named(bundle.needs)
            _step(needed, "packing its module", [install(needed), "run", "build"])
        _step(bundle, "installing its locked npm packages", [npm, "ci", "--no-audit", "--no-fund"])
        bundle.installed.write_text(lock, "utf-8")
    return npm


def build(bundle: Bundle) -> None:
    """Build from the locked packages, and swap the result in."""
    npm = install(bundle)
    expected = digest(bundle)
    bundle.output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=bundle.output.parent, prefix=f".{bundle.name}-") as scratch:
        fresh, old = Path(scratch, "new"), Path(scratch, "old")
        _step(bundle, "building", [npm, "run", "build", "--", "--outDir", str(fresh), "--emptyOutDir"])
        bundle.record.unlink(missing_ok=True)
        if bundle.output.exists():
            bundle.output.rename(old)
        fresh.rename(bundle.output)
    bundle.record.write_text(f"{expected}\n", "utf-8")


def find_npm() -> str:
    """Return npm's path, or say what to install."""
    node, npm = shutil.which("node"), shutil.which("npm")
    wanted = ".".join(map(str, NODE))
    install = f"Install Node.js {wanted} or later with npm (on Debian 13: apt-get install nodejs npm). {SKIPPING}"
    if node is None or npm is None:
        raise BuildError(
            f"the dashboard is built with Node.js, and there is no `{'node' if not node else 'npm'}` here. {install}"
        )
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    found = re.match(r"v(\d+)\.(\d+)", said)
    if found is None or (int(found[1]), int(found[2])) < NODE:
        raise BuildError(f"the dashboard needs Node.js {wanted} or later, and {node} says {said!r}. {install}")
    return npm


def _step(bundle: Bundle, what: str, command: list[str]) -> None:
    print(f"==> {bundle.name}: {what}", end="", flush=True)
    started = time.monotonic()
    done = subprocess.run(command, cwd=bundle.source, capture_output=True, text=True, check=False)
    print(f" ({time.monotonic() - started:.0f} s)", flush=True)
    if done.returncode:
        said = "\n".join(f"    {line}" for line in (done.stdout + done.stderr).strip().splitlines()[-25:])
        raise BuildError(f"{bundle.name}: {what} failed; `{' '.join(command[:3])}` said:\n{said}\n{SKIPPING}")


def main() -> None:
    try:
        for bundle in BUNDLES:
            if bundle.source.is_dir() and not is_current(bundle):
                build(bundle)
    except BuildError as error:
        sys.exit(f"tools.assets: {error}")


if __name__ == "__main__":
    main()
