"""The settings of e-mail that comes in."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import Field, SecretStr, model_validator

from gateway.section import Section, revealed
from transports.email.address import fault
from transports.email.connections import Tls
from transports.email.mailbox import MailboxSettings


class MailIn(Section):
    """E-mail in: a mailbox that documents come to. `<inbox_name>+<token>@<domain>` is a company's
    address for its suppliers, `<hand_in_name>+<token>@<domain>` the one it hands in at. See
    docs/howto/hand-in-by-mail.md."""

    absent: ClassVar[str] = "no documents come by e-mail"

    domain: str = Field(examples=["in.example.com"])
    """Domain of the companies' addresses; mail to any address there has to come to the mailbox."""

    inbox_name: str = Field(default="invoice", pattern=r"^[a-z0-9][a-z0-9._-]{0,40}$")
    """What addresses for suppliers begin with."""

    hand_in_name: str = Field(default="send", pattern=r"^[a-z0-9][a-z0-9._-]{0,40}$")
    """What addresses for handing in begin with."""

    addresses: dict[str, str] = Field(
        default={},
        examples=[{"faktura@ours.example": "com_01933333-0000-7000-8000-000000000001"}],
    )
    """Other addresses for suppliers, each with the id of its company: a company's own address from
    which mail is forwarded to the mailbox."""

    host: str = Field(examples=["imap.example.com"])
    """Name or address of the IMAP server."""

    port: int | None = Field(default=None, ge=1, le=65535, examples=[993])
    """Its port; by default the one that goes with `tls`: 993 or 143."""

    tls: Literal["none", "starttls", "implicit"] = "implicit"
    """How the connection is made safe; `none` is for loopback and trusted networks."""

    ca_file: Path | None = Field(default=None, examples=["/etc/ssl/mail-ca.pem"])
    """Certificates to trust (PEM) instead of the system's."""

    username: str = Field(examples=["documents"])
    """Name to log in with."""

    password: SecretStr | None = None
    """Password to log in with."""

    password_file: Path | None = Field(default=None, examples=["/run/secrets/documents"])
    """File that holds the password."""

    folder: str = Field(default="INBOX", pattern=r"^[ -~]{1,200}$")
    """Folder that is read."""

    done_folder: str = Field(default="Taken", pattern=r"^[ -~]{1,200}$")
    """Folder that mails are moved to once they are taken. It has to be there."""

    aside_folder: str = Field(default="Aside", pattern=r"^[ -~]{1,200}$")
    """Folder of mails that nobody has taken, for a person to look at: to an address that is not
    known, without any file, or handed in by somebody who may not. It has to be there."""

    authserv_id: str | None = Field(default=None, examples=["mx.example.com"])
    """The name that your mail server writes its findings under (`Authentication-Results`, RFC
    8601). It must take such headers away from mail that brings its own. Without it nobody can hand
    in."""

    proof: Literal["dmarc", "dkim", "any"] = "any"
    """What has to be proved of who hands in: that the domain of `From` says so by DMARC, or has
    signed the mail (DKIM)."""

    every_s: float = Field(default=30, gt=0)
    """How often the mailbox is looked at."""

    max_bytes: int = Field(default=25 * 1024 * 1024, ge=1024)
    """Largest mail that is taken; a larger one is put aside."""

    timeout_s: float = Field(default=60, gt=0)
    """Longest time for each answer of the server."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        faults = [] if self.password is not None else ["password or password_file is missing"]
        if wrong := fault(f"x@{self.domain}"):
            faults.append(f"domain: {wrong}")
        if self.inbox_name == self.hand_in_name:
            faults.append("inbox_name and hand_in_name are the same")
        faults += [f"addresses: {one}: {wrong}" for one in self.addresses if (wrong := fault(one))]
        if len({self.folder, self.done_folder, self.aside_folder}) < 3:
            faults.append("folder, done_folder and aside_folder are three")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def mailbox(self) -> MailboxSettings:
        """Where the mailbox is."""
        return MailboxSettings(
            host=self.host,
            username=self.username,
            password=revealed(self.password) or "",
            port=self.port,
            tls=Tls(self.tls),
            ca_file=self.ca_file,
            folder=self.folder,
            done_folder=self.done_folder,
            timeout_s=self.timeout_s,
        )
