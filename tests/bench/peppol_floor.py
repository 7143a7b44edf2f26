"""The least that a message between two access points can cost, and works measured beside it.

Two signatures, two verifications, one key wrapped and unwrapped, AES-128-GCM and SHA-256 both ways,
gzip by zlib there and back: what AS4 asks for, with cryptography and zlib, and nothing else.
Imports neither of our packages: the environment of the package `as4` runs it too.
"""

from __future__ import annotations

import hashlib
import os
import time
import zlib
from collections.abc import Callable
from statistics import median

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
# What is signed of a message and of a receipt: the ds:SignedInfo.
SIGNED = bytes(1400)


class Floor:
    """The mathematics of one message and its receipt, between two keys."""

    def __init__(self, sending: rsa.RSAPrivateKey, receiving: rsa.RSAPrivateKey) -> None:
        self._keys = sending, receiving
        self._public = sending.public_key(), receiving.public_key()

    def __call__(self, payload: bytes) -> None:
        """Packs and unpacks it, and signs and verifies twice."""
        packer = zlib.compressobj(6, zlib.DEFLATED, 31)
        compressed = packer.compress(payload) + packer.flush()
        hashlib.sha256(compressed).digest()
        self._signed(0)
        secret, nonce = AESGCM.generate_key(128), os.urandom(12)
        encrypted = AESGCM(secret).encrypt(nonce, compressed, None)
        wrapped = self._public[1].encrypt(secret, OAEP)

        secret = self._keys[1].decrypt(wrapped, OAEP)
        compressed = AESGCM(secret).decrypt(nonce, encrypted, None)
        hashlib.sha256(compressed).digest()
        assert len(zlib.decompress(compressed, 31)) == len(payload)
        self._signed(1)

    def _signed(self, which: int) -> None:
        signature = self._keys[which].sign(SIGNED, padding.PKCS1v15(), hashes.SHA256())
        self._public[which].verify(signature, SIGNED, padding.PKCS1v15(), hashes.SHA256())


def beside(floor: Floor, work: Callable[[bytes], object], payload: bytes, seconds: float) -> float:
    """The time of the work by that of the floor, the median of rounds of both for about `seconds`.

    The processor's time: nothing here waits, and others at work on the machine do not count.
    """
    works = (work, floor)
    for one in works:
        one(payload)
    ratios: list[float] = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until or len(ratios) < 5:
        spent = [0.0, 0.0]
        # In turn first: who comes second finds a warmer cache.
        for which in (0, 1) if len(ratios) % 2 else (1, 0):
            start = time.thread_time()
            works[which](payload)
            spent[which] = time.thread_time() - start
        ratios.append(spent[0] / spent[1])
    return median(ratios)
