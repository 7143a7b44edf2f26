"""One contract for every place that drop folders may be at: a disk, and an SFTP server."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from gateway.drops.local import LocalPlace
from gateway.drops.place import ALWAYS, Folder, Kind, Place, Trouble
from gateway.drops.remote import RemotePlace
from transports.sftp_server import OpenFiles, SftpServer


@dataclass
class Case:
    """A place, and where it is on this machine's disk."""

    place: Place
    root: Path

    def put(self, name: str, content: bytes = b"<Invoice/>", folder: str = "in") -> Path:
        path = self.root / folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return path


@asynccontextmanager
async def on_disk(directory: Path) -> AsyncIterator[Case]:
    root = directory / "drop"
    root.mkdir()
    yield Case(LocalPlace(root), root)


@asynccontextmanager
async def over_sftp(directory: Path) -> AsyncIterator[Case]:
    async with SftpServer(lambda channel: OpenFiles(server, channel)) as server:
        root = server.directory / "drop"
        root.mkdir()
        yield Case(RemotePlace(server.server, "/drop", within_s=60), root)


PLACES: dict[str, Callable[[Path], object]] = {"disk": on_disk, "sftp": over_sftp}


@pytest.fixture(params=PLACES)
async def case(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Case]:
    async with PLACES[request.param](tmp_path) as opened:  # type: ignore[attr-defined]
        yield opened


async def test_its_folders_are_made_and_the_others_are_looked_for(case: Case) -> None:
    async with case.place.visit() as visit:
        assert [folder for folder in Folder if await visit.has(folder)] == list(ALWAYS)
    (case.root / "status").mkdir()
    async with case.place.visit() as visit:
        assert await visit.has(Folder.STATUS) and not await visit.has(Folder.INBOX)


async def test_what_lies_there_is_seen_as_what_it_is(case: Case) -> None:
    case.put("å b.xml")
    case.put(".hidden")
    (case.root / "in" / "folder").mkdir()
    (case.root / "in" / "link").symlink_to("/etc/passwd")
    os.mkfifo(case.root / "in" / "pipe")
    async with case.place.visit() as visit:
        seen = {each.name: each for each in await visit.look(Folder.IN)}
        assert {name: each.kind for name, each in seen.items()} == {
            "å b.xml": Kind.FILE,
            "folder": Kind.FOLDER,
            "link": Kind.OTHER,
            "pipe": Kind.OTHER,
        }
        assert seen["å b.xml"].size == 10
        assert await visit.one(Folder.IN, "å b.xml") == seen["å b.xml"]
        assert await visit.one(Folder.IN, "nothing") is None
        assert await visit.read(Folder.IN, seen["å b.xml"]) == b"<Invoice/>"


async def test_a_file_that_has_changed_is_neither_read_nor_moved(case: Case) -> None:
    path = case.put("a.xml")
    async with case.place.visit() as visit:
        (seen,) = await visit.look(Folder.IN)
        path.write_bytes(b"<Invoice>more</Invoice>")
        assert await visit.read(Folder.IN, seen) is None
        assert not await visit.move(Folder.IN, seen, Folder.DONE, "a.xml")
        path.unlink()
        assert await visit.read(Folder.IN, seen) is None
        assert not await visit.move(Folder.IN, seen, Folder.DONE, "a.xml")
    assert not list((case.root / "done").iterdir())


async def test_a_link_in_place_of_a_file_is_not_followed(case: Case) -> None:
    secret = case.root.parent / "secret"
    secret.write_bytes(b"secret!!!!")
    path = case.put("a.xml")
    async with case.place.visit() as visit:
        (seen,) = await visit.look(Folder.IN)
        path.unlink()
        path.symlink_to(secret)
        assert await visit.read(Folder.IN, seen) is None


async def test_what_has_the_name_gives_way(case: Case) -> None:
    case.put("a.xml", b"new")
    case.put("doc-a.xml", b"old", "done")
    async with case.place.visit() as visit:
        (seen,) = await visit.look(Folder.IN)
        assert await visit.move(Folder.IN, seen, Folder.DONE, "doc-a.xml")
    assert (case.root / "done" / "doc-a.xml").read_bytes() == b"new"
    assert not list((case.root / "in").iterdir())


async def test_folders_links_and_pipes_can_be_moved_away(case: Case) -> None:
    async with case.place.visit():
        pass
    (case.root / "in" / "folder").mkdir()
    (case.root / "in" / "link").symlink_to("/etc/passwd")
    os.mkfifo(case.root / "in" / "pipe")
    async with case.place.visit() as visit:
        for seen in await visit.look(Folder.IN):
            assert await visit.move(Folder.IN, seen, Folder.ERROR, seen.name)
    assert {path.name for path in (case.root / "error").iterdir()} == {"folder", "link", "pipe"}


async def test_a_file_is_written_whole_and_over_what_a_crash_left(case: Case) -> None:
    case.put("x.json", b"old", "status")
    case.put("x.json.tmp", b"half of something longer than the new one", "status")
    async with case.place.visit() as visit:
        await visit.write(Folder.STATUS, "x.json", b"{}" * 50_000)
    assert [path.name for path in (case.root / "status").iterdir()] == ["x.json"]
    assert (case.root / "status" / "x.json").read_bytes() == b"{}" * 50_000


async def test_a_place_that_is_gone_is_trouble_and_not_made(case: Case) -> None:
    case.root.rmdir()
    with pytest.raises(Trouble) as raised:
        async with case.place.visit():
            pass
    assert raised.value.name == "gone"
    assert not case.root.exists()


async def test_a_file_where_a_folder_should_be_is_trouble(case: Case) -> None:
    (case.root / "done").write_bytes(b"")
    with pytest.raises(Trouble):
        async with case.place.visit():
            pass


async def test_a_folder_that_is_a_link_is_trouble(tmp_path: Path) -> None:
    """Somebody who may write into the folder could have us read and move files of others."""
    async with on_disk(tmp_path) as case:
        (tmp_path / "other").mkdir()
        (case.root / "in").symlink_to(tmp_path / "other")
        with pytest.raises(Trouble):
            async with case.place.visit():
                pass


async def test_a_server_with_another_key_is_not_talked_to(tmp_path: Path) -> None:
    async with SftpServer(lambda channel: OpenFiles(server, channel)) as server:
        async with SftpServer(lambda channel: OpenFiles(other, channel)) as other:
            wrong = replace(server.server, host_key=other.host_key)
        with pytest.raises(Trouble) as raised:
            async with RemotePlace(wrong, "/").visit():
                pass
        assert raised.value.name == "host_key"


async def test_a_server_that_is_away_is_trouble(tmp_path: Path) -> None:
    async with SftpServer(lambda channel: OpenFiles(server, channel)) as server:
        server.available = False
        with pytest.raises(Trouble) as raised:
            async with RemotePlace(server.server, "/").visit():
                pass
        assert raised.value.name in ("unreachable", "login_refused")


async def test_no_right_and_no_room_have_names(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        async with on_disk(tmp_path) as case, case.place.visit() as visit:
            with pytest.raises(Trouble) as raised:
                await visit.write(Folder.DONE, "x" * 300, b"")
            assert raised.value.name == "failed"
        return
    async with on_disk(tmp_path) as case:
        path = case.put("a.xml")
        path.chmod(0)
        async with case.place.visit() as visit:
            (seen,) = await visit.look(Folder.IN)
            with pytest.raises(Trouble) as raised:
                await visit.read(Folder.IN, seen)
            assert raised.value.name == "permission_denied"
