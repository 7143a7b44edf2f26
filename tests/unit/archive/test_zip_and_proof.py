"""Signed ZIPs: the same every time, and nothing in them can be changed unseen."""

from __future__ import annotations

import subprocess
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.archive.bundle import FOLDERS
from gateway.archive.manifest import Item, signed
from gateway.archive.proof import Said, examine
from gateway.archive.signing import NotAKey, PublicKey, SigningKey
from gateway.archive.zipped import entry, zipped
from gateway.store.port import Role

KEY = SigningKey(bytes(range(32)))
FILES = {"README.txt": b"read me", "1-received/a.xml": b"<a/>" * 40_000, "empty": b""}


async def made(files: dict[str, bytes] = FILES, key: SigningKey = KEY) -> bytes:
    async def items() -> AsyncIterator[Item]:
        for path, content in files.items():
            yield Item(entry(path, content), "original", {})

    return b"".join([piece async for piece in zipped(signed(items(), {"what": "test"}, key))])


def said(path: Path, known: PublicKey | None = None) -> tuple[bool, str]:
    """Whether anything does not hold, and all that was said."""
    lines = list(examine(path, known))
    return all(line.holds is not False for line in lines), "\n".join(line.text for line in lines)


async def test_the_same_files_give_the_same_bytes() -> None:
    assert await made() == await made()


async def test_a_whole_one_holds(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(await made())
    lines = list(examine(path, KEY.public))
    assert [line.holds for line in lines] == [True, True, True], lines
    assert "3 of 3 files" in lines[-1].text
    assert Said(None, lines[1].text) != lines[1]
    assert [line.holds for line in examine(path)] == [True, None, True]


async def test_unzip_and_openssl_say_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(await made())
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path)
    words = "openssl pkeyutl -verify -pubin -inkey public-key.pem -rawin -in manifest.json -sigfile"
    done = subprocess.run(
        [*words.split(), "manifest.sig"], cwd=tmp_path, capture_output=True, text=True
    )
    assert "Signature Verified Successfully" in done.stdout, done


def altered(content: bytes, path: Path, **changed: bytes | None) -> None:
    """Writes the ZIP anew with other files in it; None takes one out."""
    origin = path.with_suffix(".origin")
    origin.write_bytes(content)
    with zipfile.ZipFile(origin) as old, zipfile.ZipFile(path, "w") as new:
        files = {name: old.read(name) for name in old.namelist()} | {
            name.replace("__", "/"): bytes_ for name, bytes_ in changed.items()
        }
        for name, bytes_ in files.items():
            if bytes_ is not None:
                new.writestr(name, bytes_)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"1-received__a.xml": b"<b/>" * 40_000}, "1-received/a.xml: it is not the file"),
        ({"1-received__a.xml": b"<a/>"}, "1-received/a.xml: it is not the file"),
        ({"empty": None}, "empty: it was signed and is missing"),
        ({"extra": b"x"}, "extra: it is in the ZIP and was not signed"),
        ({"manifest.json": b"{}"}, "was changed"),
        ({"manifest.sig": None}, "has no manifest.sig"),
        ({"manifest.sig": b"x" * 65}, "not a whole ZIP"),
        ({"public-key.pem": b"x"}, "no public key"),
        ({"public-key.pem": SigningKey(b"y" * 32).public.pem}, "was changed"),
    ],
)
async def test_every_change_is_told(
    tmp_path: Path, changed: dict[str, bytes | None], told: str
) -> None:
    path = tmp_path / "a.zip"
    altered(await made(), path, **changed)
    holds, text = said(path)
    assert not holds
    assert told in text


async def test_another_key_is_told_when_ours_is_known(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(await made(key=SigningKey(b"y" * 32)))
    holds, text = said(path, KEY.public)
    assert not holds and "not the key you gave" in text


async def test_half_a_file_and_no_zip_at_all_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    content = await made()
    for bytes_ in (content[: len(content) // 2], b"", b"PK\x05\x06" + bytes(18), b"hello"):
        path.write_bytes(bytes_)
        assert not said(path)[0]


async def test_an_entry_that_inflates_to_more_than_was_signed_is_not_read_to_its_end(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.zip"
    origin = await made({"a": b"0" * 100})
    altered(origin, path, a=b"0" * 1000)
    content = bytearray(path.read_bytes())
    place = content.rindex(b"PK\x01\x02", 0, content.rindex(b"PK\x01\x02"))
    for n in range(content.count(b"PK\x01\x02")):  # every entry pretends to its signed size
        place = content.find(b"PK\x01\x02", 0 if n == 0 else place + 1)
        if content[place + 46 : place + 47] == b"a":
            content[place + 24 : place + 28] = (100).to_bytes(4, "little")
    path.write_bytes(content)
    assert not said(path)[0]


def test_a_key_of_another_kind_is_refused() -> None:
    with pytest.raises(NotAKey):
        PublicKey.from_pem(b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")
    assert PublicKey.from_pem(KEY.public.pem) == KEY.public


def test_every_kind_of_part_has_its_folder() -> None:
    assert set(FOLDERS) == set(Role)
