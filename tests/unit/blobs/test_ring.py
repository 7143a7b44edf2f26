"""The key ring file, and what it wraps."""

from __future__ import annotations

import base64
import stat
from pathlib import Path

import pytest

from gateway.blobs.ring import BadRing, Ring, UnknownMaster, add_master
from gateway.blobs.seal import Secret, Tampered

A, B = (base64.b64encode(letter * 32).decode() for letter in (b"a", b"b"))


def ring(tmp_path: Path, text: str) -> Ring:
    path = tmp_path / "ring"
    path.write_text(text)
    return Ring.read(path)


def test_the_first_key_is_the_current_one(tmp_path: Path) -> None:
    read = ring(tmp_path, f"# ours\n\n 2026-11 {A} \n2025 {B}\n")
    assert read.current == "2026-11"
    assert [secret.raw for secret in read.masters.values()] == [b"a" * 32, b"b" * 32]
    assert A not in repr(read) and "aaaa" not in repr(read)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no key"),
        ("# nothing\n", "no key"),
        (f"x {A}\ny\n", "line 2: expected a name"),
        (f"x {A} {B}\n", "line 1: expected a name"),
        (f"../x {A}\n", "line 1: expected a name"),
        (f"x {A}\nx {B}\n", "line 2: the name x stands there twice"),
        (f"x {A[:-4]}\n", "line 1: the key x is not 32 bytes"),
        (f"x {A[:-1]}!\n", "line 1: the key x is not 32 bytes"),
        ("x \udcff\n", "line 1: the key x is not 32 bytes"),
    ],
)
def test_what_is_wrong_is_told_without_the_key(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "ring"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(BadRing, match=says) as refused:
        Ring.read(path)
    assert A[:20] not in str(refused.value)


def test_a_wrapped_key_is_bound_to_its_company_and_master(tmp_path: Path) -> None:
    both = ring(tmp_path, f"new {A}\nold {B}\n")
    key = Secret.random()
    name, wrapped = both.wrap(key, "com_a")
    assert name == "new"
    assert key.raw not in wrapped
    assert both.unwrap(name, wrapped, "com_a").raw == key.raw
    for master, company in (("new", "com_b"), ("old", "com_a")):
        with pytest.raises(Tampered):
            both.unwrap(master, wrapped, company)
    for broken in (b"", wrapped[:-1], wrapped[:11]):
        with pytest.raises(Tampered):
            both.unwrap("new", broken, "com_a")
    with pytest.raises(UnknownMaster, match="2024"):
        both.unwrap("2024", wrapped, "com_a")


def test_a_new_master_goes_first_and_the_file_is_for_us_alone(tmp_path: Path) -> None:
    path = tmp_path / "ring"
    add_master(path, "one")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    first = Ring.read(path).masters["one"].raw
    add_master(path, "two")
    read = Ring.read(path)
    assert list(read.masters) == ["two", "one"]
    assert read.masters["one"].raw == first
    with pytest.raises(BadRing, match="already"):
        add_master(path, "one")
    with pytest.raises(BadRing, match="is no name"):
        add_master(path, "a b")
    assert Ring.read(path).masters.keys() == {"two", "one"}
    assert [file.name for file in tmp_path.iterdir()] == ["ring"]
