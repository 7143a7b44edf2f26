"""Sealing: what comes out is what went in, or nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.blobs.seal import (
    CHUNK_BYTES,
    HEAD_BYTES,
    TAG_BYTES,
    Opener,
    Sealer,
    Secret,
    Tampered,
    seal,
    unseal,
)

KEY = Secret(b"k" * 32)
WHOLE = CHUNK_BYTES + TAG_BYTES


@pytest.mark.parametrize(
    "size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 200_000]
)
def test_all_at_once(size: int) -> None:
    content = bytes(n % 251 for n in range(size))
    sealed = seal(KEY, content)
    chunks = max(1, -(-size // CHUNK_BYTES))
    assert len(sealed) == HEAD_BYTES + size + chunks * TAG_BYTES
    assert unseal(KEY, sealed) == content


@given(st.lists(st.integers(0, 150_000), max_size=5), st.integers(1, 200_000))
def test_in_any_pieces(sizes: list[int], piece: int) -> None:
    parts = [bytes([n]) * size for n, size in enumerate(sizes)]
    sealer, opener = Sealer(KEY), Opener(KEY)
    sealed = b"".join([sealer.update(part) for part in parts] + [sealer.finish()])
    opened = [opener.update(sealed[at : at + piece]) for at in range(0, len(sealed), piece)]
    assert b"".join([*opened, opener.finish()]) == b"".join(parts)


def test_the_same_bytes_are_never_sealed_the_same() -> None:
    assert seal(KEY, b"x") != seal(KEY, b"x")


def test_another_key_opens_nothing() -> None:
    with pytest.raises(Tampered):
        unseal(Secret(b"o" * 32), seal(KEY, b"x"))


@given(st.integers(0, 2**32), st.integers(1, 255))
def test_a_changed_byte_anywhere_is_found(at: int, change: int) -> None:
    sealed = bytearray(SEALED)
    sealed[at % len(sealed)] ^= change
    with pytest.raises(Tampered):
        unseal(KEY, bytes(sealed))


SEALED = seal(KEY, b"y" * (2 * CHUNK_BYTES + 100))


@given(st.integers(0, len(SEALED) - 1))
def test_an_end_that_is_cut_off_is_found(size: int) -> None:
    with pytest.raises(Tampered):
        unseal(KEY, SEALED[:size])


def test_chunks_that_are_moved_left_out_or_added_are_found() -> None:
    head, rest = SEALED[:HEAD_BYTES], SEALED[HEAD_BYTES:]
    first, second, last = rest[:WHOLE], rest[WHOLE : 2 * WHOLE], rest[2 * WHOLE :]
    for chunks in (
        (second, first, last),
        (first, last),
        (first, second),
        (first, second, second, last),
        (first, second, last, last),
        (),
    ):
        with pytest.raises(Tampered):
            unseal(KEY, head + b"".join(chunks))


def test_chunks_of_another_blob_are_found() -> None:
    other = seal(KEY, b"y" * (2 * CHUNK_BYTES + 100))
    with pytest.raises(Tampered):
        unseal(KEY, SEALED[: HEAD_BYTES + WHOLE] + other[HEAD_BYTES + WHOLE :])


def test_bytes_that_were_never_sealed() -> None:
    for content in (b"", b"plain", b"BKS1", b"x" * 1000, b"BKS1" + b"x" * 1000):
        with pytest.raises(Tampered):
            unseal(KEY, content)


def test_a_key_is_never_shown() -> None:
    assert "k" * 8 not in f"{KEY} {KEY!r} {[KEY]}"
    with pytest.raises(ValueError, match="32 bytes"):
        Secret(b"short")
