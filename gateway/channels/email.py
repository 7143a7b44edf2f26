"""The e-mail channel: its settings, and how it is made of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from gateway.channels.parts import Parts
from gateway.section import Channel, ConfigError, revealed
from transports.email import driver
from transports.email.address import fault, normal
from transports.email.bounces import BounceSettings
from transports.email.connections import Relay, Tls
from transports.email.driver import EmailSettings
from transports.email.mailbox import MailboxSettings
from transports.email.signing import Keys, load
from transports.email.terms import Attachments


class Email(Channel):
    """The e-mail channel: the mail server that takes our messages."""

    host: str = Field(examples=["mail.example.com"])
    """Name or address of the mail server."""

    port: int | None = Field(default=None, ge=1, le=65535, examples=[587])
    """Its port; by default the one that goes with `tls`: 25, 587 or 465."""

    tls: Literal["none", "starttls", "implicit"] = "starttls"
    """How the connection is made safe. `starttls` is demanded, not merely tried; `none` is for
    loopback and trusted networks."""

    ca_file: Path | None = Field(default=None, examples=["/etc/ssl/mail-ca.pem"])
    """Certificates to trust (PEM) instead of the system's."""

    username: str | None = Field(default=None, examples=["budkavle"])
    """Name to log in with."""

    password: SecretStr | None = None
    """Password to log in with."""

    password_file: Path | None = Field(default=None, examples=["/run/secrets/mail"])
    """File that holds the password."""

    hello_name: str | None = Field(default=None, examples=["gateway.example.com"])
    """Name we say in EHLO; by default this machine's."""

    sender: str = Field(examples=["invoices@example.com"])
    """Address every message comes from; answers go to the company's own address."""

    attach_xml: bool = False
    """Whether the UBL goes along beside the PDF."""

    attachments: Literal["separate", "merged", "link"] = "separate"
    """Whether attachments go each by itself, as they came, or merged with the invoice into one PDF.
    What can not be merged goes by itself, and so do all where together they are larger than
    `files_limit_bytes`. With `link` no file goes: the recipient fetches them ([links])."""

    files_limit_bytes: int = Field(default=5 * 1024 * 1024, ge=0)
    """Largest sum of the files in a message, before encoding; more takes another channel."""

    max_connections: int = Field(default=4, ge=1, le=100)
    """How many connections to the mail server are open at once."""

    messages_per_connection: int = Field(default=100, ge=1)
    """After so many messages a new connection is opened; some servers count and cut off."""

    connect_timeout_s: float = Field(default=30, gt=0)
    """Longest time for connecting, TLS and login."""

    reply_timeout_s: float = Field(default=300, gt=0)
    """Longest time for an answer while a message is handed over (RFC 5321 4.5.3.2)."""

    end_timeout_s: float = Field(default=600, gt=0)
    """Longest time for the answer after a whole message; giving up early makes doubles."""

    dkim_folder: Path | None = Field(default=None, examples=["/etc/budkavle/dkim"])
    """Folder of the keys that messages are signed with (DKIM), in files `<domain>/<selector>.pem`:
    RSA or Ed25519, PEM, without a password. A company may send from an address of such a domain."""

    name_servers: list[str] = Field(default=[], examples=[["10.0.0.53"]])
    """Addresses of the name servers that `budkavle doctor` asks for what the keys need in DNS,
    instead of the machine's."""

    name_server_port: int = Field(default=53, ge=1, le=65535)
    """Their port."""

    bounce_domain: str | None = Field(default=None, examples=["bounce.example.com"])
    """Domain of the addresses that messages bounce to, each delivery to its own; mail to any
    address there that begins with `b+` has to come to the bounce mailbox. Without it nothing is
    learned after a message was handed over."""

    bounce_host: str | None = Field(default=None, examples=["imap.example.com"])
    """Name or address of the IMAP server that has the bounce mailbox."""

    bounce_port: int | None = Field(default=None, ge=1, le=65535, examples=[993])
    """Its port; by default the one that goes with `bounce_tls`: 993 or 143."""

    bounce_tls: Literal["none", "starttls", "implicit"] = "implicit"
    """How that connection is made safe; `none` is for loopback and trusted networks."""

    bounce_username: str | None = Field(default=None, examples=["bounces"])
    """Name to log in to the bounce mailbox with."""

    bounce_password: SecretStr | None = None
    """Password to log in with."""

    bounce_password_file: Path | None = Field(default=None, examples=["/run/secrets/bounces"])
    """File that holds the password."""

    bounce_folder: str = Field(default="INBOX", pattern=r"^[ -~]{1,200}$")
    """Folder that is read."""

    bounce_done_folder: str | None = Field(
        default=None, pattern=r"^[ -~]{1,200}$", examples=["Taken"]
    )
    """Folder that messages are moved to when they have been taken; by default they stay and are
    flagged as seen. What is not understood stays where it is."""

    bounce_every_s: float = Field(default=60, gt=0)
    """How often the bounce mailbox is looked at."""

    given_up_days: int = Field(default=3, ge=1)
    """A message that was delayed, and of which nothing else was heard for so long, counts as
    failed: the document goes on to its next channel."""

    @model_validator(mode="after")
    def _bounces_whole(self) -> Self:
        wanted = ("bounce_domain", "bounce_host", "bounce_username", "bounce_password")
        there = [name for name in wanted if getattr(self, name) is not None]
        if there and len(there) < len(wanted):
            missing = [name for name in wanted if name not in there]
            raise ValueError(f"{there[0]} goes with {', '.join(missing)}, which is missing")
        domain = self.bounce_domain
        if domain is not None and (wrong := fault(f"b@{domain}")):
            raise ValueError(f"bounce_domain: {wrong}")
        return self


