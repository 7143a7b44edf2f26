"""Large files and encryption, by the settings and the commands."""

from __future__ import annotations

import base64
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway import config, layers
from gateway.app import Gateway
from gateway.archive.backup import backing_up
from gateway.blobs.opening import place
from gateway.blobs.port import SMALL_BYTES
from gateway.section import ConfigError, Section
from gateway.store.ids import new_id
from gateway.store.opening import open_store
from gateway.store.port import (
    Company,
    ContentLost,
    NewPart,
    Role,
    StorageUnavailable,
    Store,
    Submission,
)
from tests.e2e.command import budkavle
from tests.servers import objects

COMPANY = Company("com_a", "A AB", "SE", ("0007:5567321707",), {})
NOW = datetime.now(UTC)


def settings_of(home: Path, **sections: Section) -> config.Settings:
    return config.Settings(data=home / "data", **sections)  # type: ignore[arg-type]


async def store_one(store: Store, content: bytes) -> str:
    await store.add_company(COMPANY, NOW)
    part = NewPart(Role.ORIGINAL, "i.xml", "application/xml", content)
    asked = Submission(new_id("doc"), COMPANY.id, "application/xml", [part], {})
    await store.accept(asked, NOW)
    return asked.document_id


async def read_one(store: Store, document_id: str) -> bytes | None:
    (part,) = await store.parts(COMPANY.id, document_id)
    return await store.content(COMPANY.id, document_id, part.sha256)


async def test_a_ring_from_its_first_key_to_its_last(tmp_path: Path) -> None:
    ring_file = tmp_path / "ring"
    settings = settings_of(tmp_path, encryption=config.Encryption(ring_file=ring_file))
    environment = {
        "BUDKAVLE_DATA": str(settings.data),
        "BUDKAVLE_ENCRYPTION__RING_FILE": str(ring_file),
    }

    async def ran(*words: str, code: int = 0) -> str:
        result = await budkavle("encryption", *words, environment=environment)
        assert result.code == code, result.err
        shown = result.out + result.err
        for line in ring_file.read_bytes().splitlines() if ring_file.exists() else ():
            assert line.split()[1].decode() not in shown
        return shown

    refused = await ran("rotate", code=2)
    assert "encryption.ring_file" in refused and "No such file" in refused
    await ran("add", "first")
    assert "already" in await ran("add", "first", code=2)
    store = await open_store(settings)
    secret = b"<Invoice>a personal number</Invoice>"
    document_id = await store_one(store, secret)
    await store.close()
    assert all(
        b"personal" not in path.read_bytes() for path in settings.data.rglob("*") if path.is_file()
    )

    await ran("add", "second")
    assert "1 company keys" in await ran("rotate")
    assert '{"master": "second", "company_keys": 1}' in await ran("list")
    ring_file.write_bytes(ring_file.read_bytes().splitlines()[0] + b"\n")  # the first is gone
    assert "Key 2" in await ran("renew", COMPANY.id)
    assert "no company com_b" in await ran("renew", "com_b", code=2)
    store = await open_store(settings)
    assert await read_one(store, document_id) == secret
    await store.close()

    assert "unreadable" in await ran("destroy", COMPANY.id, code=1)  # nobody said yes
    assert "2 keys" in await ran("destroy", COMPANY.id, "--yes")
    store = await open_store(settings)
    with pytest.raises(ContentLost, match="was deleted"):
        await read_one(store, document_id)
    await store.close()


async def test_without_the_key_that_is_needed_nothing_starts(tmp_path: Path) -> None:
    ring_file = tmp_path / "ring"
    settings = settings_of(tmp_path, encryption=config.Encryption(ring_file=ring_file))
    key = base64.b64encode(b"k" * 32).decode()
    ring_file.write_text(f"first {key}\n")
    store = await open_store(settings)
    await store_one(store, b"x")
    await store.close()
    ring_file.write_text(f"other {key}\n")
    with pytest.raises(StorageUnavailable, match="no key named first"):
        await Gateway(settings).start()
    ring_file.write_text(f"first {key[:-8]}\n")
    with pytest.raises(ConfigError, match="line 1: the key first is not 32 bytes") as refused:
        await Gateway(settings).start()
    assert key[:20] not in str(refused.value)
    environment = {"BUDKAVLE_ENCRYPTION__RING_FILE": str(ring_file)}
    looked = await budkavle("doctor", "--data", settings.data, environment=environment)
    (found,) = [line for line in looked.lines if line["what"] == "encryption"]
    assert found["level"] == "fail" and "line 1" in found["text"]
    served = await budkavle("serve", "--data", settings.data, environment=environment)
    assert served.code == 2 and "line 1" in served.err and "Traceback" not in served.err


