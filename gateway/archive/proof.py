"""Checks a ZIP with a signed manifest, and says in plain words what holds and what does not.

The file may come from anybody: it is read in pieces, never unpacked to disk, and no more of an
entry is read than the manifest says it has.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.archive.manifest import FORMAT, MANIFEST, PUBLIC_KEY, SIGNATURE, SIGNING
from gateway.archive.signing import NotAKey, PublicKey

# An export of 500 MB lists some ten thousand files, at 300 bytes each.
MOST_MANIFEST_BYTES = 64 * 1024 * 1024
_PIECE = 1024 * 1024
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that was looked at; `holds` None: nobody can tell from the file alone."""

    holds: bool | None
    text: str


def examine(path: Path, known: PublicKey | None = None) -> Iterator[Said]:
    """What can be said of the file. `known`: the gateway's key, got in another way."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield from _examine(archive, known)
    except _DAMAGED as error:
        yield Said(False, f"The file is not a whole ZIP: {error}")


def _examine(archive: zipfile.ZipFile, known: PublicKey | None) -> Iterator[Said]:
    names = archive.namelist()
    missing = [name for name in SIGNING if names.count(name) != 1]
    if missing:
        yield Said(False, f"It has no {', no '.join(missing)}: it was not made by a gateway.")
        return
    content = _read(archive, MANIFEST, MOST_MANIFEST_BYTES)
    try:
        key = PublicKey.from_pem(_read(archive, PUBLIC_KEY, 4096))
    except NotAKey as error:
        yield Said(False, f"{PUBLIC_KEY}: {error}.")
        return
    yield _signature(content, _read(archive, SIGNATURE, 64), key)
    yield _whose(key, known)
    try:
        manifest = json.loads(content)
        files = {str(file["path"]): file for file in manifest["files"]}
        right = manifest["format"] == FORMAT and len(files) == len(manifest["files"])
    except (ValueError, TypeError, KeyError, RecursionError):
        right = False
    if not right:
        yield Said(False, f"{MANIFEST} is not a manifest of the form {FORMAT}.")
        return
    yield from _files(archive, files)


def _signature(content: bytes, signature: bytes, key: PublicKey) -> Said:
    if key.signed(content, signature):
        return Said(True, f"The list of files was signed with the key {key.id}.")
    return Said(False, f"The list of files was changed: the signature of {key.id} is not over it.")


def _whose(key: PublicKey, known: PublicKey | None) -> Said:
    if known is None:
        return Said(
            None,
            "Whose key that is, the file can not prove: compare it with what the gateway's operator"
            " gives you (`budkavle evidence key`), or give it with --key.",
        )
    if known == key:
        return Said(True, "That is the key you gave.")
    return Said(False, f"That is not the key you gave, which is {known.id}.")


def _files(archive: zipfile.ZipFile, files: dict[str, Any]) -> Iterator[Said]:
    names = archive.namelist()
    good = 0
    for path, file in files.items():
        if names.count(path) != 1:
            yield Said(False, f"{path}: it was signed and is missing.")
        elif _is(archive, path, file):
            good += 1
        else:
            yield Said(False, f"{path}: it is not the file that was signed.")
    for name in sorted(set(names) - set(files) - set(SIGNING)):
        yield Said(False, f"{name}: it is in the ZIP and was not signed.")
    whole = good == len(files)
    yield Said(whole, f"{good} of {len(files)} files are, to the byte, those that were signed.")


def _is(archive: zipfile.ZipFile, path: str, file: Any) -> bool:
    """Whether the entry is what the manifest says; reads no more than one byte too many."""
    size, digest = file.get("size_bytes"), hashlib.sha256()
    if not isinstance(size, int) or archive.getinfo(path).file_size != size:
        return False
    left = size + 1
    try:
        with archive.open(path) as entry:
            while left > 0 and (piece := entry.read(min(_PIECE, left))):
                digest.update(piece)
                left -= len(piece)
    except _DAMAGED:
        return False
    return left == 1 and digest.hexdigest() == file.get("sha256")


def _read(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    with archive.open(name) as entry:
        content = entry.read(most + 1)
    if len(content) > most:
        raise zipfile.BadZipFile(f"{name} is larger than {most} bytes")
    return content