def email_settings(section: Email) -> EmailSettings:
    """The e-mail channel's own settings. Raises ConfigError when the DKIM keys can not be used."""
    return EmailSettings(
        relay=relay_settings(section),
        sender=section.sender,
        attach_xml=section.attach_xml,
        files_limit_bytes=section.files_limit_bytes,
        attachments=Attachments(section.attachments),
        keys=dkim_keys(section),
        bounces=_bounces(section),
        reply_timeout_s=section.reply_timeout_s,
        end_timeout_s=section.end_timeout_s,
    )


def relay_settings(section: Email) -> Relay:
    """The mail server that takes our messages."""
    return Relay(
        host=section.host,
        port=section.port,
        tls=Tls(section.tls),
        ca_file=section.ca_file,
        username=section.username,
        password=revealed(section.password),
        hello_name=section.hello_name,
        connect_timeout_s=section.connect_timeout_s,
        max_connections=section.max_connections,
        messages_per_connection=section.messages_per_connection,
    )


def dkim_keys(section: Email) -> Keys:
    """The keys that messages are signed with. Raises ConfigError that says all that is wrong."""
    if section.dkim_folder is None:
        return Keys()
    try:
        return load(section.dkim_folder)
    except ValueError as error:
        faults = (f"email.dkim_folder: {line}" for line in str(error).splitlines())
        raise ConfigError("\n".join(faults)) from error


def _bounces(section: Email) -> BounceSettings | None:
    if section.bounce_domain is None:
        return None
    return BounceSettings(
        domain=normal(f"b@{section.bounce_domain}").removeprefix("b@"),
        mailbox=mailbox_settings(section),
        every_s=section.bounce_every_s,
        given_up_days=section.given_up_days,
    )


def mailbox_settings(section: Email) -> MailboxSettings:
    """Where the bounce mailbox is, of a section that has one."""
    return MailboxSettings(
        host=section.bounce_host or "",
        username=section.bounce_username or "",
        password=revealed(section.bounce_password) or "",
        port=section.bounce_port,
        tls=Tls(section.bounce_tls),
        ca_file=section.ca_file,
        folder=section.bounce_folder,
        done_folder=section.bounce_done_folder,
        timeout_s=section.connect_timeout_s,
    )


def make(section: Email, parts: Parts) -> driver.Email:
    """The channel. Raises ConfigError."""
    store = parts.store
    kept: list[bytes] = []

    async def secret() -> bytes:
        if not kept:
            kept.append(await store.secret("bounces", os.urandom(32)))
        return kept[0]

    return driver.Email(
        email_settings(section),
        now=parts.clock.now,
        secret=secret,
        register=parts.register("email"),
    )
