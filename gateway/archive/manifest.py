"""The signed list of what a ZIP holds: written last, checked by anybody.

`manifest.json` names every file with its SHA-256, size and role; `manifest.sig` is the Ed25519
signature over its bytes, `public-key.pem` the key. With OpenSSL and sha256sum it is checked without
this program (docs/reference/evidence.md).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gateway.archive.signing import SigningKey
from gateway.archive.zipped import INLINE_BYTES, Entry, entry

FORMAT = "budkavle-manifest/1"
MANIFEST, SIGNATURE, PUBLIC_KEY = "manifest.json", "manifest.sig", "public-key.pem"
SIGNING = (MANIFEST, SIGNATURE, PUBLIC_KEY)


@dataclass(frozen=True, slots=True)
class Item:
    """A file to be listed: what it is (`role`), and what else the manifest shall say of it."""

    entry: Entry
    role: str
    facts: Mapping[str, Any]


class _Hashed:
    """The pieces of a file on their way, hashed and counted."""

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self._pieces = pieces
        self._digest = hashlib.sha256()
        self._size = 0

    async def pieces(self) -> AsyncIterator[bytes]:
        async for piece in self._pieces:
            if len(piece) <= INLINE_BYTES:
                self._digest.update(piece)
            else:
                await asyncio.to_thread(self._digest.update, piece)
            self._size += len(piece)
            yield piece

    def line(self, item: Item) -> dict[str, Any]:
        """The manifest's line on the file, once all of it has passed."""
        return {
            "path": item.entry.path,
            "sha256": self._digest.hexdigest(),
            "size_bytes": self._size,
            "role": item.role,
            **item.facts,
        }


async def signed(
    items: AsyncIterator[Item], about: Mapping[str, Any], key: SigningKey
) -> AsyncIterator[Entry]:
    """The files, and after them the manifest that lists them, its signature and the key.

    The list is held in memory: about 300 bytes for each file.
    """
    files = []
    async for item in items:
        hashed = _Hashed(item.entry.pieces)
        yield replace(item.entry, pieces=hashed.pieces())
        files.append(hashed.line(item))  # whoever asks for the next one has taken this one
    manifest = {"format": FORMAT, **about, "key_id": key.public.id, "files": files}
    content = json.dumps(manifest, ensure_ascii=False, indent=1).encode() + b"\n"
    yield entry(MANIFEST, content)
    yield entry(SIGNATURE, key.sign(content))
    yield entry(PUBLIC_KEY, key.public.pem)
