"""The letter channel: its settings, and how it is made of them."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from gateway.channels.parts import Parts
from gateway.pdf.cover import draw
from gateway.section import Channel, ConfigError, revealed
from transports.letter import driver
from transports.letter.address import Window
from transports.letter.driver import LetterSettings
from transports.letter.enclosures import Limits as LetterLimits
from transports.letter.over_sftp import Directories
from transports.letter.terms import CoverPage
from transports.letter.wire import LetterClass
from transports.sftp import Server


class Letter(Channel):
    """The letter channel: the print house that prints and posts."""

    url: str | None = Field(
        default=None, pattern=r"^https?://", examples=["https://print.example.com"]
    )
    """Base address of the print house; or `sftp_host`, for one that takes files."""

    token: SecretStr | None = None
    """Token that the print house knows us by, at `url`."""

    token_file: Path | None = Field(default=None, examples=["/run/secrets/print"])
    """File that holds the token."""

    sftp_host: str | None = Field(default=None, min_length=1, examples=["sftp.print.example.com"])
    """Name or address of the print house's SFTP server, instead of `url`. Needs the extra `sftp`
    (`budkavle[sftp]`)."""

    sftp_port: int = Field(default=22, ge=1, le=65535)
    """Its port."""

    sftp_host_key: str | None = Field(
        default=None, examples=["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI..."]
    )
    """The server's public key, as the print house gives it to you: type and base64. A server with
    another key is not talked to."""

    sftp_username: str | None = Field(default=None, min_length=1, examples=["budkavle"])
    """Name to log in with."""

    sftp_password: SecretStr | None = None
    """Password to log in with; or a key."""

    sftp_password_file: Path | None = Field(default=None, examples=["/run/secrets/print-sftp"])
    """File that holds the password."""

    sftp_client_key: SecretStr | None = None
    """Our private key to log in with, in OpenSSH's or PEM form."""

    sftp_client_key_file: Path | None = Field(default=None, examples=["/run/secrets/print-key"])
    """File that holds the key."""

    sftp_jobs_directory: str = Field(default="in", min_length=1)
    """Where jobs go on the server."""

    sftp_answers_directory: str = Field(default="out", min_length=1)
    """Where the print house leaves what became of them."""

    colour: bool = False
    """Whether letters are printed in colour."""

    duplex: bool = True
    """Whether both sides of the paper are printed."""

    letter_class: Literal["standard", "priority"] = "standard"
    """How fast letters are carried."""

    cover_page: Literal["own_pdf", "always", "never"] = "own_pdf"
    """Whether a page with the address goes before the invoice, which counts as a page. `own_pdf`:
    where the invoice is a PDF of the sender's own, or `window_mm` is not where our invoices have
    the address; `never`: where the print house lays the address over the page itself."""

    window_mm: tuple[int, int, int, int] = (15, 44, 95, 30)
    """What the envelope's window shows of the first page: left, top, width and height, in
    millimetres from the page's top left corner. An address of more lines than it shows (4.7 mm
    each) can not be printed."""

    recognises_key: bool = True
    """Whether the print house knows a job by its key and prints a repeated one once. Where it does
    not, a letter whose fate is unknown is held for a person."""

    max_pages: int = Field(default=110, ge=1)
    """Most pages in a letter, attachments included."""

    max_attachments: int = Field(default=3, ge=0)
    """Most attachments printed with an invoice; with more, none is."""

    max_attachment_bytes: int = Field(default=50 * 1024 * 1024, ge=0)
    """Largest attachment that is printed."""

    max_merged_bytes: int = Field(default=20 * 1024 * 1024, ge=0)
    """Largest PDF that an invoice and its attachments are merged into; those that would be larger
    are handed over each by itself. 0: nothing is merged."""

    connect_timeout_s: float = Field(default=30, gt=0)
    """Longest time for connecting."""

    answer_timeout_s: float = Field(default=300, gt=0)
    """Longest time for handing a letter over, its answer included."""

    report_days: int = Field(default=30, ge=1)
    """How many days a report on a letter is expected."""

    @field_validator("window_mm")
    @classmethod
    def _is_on_the_page(cls, window: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
        left, top, width, height = window
        if (
            min(left, top) < 0
            or min(width, height) < 14
            or left + width > 210
            or top + height > 297
        ):
            raise ValueError("left, top, width and height of a box on A4 (210 x 297 mm)")
        return window

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        if (self.url is None) == (self.sftp_host is None):
            raise ValueError("url or sftp_host is wanted, and not both")
        if self.url is not None and self.token is None:
            raise ValueError("token or token_file is missing")
        if self.sftp_host is not None:
            wanted = {"sftp_host_key": self.sftp_host_key, "sftp_username": self.sftp_username}
            missing = [name for name, value in wanted.items() if value is None]
            if self.sftp_password is None and self.sftp_client_key is None:
                missing.append("sftp_password or sftp_client_key")
            if missing:
                raise ValueError(f"missing beside sftp_host: {', '.join(missing)}")
        return self


def letter_settings(section: Letter) -> LetterSettings:
    """The letter channel's own settings."""
    return LetterSettings(
        url=section.url or "",
        server=_server(section),
        directories=Directories(section.sftp_jobs_directory, section.sftp_answers_directory),
        token=revealed(section.token) or "",
        colour=section.colour,
        duplex=section.duplex,
        letter_class=LetterClass(section.letter_class),
        cover_page=CoverPage(section.cover_page),
        window=Window(*section.window_mm),
        recognises_key=section.recognises_key,
        limits=LetterLimits(
            pages=section.max_pages,
            attachments=section.max_attachments,
            attachment_bytes=section.max_attachment_bytes,
        ),
        merge_bytes=section.max_merged_bytes,
        connect_timeout_s=section.connect_timeout_s,
        answer_timeout_s=section.answer_timeout_s,
        report_days=section.report_days,
    )


def _server(section: Letter) -> Server | None:
    if section.sftp_host is None:
        return None
    return Server(
        host=section.sftp_host,
        port=section.sftp_port,
        username=section.sftp_username or "",
        host_key=section.sftp_host_key or "",
        password=revealed(section.sftp_password),
        client_key=revealed(section.sftp_client_key),
        connect_timeout_s=section.connect_timeout_s,
    )


def make(section: Letter, parts: Parts) -> driver.Letter:
    """The channel. Raises ConfigError where the extra for SFTP is missing."""
    if section.sftp_host is not None and find_spec("asyncssh") is None:
        raise ConfigError(
            "letter: the extra `sftp` is not installed; install budkavle[sftp], or give a url"
            " instead of sftp_host"
        )
    settings = letter_settings(section)
    return driver.Letter(settings, now=parts.clock.now, count=parts.count, draw=draw)
