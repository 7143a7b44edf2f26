"""The e-mail channel: its settings, and how it is made of them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from gateway.channels.parts import Parts
from gateway.section import Channel, revealed
from transports.email import driver
from transports.email.connections import Relay, Tls
from transports.email.driver import EmailSettings
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


def email_settings(section: Email) -> EmailSettings:
    """The e-mail channel's own settings."""
    return EmailSettings(
        relay=Relay(
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
        ),
        sender=section.sender,
        attach_xml=section.attach_xml,
        files_limit_bytes=section.files_limit_bytes,
        attachments=Attachments(section.attachments),
        reply_timeout_s=section.reply_timeout_s,
        end_timeout_s=section.end_timeout_s,
    )


def make(section: Email, parts: Parts) -> driver.Email:
    """The channel."""
    return driver.Email(email_settings(section), now=parts.clock.now)
