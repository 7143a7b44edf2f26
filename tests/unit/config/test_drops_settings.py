"""The settings of drop folders and of e-mail that comes in."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from gateway import layers
from gateway.drops.local import LocalPlace
from gateway.drops.opening import places
from gateway.drops.remote import RemotePlace
from gateway.section import ConfigError

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS"
MAIL = {
    "domain": "in.example.com",
    "host": "imap.example.com",
    "username": "documents",
    "password": "secret",
}


def load(**sections: Any) -> layers.Loaded:
    return layers.load(sections, environment={})


def test_a_folder_is_a_path_or_an_address(tmp_path: Any) -> None:
    import asyncssh

    private = asyncssh.generate_private_key("ssh-ed25519")
    key = private.export_private_key().decode()
    section = {
        "folders": {"com_a": "/srv/a", "com_b": "sftp://me@erp.example.com:2222/drop/b%20c"},
        "host_keys": {"erp.example.com:2222": private.export_public_key().decode()},
        "client_key": key,
    }
    drops = load(drops=section).settings.drops
    assert drops is not None
    found = places(drops)
    assert isinstance(found["com_a"], LocalPlace) and isinstance(found["com_b"], RemotePlace)
    assert found["com_b"].name == "sftp://erp.example.com:2222/drop/b c"
    assert key not in repr(drops)


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ({}, "missing"),
        ({"folders": {}}, "drops.folders"),
        ({"folders": {"com_a": "relative"}}, "expected a path from the root"),
        ({"folders": {"com_a": "ftp://me@h/p"}}, "expected sftp://"),
        ({"folders": {"com_a": "sftp://h/p"}}, "expected sftp://"),
        ({"folders": {"com_a": "sftp://me:secret@h/p"}}, "expected sftp://"),
        ({"folders": {"com_a": "sftp://me@h:99999/p"}}, "expected sftp://"),
        ({"folders": {"com_a": "sftp://me@h/p"}}, "host_keys has no key of h"),
        ({"folders": {"com_a": "sftp://me@h/p"}, "host_keys": {"h": KEY}}, "client_key"),
        ({"folders": {"com_a": "/srv/a", "com_b": "/srv/a/"}}, "two companies have the same"),
    ],
)
def test_a_folder_that_leads_nowhere_is_told(section: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        load(drops=section)


def test_a_key_that_is_none_is_told() -> None:
    section = {
        "folders": {"com_a": "sftp://me@h/p"},
        "host_keys": {"h": "nonsense"},
        "client_key": "nonsense",
    }
    drops = load(drops=section).settings.drops
    assert drops is not None
    with pytest.raises(ConfigError, match="host_key is no public key"):
        places(drops)


def test_tables_can_come_from_a_file_and_the_environment(tmp_path: Any) -> None:
    file = tmp_path / "budkavle.toml"
    file.write_text('[drops]\nfolders = { "com_a" = "/srv/a" }\n', "utf-8")
    loaded = layers.load(file=file, environment={"BUDKAVLE_DROPS__FOLDERS": '{"com_b": "/srv/b"}'})
    assert loaded.settings.drops is not None
    assert loaded.settings.drops.folders == {"com_a": "/srv/a", "com_b": "/srv/b"}
    sources = {name: source for name, _, source in loaded.rows()}
    assert sources["drops.folders"] == str(file) and sources["drops.host_keys"] == "default"


def test_the_sample_shows_tables_as_toml_has_them() -> None:
    lines = [line[1:] for line in layers.sample().splitlines() if line.startswith("#folders = ")]
    (line,) = lines
    assert set(tomllib.loads(line)["folders"].values()) == {
        "/srv/drop/ours",
        "sftp://budkavle@erp.example.com/drop",
    }


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"password": None}, "password or password_file is missing"),
        ({"domain": "no domain"}, "domain: "),
        ({"inbox_name": "send"}, "inbox_name and hand_in_name are the same"),
        ({"addresses": {"nobody": "com_a"}}, "addresses: nobody"),
        ({"done_folder": "INBOX"}, "are three"),
        ({"inbox_name": "a+b"}, "inbox_name"),
    ],
)
def test_a_mailbox_that_can_not_be_used_is_told(changed: dict[str, Any], says: str) -> None:
    load(mail_in=MAIL)
    with pytest.raises(ConfigError, match=says):
        load(mail_in={**MAIL, **changed})
