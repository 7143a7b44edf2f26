"""The commands in README and in the first steps are run as they stand there."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from gateway.sandbox import SENDER, Sandbox

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands(page: Path) -> list[str]:
    """The lines of every `sh` block, without remarks."""
    lines = "".join(BLOCK.findall(page.read_text("utf-8"))).splitlines()
    return [line.partition("  #")[0].strip() for line in lines if line.strip()]


# What a `make test ARGS=...` that runs these tests would hand on to the commands.
HANDED_ON = ("ARGS", "MAKEFLAGS", "MAKEOVERRIDES")


async def run(*words: str, cwd: Path = ROOT, **environment: str) -> tuple[int, str]:
    own = {name: value for name, value in os.environ.items() if name not in HANDED_ON}
    process = await asyncio.create_subprocess_exec(
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=cwd,
        env=own | environment,
    )
    out, _ = await asyncio.wait_for(process.communicate(), 300)
    assert process.returncode is not None
    return process.returncode, out.decode()


# As in a checkout that is set up: `make` does not set it up again, nor start itself in itself.
SET_UP = ("READY=", f"BIN={Path(sys.executable).parent}")


async def test_the_readme_has_two_commands_and_the_first_one_works() -> None:
    assert commands(ROOT / "README.md") == ["make demo", "make test"]
    code, out = await run("make", "demo", *SET_UP)
    assert code == 0 and "All as foretold." in out, out


async def test_the_second_one_runs_every_test() -> None:
    """It is what runs just now; here only that it names all of them."""
    code, out = await run("make", "--dry-run", "test", *SET_UP)
    assert code == 0 and "-m pytest" in out
    named = [word for word in out.split() if word.startswith("tests")]
    assert not named, "a test left out by naming others"


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "README.md"])
async def test_every_make_target_that_is_named_exists(page: str) -> None:
    for target in re.findall(r"`make (\w+)`|^make (\w+)", (ROOT / page).read_text("utf-8"), re.M):
        code, out = await run("make", "--dry-run", "".join(target), *SET_UP)
        assert code == 0, out


async def test_a_backup_is_made_and_restored_as_the_page_says(tmp_path: Path) -> None:
    """Each command of docs/howto/backup.md, in order, with directories of our own."""
    lines = commands(ROOT / "docs" / "howto" / "backup.md")
    assert [line.split()[1] for line in lines] == ["backup", "backup", "restore", "serve"]
    script = "\n".join(line for line in lines if " serve " not in line)
    for named, here in (("/backups/", "backups/"), ("/var/lib/", "lib/")):
        script = script.replace(named, f"{tmp_path}/{here}")
    environment = {"PATH": f"{_own_budkavle(tmp_path)}:{os.environ['PATH']}"}
    async with Sandbox(tmp_path / "lib" / "budkavle") as sandbox:
        code, out = await run(
            *("sh", "-e", "-x", "-c", script), cwd=tmp_path, PYTHONPATH=str(ROOT), **environment
        )
        assert sandbox.gateway.url and code == 0, out
    assert "The database is whole." in out and '"held": 0' in out, out
    assert (tmp_path / "lib" / "budkavle-new" / "budkavle.sqlite").exists()


def _own_budkavle(place: Path) -> Path:
    """A folder for PATH with the command `budkavle` of this checkout."""
    own = place / "bin"
    own.mkdir()
    (own / "budkavle").write_text(f'#!/bin/sh\nexec {sys.executable} -m gateway.cli "$@"\n')
    (own / "budkavle").chmod(0o755)
    return own


async def test_the_first_steps_work_as_they_stand(tmp_path: Path) -> None:
    """Each command of docs/start.md, in order, in a copy of what a checkout has beside the code."""
    lines = commands(ROOT / "docs" / "start.md")
    assert lines[:3] == ["make setup", ". .venv/bin/activate", "budkavle sandbox"]
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    own = _own_budkavle(tmp_path)
    async with Sandbox(tmp_path / "data") as sandbox:
        skipped = (". .venv", "export BUDKAVLE_URL=", "make setup", "budkavle sandbox")
        script = "\n".join(line for line in lines if not line.startswith(skipped))
        code, out = await run(
            *("sh", "-e", "-x", "-c", script),
            cwd=tmp_path,
            PATH=f"{own}:{os.environ['PATH']}",
            PYTHONPATH=str(ROOT),
            BUDKAVLE_URL=sandbox.gateway.url,
        )
    assert code == 0, out
    assert f"BUDKAVLE_API_KEY={SENDER.key}" in "\n".join(lines)
    for told in ('"state": "delivered"', "document.delivered", "it was rejected", "BR-CO-15"):
        assert told in out, out
    assert (tmp_path / "invoice.xml").exists() and list((tmp_path / "inbox").iterdir())
