"""The root key: what wraps tenant keys. A local file, or AWS KMS (`kms.py`)."""

import asyncio
import base64
import hashlib
import os
import secrets
import stat
from pathlib import Path
from typing import Final, Protocol

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sightline.errors import SettingError
from sightline.keys.wrap import KEY_SIZE, KeyId, unwrap, wrap

FILE: Final = "root.key"
NEXT_FILE: Final = "root.next.key"
_TITLE: Final = "sightline-root-key-1"


class Root(Protocol):
    """Wraps and unwraps tenant keys. Raises `RootUnavailable`, `KeyDenied` or `KeyFailure`."""

    @property
    def name(self) -> str:
        """What the table of keys calls this root: `local:…` or `kms:…`."""

    async def wrap(self, key: bytes | bytearray, key_id: KeyId) -> bytes: ...

    async def unwrap(self, wrapped: bytes, key_id: KeyId) -> bytearray: ...

    def close(self) -> None:
        """Let go of what it holds open; the next use opens it again."""


class LocalRoot:
    """A root key in a file of mode 600. The file is one line: title, key and check, so that a typing error is seen."""

    __slots__ = ("_aead", "name")

    def __init__(self, key: bytes | bytearray) -> None:
        self._aead = AESGCM(bytes(key))
        self.name = f"local:{identity(key)}"

    def __repr__(self) -> str:
        return f"LocalRoot({self.name})"

    def __reduce__(self) -> str:
        raise TypeError("a root key is not pickled")

    def close(self) -> None:
        return

    async def wrap(self, key: bytes | bytearray, key_id: KeyId) -> bytes:
        return wrap(self._aead, key, key_id)

    async def unwrap(self, wrapped: bytes, key_id: KeyId) -> bytearray:
        return unwrap(self._aead, wrapped, key_id)


def identity(key: bytes | bytearray) -> str:
    """A name of a root key that gives nothing away."""
    return hashlib.sha256(b"sightline.rid.v1" + key).hexdigest()[:16]


def read_root(path: Path) -> LocalRoot:
    """Read a root key file; refuse one that others may read."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            line = file.read(4096)
    except OSError as exc:
        raise SettingError(
            f"the root key file {str(path)!r} cannot be read: {exc.strerror}",
            hint="Put it back from where you keep it; without it sealed data stays sealed.",
        ) from exc
    if not stat.S_ISREG(mode) or mode & 0o077:
        raise SettingError(
            f"the root key file {str(path)!r} has mode {stat.S_IMODE(mode):o}: others may read it",
            hint=f"Run: chmod 600 {path}",
        )
    return LocalRoot(_parse(line, path))


def create_root(path: Path) -> LocalRoot:
    """Make a root key file; when another process was faster, take its."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = secrets.token_bytes(KEY_SIZE)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(_line(key))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # unlike a rename it never replaces a key
        except FileExistsError:
            return read_root(path)
    finally:
        draft.unlink()
    sync_folder(path.parent)
    return LocalRoot(key)


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


async def local_roots(folder: Path) -> dict[str, LocalRoot]:
    """Every root key that lies in a folder, by name: older ones open what was wrapped under them."""
    paths = await asyncio.to_thread(lambda: sorted(folder.glob("*.key")))
    found = [await asyncio.to_thread(read_root, path) for path in paths]
    return {root.name: root for root in found}


def finish_rotation(folder: Path) -> None:
    """Make `root.next.key` the root key; the one before stays beside it under its own name, for older backups."""
    current, following = folder / FILE, folder / NEXT_FILE
    if not following.exists():
        return
    if current.exists():
        kept = folder / f"root.{read_root(current).name.removeprefix('local:')}.key"
        if not kept.exists():
            os.link(current, kept)
    following.replace(current)
    sync_folder(folder)


def _line(key: bytes) -> bytes:
    check = hashlib.sha256(key).hexdigest()[:8]
    return f"{_TITLE} {base64.urlsafe_b64encode(key).decode()} {check}\n".encode()


def _parse(line: bytes, path: Path) -> bytes:
    try:
        title, text, check = line.decode("ascii").split()
        key = base64.b64decode(text, altchars=b"-_", validate=True)
        if title == _TITLE and len(key) == KEY_SIZE and check == hashlib.sha256(key).hexdigest()[:8]:
            return key
    except ValueError:
        pass
    raise SettingError(
        f"the root key file {str(path)!r} is damaged", hint="Put it back from where you keep it."
    ) from None
