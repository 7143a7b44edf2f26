"""A setting that changes nothing is a lie: each one reaches the part it is for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway import config
from gateway.app import email_settings, letter_settings

EMAIL = {"host": "mail.example", "sender": "bills@example.com"}
LETTER = {"url": "https://print.example", "token": "t"}
OTHER: dict[str, Any] = {
    "port": 2525,
    "tls": "none",
    "letter_class": "priority",
    "url": "https://other.example",
}


def other(section: config.Section, name: str) -> Any:
    """Another value than the one that stands."""
    match getattr(section, name):
        case bool(value):
            return not value
        case int(value) | float(value):
            return value + 1
    return OTHER.get(name, "other@example.com")


def names(section: type[config.Section]) -> list[str]:
    return [
        name for name in section.model_fields if not name.endswith("_file") or name == "ca_file"
    ]


@pytest.mark.parametrize("name", names(config.Email))
def test_every_email_setting_reaches_the_channel(name: str) -> None:
    before = config.Email(**EMAIL)
    after = config.Email(**{**EMAIL, name: other(before, name)})
    assert email_settings(before) != email_settings(after)


@pytest.mark.parametrize("name", names(config.Letter))
def test_every_letter_setting_reaches_the_channel(name: str) -> None:
    before = config.Letter(**LETTER)
    after = config.Letter(**{**LETTER, name: other(before, name)})
    assert letter_settings(before) != letter_settings(after)


def test_a_secret_in_a_file_reaches_the_channel(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("hunter2\n")
    section = config.Letter(url="https://print.example", token_file=file)
    assert letter_settings(section).token == "hunter2"
    assert "hunter2" not in repr(section) + repr(letter_settings(section))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"token": "a", "token_file": "b"}, "not both"),
        ({"token_file": "nowhere"}, "No such file"),
        ({}, "token or token_file"),
    ],
)
def test_a_secret_that_is_not_there_is_told(given: dict[str, str], told: str) -> None:
    flags = {"letter": {"url": "https://print.example", **given}}
    with pytest.raises(config.ConfigError, match=told):
        config.load(flags, environment={})


@pytest.mark.parametrize(
    "key",
    [key for key in config.every_key() if key.name.startswith(("http.", "worker."))],
    ids=lambda key: key.name,
)
def test_every_other_setting_is_read_by_the_composition_root(key: config.Key) -> None:
    source = (Path(config.__file__).parent / "app.py").read_text("utf-8")
    name = key.name.rpartition(".")[2]
    if name == "listen":
        assert "http.host" in source and "http.port" in source
    else:
        assert f"settings.{key.name}" in source or f"section.{name}" in source
