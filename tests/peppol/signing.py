"""A program that holds a key and never gives it out, as a security module does, and its `Signer`.

As a program, `python -m tests.peppol.signing KEY.pem`: for each line of standard input, `sign` or
`unwrap` with bytes in base64, a line of standard output: bytes in base64, or nothing when it can
not be done.
"""

from __future__ import annotations

import base64
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography import x509

from transports.peppol.pki.keys import KeyInMemory

_ROOT = Path(__file__).parents[2]


class KeyInModule:
    """Implements `Signer` with a process that has the key; this one has the certificate alone."""

    def __init__(self, key: Path, certificate: x509.Certificate) -> None:
        self.certificate = certificate
        self.asked: list[str] = []
        self._lock = threading.Lock()  # asked in threads
        self._process = subprocess.Popen(
            (sys.executable, "-m", __spec__.name, str(key)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=_ROOT,
        )

    def sign(self, data: bytes) -> bytes:
        return self._asked("sign", data)

    def unwrap(self, wrapped: bytes) -> bytes:
        return self._asked("unwrap", wrapped)

    def _asked(self, what: str, data: bytes) -> bytes:
        with self._lock:
            self.asked.append(what)
            assert self._process.stdin is not None and self._process.stdout is not None
            self._process.stdin.write(f"{what} {base64.b64encode(data).decode()}\n".encode())
            self._process.stdin.flush()
            answer = self._process.stdout.readline().strip()
        if not answer:
            raise ValueError("the module can not do that")
        return base64.b64decode(answer)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self._process.communicate()


def _main(path: Path) -> None:
    key = KeyInMemory.from_pem(path)
    for line in sys.stdin:
        what, _, data = line.strip().partition(" ")
        try:
            answer = {"sign": key.sign, "unwrap": key.unwrap}[what](base64.b64decode(data))
        except ValueError:
            answer = b""
        print(base64.b64encode(answer).decode(), flush=True)  # noqa: T201


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
