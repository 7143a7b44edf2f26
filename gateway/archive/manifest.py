"""The signed list of what a ZIP holds: written last, checked by anybody.

`manifest.json` names every file with its SHA-256, size and role; `manifest.sig` is the Ed25519
signature over its bytes, `public-key.pem` the key. With OpenSSL and sha256sum it is checked without
this program (docs/reference/evidence.md).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.archive.signing import SigningKey
from gateway.archive.zipped import Entry

FORMAT = "budkavle-manifest/1"
MANIFEST, SIGNATURE, PUBLIC_KEY = "manifest.json", "manifest.sig", "public-key.pem"
SIGNING = (MANIFEST, SIGNATURE, PUBLIC_KEY)


@dataclass(frozen=True, slots=True)
class Item:
    """A file to be listed: what it is (`role`), and what else the manifest shall say of it."""

    entry: Entry
    role: str
    facts: Mapping[str, Any]


def listed(item: Item) -> dict[str, Any]:
    """The manifest's line on a file."""
    content = item.entry.content
    return {
        "path": item.entry.path,
        "sha256": hashlib.sha256(content).hexdigest(),
        "size_bytes": len(content),
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
        files.append(listed(item))
        yield item.entry
    manifest = {"format": FORMAT, **about, "key_id": key.public.id, "files": files}
    content = json.dumps(manifest, ensure_ascii=False, indent=1).encode() + b"\n"
    yield Entry(MANIFEST, content)
    yield Entry(SIGNATURE, key.sign(content))
    yield Entry(PUBLIC_KEY, key.public.pem)
