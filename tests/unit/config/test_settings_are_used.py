"""A setting that changes nothing is a lie: each one reaches the part it is for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway import config, layers
from gateway.app import fetch_limits, fetch_rules
from gateway.channels import lane_limits
from gateway.channels.email import Email as EmailSection
from gateway.channels.email import email_settings
from gateway.channels.kivra import Kivra as KivraSection
from gateway.channels.kivra import kivra_settings
from gateway.channels.letter import Letter as LetterSection
from gateway.channels.letter import letter_settings
from gateway.channels.operator import Operator as OperatorSection
from gateway.channels.operator import operator_settings, sfti_settings
from gateway.peppol import peppol_settings
from gateway.section import Channel, ConfigError, Section
from gateway.store.lanes import Limits
from transports.email.driver import Email
from transports.letter.driver import Letter

EMAIL = {"host": "mail.example", "sender": "bills@example.com"}
LETTER = {"url": "https://print.example", "token": "t"}
OPERATOR = {"url": "https://operator.example", "token": "t"}
SFTI = {"kind": "sfti", "host": "gateway.example", "partners_file": "partners.toml"}
KIVRA: dict[str, Any] = {"client_id": "us", "client_secret": "hunter2"}
PEPPOL: dict[str, Any] = {
    "key_store": "ap.p12",
    "roots": [],
    "access_point_cas": [],
    "publisher_cas": [],
    "host": "ap.example",
}
OTHER: dict[str, Any] = {
    "port": 2525,
    "tls": "none",
    "letter_class": "priority",
    "attachments": "merged",
    "url": "https://other.example",
    "too_large": "decline",
    "cover_page": "never",
    "bounce_domain": "other.example.com",
    "bounce_port": 1993,
    "bounce_tls": "none",
    "window_mm": (20, 40, 90, 35),
}


def other(section: Section, name: str) -> Any:
    """Another value than the one that stands."""
    match getattr(section, name):
        case bool(value):
            return not value
        case int(value) | float(value):
            return value + 1
    return OTHER.get(name, "other@example.com")


def names(section: type[Section]) -> list[str]:
    return [
        name
        for name in section.model_fields
        if (not name.endswith("_file") or name == "ca_file") and name not in Channel.model_fields
    ]


@pytest.mark.parametrize("name", Channel.model_fields)
def test_every_limit_reaches_the_lane_of_its_channel(name: str) -> None:
    rate: dict[str, Any] = {"rate_per_s": 2.5}
    plain = config.Settings(email=EmailSection(**EMAIL, **rate))
    set_ = config.Settings(email=EmailSection(**EMAIL, **{**rate, name: 7}))
    channel = Email(email_settings(EmailSection(**EMAIL)))
    before, after = (lane_limits(settings, {"email": channel}) for settings in (plain, set_))
    assert before == {"email": Limits(2.5, 3, channel.at_once, 5, 30)}
    assert before != after


def test_a_channel_without_a_section_has_no_limits_and_0_is_never() -> None:
    assert lane_limits(config.Settings(), {}) == {}
    letter = LetterSection(**LETTER, trip_after=0)
    channel = Letter(letter_settings(letter))
    limits = lane_limits(config.Settings(letter=letter), {"letter": channel})
    assert limits == {"letter": Limits(None, 1, 4, None, 30)}


def test_a_burst_without_a_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="burst goes with rate_per_s"):
        EmailSection(**EMAIL, burst=3)


def test_the_peppol_channel_has_limits_as_any_other() -> None:
    section = config.Peppol(**PEPPOL, rate_per_s=5, burst=9, rest_s=7, max_connections=3)
    channel = Letter(letter_settings(LetterSection(**LETTER)))  # any: its places are asked for
    limits = lane_limits(config.Settings(peppol=section), {"peppol": channel})
    assert limits == {"peppol": Limits(5, 9, channel.at_once, 5, 7)}
    assert peppol_settings(section).at_once == 3


@pytest.mark.parametrize(
    "given", [{"host": "other.example"}, {"statuses": False}, {"max_connections": 3}], ids=str
)
def test_what_the_peppol_channel_itself_is_told_reaches_it(given: dict[str, Any]) -> None:
    before, after = config.Peppol(**PEPPOL), config.Peppol(**{**PEPPOL, **given})
    assert peppol_settings(before) != peppol_settings(after)


BOUNCES: dict[str, Any] = {
    **EMAIL,
    "bounce_domain": "bounce.example.com",
    "bounce_host": "imap.example.com",
    "bounce_username": "bounces",
    "bounce_password": "hunter2",
}
# The first is read when the channel is made, the others are the doctor's.
NOT_THE_CHANNEL_S = {"dkim_folder", "name_servers", "name_server_port"}


@pytest.mark.parametrize("name", sorted({*names(EmailSection)} - NOT_THE_CHANNEL_S))
def test_every_email_setting_reaches_the_channel(name: str) -> None:
    before = EmailSection(**BOUNCES)
    after = EmailSection(**{**BOUNCES, name: other(before, name)})
    assert email_settings(before) != email_settings(after)
    assert "hunter2" not in repr(before) + repr(email_settings(before))


def test_a_folder_of_keys_is_looked_into(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"email\.dkim_folder"):
        email_settings(EmailSection(**EMAIL, dkim_folder=tmp_path / "none"))


SFTP = [name for name in names(LetterSection) if name.startswith("sftp_")]
PRINT_SFTP: dict[str, Any] = {
    "sftp_host": "sftp.print.example",
    "sftp_host_key": "ssh-ed25519 AAAA",
    "sftp_username": "us",
    "sftp_password": "hunter2",
}


@pytest.mark.parametrize("name", SFTP)
def test_every_setting_of_a_print_house_that_takes_files_reaches_it(name: str) -> None:
    before = LetterSection(**PRINT_SFTP)
    after = LetterSection(**{**PRINT_SFTP, name: other(before, name)})
    assert letter_settings(before) != letter_settings(after)
    assert "hunter2" not in repr(before) + repr(letter_settings(before))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "url or sftp_host"),
        ({"url": "https://print.example", **PRINT_SFTP}, "not both"),
        ({"url": "https://print.example"}, "token or token_file"),
        ({"sftp_host": "print.example"}, "sftp_host_key, sftp_username, sftp_password or"),
    ],
)
def test_a_print_house_is_reached_in_one_way(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        LetterSection(**given)


@pytest.mark.parametrize("name", sorted({*names(LetterSection)} - {*SFTP}))
def test_every_letter_setting_reaches_the_channel(name: str) -> None:
    before = LetterSection(**LETTER)
    after = LetterSection(**{**LETTER, name: other(before, name)})
    assert letter_settings(before) != letter_settings(after)


@pytest.mark.parametrize("name", sorted({*names(KivraSection)} - {"webhook_secret"}))
def test_every_kivra_setting_reaches_the_channel(name: str) -> None:
    before = KivraSection(**KIVRA)
    after = KivraSection(**{**KIVRA, name: other(before, name)})
    assert kivra_settings(before) != kivra_settings(after)
    assert "hunter2" not in repr(before) + repr(kivra_settings(before))


@pytest.mark.parametrize(
    "given",
    [
        {"url": "https://other.example"},
        {"token": "u"},
        {"report_days": 9},
        {"connect_timeout_s": 9},
        {"answer_timeout_s": 9},
    ],
    ids=str,
)
def test_what_an_operator_is_asked_with_reaches_the_channel(given: dict[str, Any]) -> None:
    before, after = OperatorSection(**OPERATOR), OperatorSection(**{**OPERATOR, **given})
    assert operator_settings(before) != operator_settings(after)


@pytest.mark.parametrize(
    "given",
    [{"host": "other.example"}, {"connect_timeout_s": 9}, {"answer_timeout_s": 9}],
    ids=str,
)
def test_what_sftis_profile_is_set_to_reaches_the_channel(given: dict[str, Any]) -> None:
    before, after = OperatorSection(**SFTI), OperatorSection(**{**SFTI, **given})
    assert sfti_settings(before) != sfti_settings(after)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "url and token or token_file are missing for kind rest"),
        ({"url": "https://operator.example"}, "token or token_file is missing for kind rest"),
        ({**OPERATOR, "kind": "sfti"}, "host and partners_file are missing for kind sfti"),
    ],
)
def test_what_a_kind_of_operator_needs_is_told(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        OperatorSection(**given)


def test_a_secret_in_a_file_reaches_the_channel(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("hunter2\n")
    section = LetterSection(url="https://print.example", token_file=file)
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
    with pytest.raises(ConfigError, match=told):
        layers.load(flags, environment={})


@pytest.mark.parametrize(
    "key",
    [key for key in layers.every_key() if key.name.startswith(("http.", "worker."))],
    ids=lambda key: key.name,
)
def test_every_other_setting_is_read_by_the_composition_root(key: layers.Key) -> None:
    source = (Path(config.__file__).parent / "app.py").read_text("utf-8")
    name = key.name.rpartition(".")[2]
    if name == "listen":
        assert "http.host" in source and "http.port" in source
    else:
        assert f"settings.{key.name}" in source or f"section.{name}" in source


@pytest.mark.parametrize("name", names(config.Links))
def test_every_setting_of_links_is_read_by_the_composition_root(name: str) -> None:
    source = (Path(config.__file__).parent / "app.py").read_text("utf-8")
    assert f"section.{name}" in source


@pytest.mark.parametrize("name", sorted(set(config.Fetch.model_fields) - {"ca_file"}))
def test_every_setting_of_fetching_reaches_it(name: str) -> None:
    plain = config.Fetch()
    set_ = config.Fetch(**{name: other(plain, name)})
    assert (fetch_rules(plain), fetch_limits(plain)) != (fetch_rules(set_), fetch_limits(set_))
