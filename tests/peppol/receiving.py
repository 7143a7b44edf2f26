"""An access point in a process of its own, which tells what one message takes of its memory.

As a program, `python -m tests.peppol.receiving FOLDER`: answers at an address that it prints, with
the key and the certificates in the folder. For each line of standard input it prints the bytes that
it has held, at its peak, beyond what it had held at the line before.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Final

import aiohttp
import structlog
from aiohttp import web
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from schemas.identifiers import DocumentType, Participant, Process
from transports.peppol.as4 import signals
from transports.peppol.as4.message import Receipt
from transports.peppol.as4.packing import Packed
from transports.peppol.endpoint import Endpoint
from transports.peppol.pki.chains import Anchors, load
from transports.peppol.pki.keys import KeyInMemory
from transports.peppol.pki.revocation import Fail, Revocation
from transports.peppol.receiver import Receiver, Seen, Taken

_ROOT: Final = Path(__file__).parents[2]
_KEY, _ROOT_CA, _ISSUER = "key.pem", "root.pem", "issuer.pem"


async def peak_by_body(key: KeyInMemory, anchors: Anchors, sent: Packed, folder: Path) -> float:
    """What a process takes more at its peak while it takes in a message, by the message's size."""
    private = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / _KEY).write_bytes(private + key.certificate.public_bytes(Encoding.PEM))
    (folder / _ROOT_CA).write_bytes(anchors.roots[0].public_bytes(Encoding.PEM))
    (folder / _ISSUER).write_bytes(anchors.access_point[0].public_bytes(Encoding.PEM))
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __spec__.name, str(folder)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=_ROOT,
    )
    says, hears = child.stdout, child.stdin
    assert says is not None and hears is not None
    try:
        url = (await says.readline()).decode().strip()

        async def grown() -> int:
            hears.write(b"\n")
            return int(await says.readline())

        async with aiohttp.ClientSession() as session:
            # What the first request loads does not count.
            async with session.post(url, data=b"nothing") as response:
                await response.read()
            await grown()
            kind = {"Content-Type": sent.content_type}
            async with session.post(url, data=BytesIO(sent.body), headers=kind) as response:
                answer = await response.read()
            found = await grown()
    finally:
        hears.close()
        await child.wait()
    receipt = signals.read(signals.CONTENT_TYPE, answer).signal
    assert isinstance(receipt, Receipt), receipt
    return found / len(sent.body)


class _Last:
    """A `Reception` that serves everybody, and holds the last message."""

    async def serves(self, _: Participant, __: DocumentType, ___: Process) -> bool:
        return True

    async def seen(self, _: str) -> Seen | None:
        return None

    async def keep(self, taken: Taken) -> None:
        self.taken = taken


def _held() -> tuple[int, int]:
    """Bytes held now, and at the peak since the last call."""
    status = Path("/proc/self/status").read_text()
    now, peak = (int(status.partition(f"{name}:")[2].split()[0]) for name in ("VmRSS", "VmHWM"))
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    return now * 1024, peak * 1024


def _now() -> datetime:
    return datetime.now(UTC)


async def _main(folder: Path) -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    anchors = Anchors(load([folder / _ROOT_CA]), load([folder / _ISSUER]), ())
    async with aiohttp.ClientSession() as session:
        receiver = Receiver(
            KeyInMemory.from_pem(folder / _KEY),
            anchors,
            Revocation(session, Fail.OFF, _now),
            _Last(),
            _now,
            host="receiver.example",
        )
        app = web.Application()
        app.add_routes(Endpoint(receiver).routes())
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        print(f"http://127.0.0.1:{runner.addresses[0][1]}/as4", flush=True)  # noqa: T201
        before = 0
        while await asyncio.to_thread(sys.stdin.readline):
            held, peak = _held()
            print(peak - before, flush=True)  # noqa: T201
            before = held
        await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1])))