async def test_the_sweep_by_hand(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    store = await open_store(settings)
    document_id = await store_one(store, os.urandom(SMALL_BYTES + 1))
    await store.blobs.keep(COMPANY.id, os.urandom(SMALL_BYTES + 1), NOW - timedelta(days=9))
    await store.close()
    files = [path for path in (settings.data / "blobs").rglob("*") if path.is_file()]
    for path in files:
        os.utime(path, (0, 0))
    dry = await budkavle("blobs", "sweep", "--dry-run", "--data", settings.data)
    assert [line["name"].split("/")[0] for line in dry.lines] == [COMPANY.id]
    assert "2 looked at; 1 would go (65537 bytes)" in dry.err
    with backing_up(settings.data):
        refused = await budkavle("blobs", "sweep", "--data", settings.data)
    assert refused.code == 2 and "A backup is being made" in refused.err
    swept = await budkavle("blobs", "sweep", "--data", settings.data)
    assert swept.lines == [{"seen": 2, "gone": 1, "bytes": 65537}]
    again = await budkavle("blobs", "sweep", "--data", settings.data)
    assert again.lines == [{"seen": 1, "gone": 0, "bytes": 0}]
    store = await open_store(settings)
    assert len(await read_one(store, document_id) or b"") == SMALL_BYTES + 1
    await store.close()


async def test_a_bucket_by_the_settings(s3_port: int, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(f"{objects.SECRET_KEY}\n")
    environment = {
        "BUDKAVLE_BLOBS__BUCKET": objects.BUCKET,
        "BUDKAVLE_BLOBS__ENDPOINT": f"http://127.0.0.1:{s3_port}",
        "BUDKAVLE_BLOBS__PREFIX": f"gateway/{os.urandom(8).hex()}",
        "BUDKAVLE_BLOBS__ACCESS_KEY_ID": objects.ACCESS_KEY,
        "BUDKAVLE_BLOBS__SECRET_ACCESS_KEY_FILE": str(secret),
    }
    settings = layers.load({"data": tmp_path / "data"}, environment=environment).settings
    store = await open_store(settings)
    content = os.urandom(SMALL_BYTES + 1)
    document_id = await store_one(store, content)
    assert await read_one(store, document_id) == content
    await store.close()
    assert not (settings.data / "blobs").exists()
    bucket = place(settings)
    assert bucket is not None
    (found,) = [found async for found in bucket.walk()]
    assert found.name.startswith(f"{COMPANY.id}/{NOW.date()}/")

    looked = await budkavle("doctor", "--data", settings.data, environment=environment)
    assert ("blobs", "ok") in {(line["what"], line["level"]) for line in looked.lines}
    secret.write_text("wrong")
    looked = await budkavle("doctor", "--data", settings.data, environment=environment)
    (said,) = [line for line in looked.lines if line["what"] == "blobs"]
    assert said["level"] == "fail" and "refuses the access key" in said["text"]
    shown = await budkavle("config", "--data", settings.data, environment=environment)
    assert "wrong" not in shown.out


@pytest.mark.parametrize(
    ("set_", "says"),
    [
        ({"BUCKET": "Not A Bucket"}, "blobs.bucket"),
        ({"ENDPOINT": "s3.example.com"}, "blobs.endpoint"),
        ({"PREFIX": "/x"}, "blobs.prefix"),
        ({"ACCESS_KEY_ID": "x"}, "go together"),
        ({"SECRET_ACCESS_KEY_FILE": "/nowhere"}, "secret_access_key_file"),
    ],
)
def test_settings_of_a_bucket_that_can_not_be(set_: dict[str, str], says: str) -> None:
    given = {
        f"BUDKAVLE_BLOBS__{name}": value for name, value in {"BUCKET": "b" * 3, **set_}.items()
    }
    with pytest.raises(ConfigError, match=says):
        layers.load(environment=given)
