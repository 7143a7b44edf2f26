"""Settings: what can be set, what it is for, and which values make sense together.

In charge of the sections and their checks. Not in charge of where values come from
(`gateway.layers`), nor of acting on them (`gateway.app`). docs/reference/settings.md and the sample
file are generated from this file.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

if TYPE_CHECKING:
    from gateway.archive.days import Days

from gateway.channels.avtalegiro import AvtaleGiro
from gateway.channels.bank_se import BankSe
from gateway.channels.efaktura_no import EfakturaNo
from gateway.channels.email import Email
from gateway.channels.kivra import Kivra
from gateway.channels.letter import Letter
from gateway.channels.operator import Operator
from gateway.channels.vipps import Vipps
from gateway.console.section import Console, Oidc
from gateway.drops.section import Drops
from gateway.mail_in.section import MailIn
from gateway.section import Channel, Section
from gateway.trust.settings import BankId, Trust, VismaSign

PREFIX = "BUDKAVLE_"


class Http(Section):
    """The HTTP API."""

    listen: str = Field(default="127.0.0.1:8080", pattern=r"^.+:\d{1,5}$")
    """Address and port to listen on; port 0 takes a free one."""

    max_body_bytes: int = Field(default=25 * 1024 * 1024, ge=1024)
    """Largest request body taken; a larger one is answered with 413."""

    idle_body_s: float = Field(default=30, gt=0)
    """A request whose body brings no byte for so long is answered with 408."""

    long_poll_s: float = Field(default=60, gt=0, le=600)
    """Longest time that `wait=` may keep an events or inbox request open."""

    drain_s: float = Field(default=5, ge=0)
    """How long a gateway that is told to stop lets requests under way go on."""

    public_url: str | None = Field(
        default=None, pattern=r"^https?://[^/?#\s]+$", examples=["https://invoices.example"]
    )
    """Where ledgers reach the API; OAuth2's metadata names it. By default what they call it."""

    requests_per_minute: int = Field(default=600_000, ge=1)
    """How often each company may ask, of each process: so many may come at once after a pause, and
    then they come evenly. More are answered with 429."""

    most_failures: int = Field(default=100, ge=1)
    """After so many keys that are nobody's, from one address (of IPv6: one /64) or with the same
    beginning, others from there are answered with 429 for the rest of ten minutes. Whose key was
    good before is let in."""

    proxies: int = Field(default=0, ge=0, le=10)
    """How many proxies of yours stand before the API: the client is read so far from the end of
    `X-Forwarded-For`."""

    @field_validator("listen")
    @classmethod
    def _has_a_port(cls, listen: str) -> str:
        if int(listen.rpartition(":")[2]) > 65535:
            raise ValueError("a port is at most 65535")
        return listen

    @property
    def host(self) -> str:
        """The address part of `listen`."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port part of `listen`."""
        return int(self.listen.rpartition(":")[2])


class Worker(Section):
    """The worker that checks, routes and delivers."""

    concurrency: int = Field(default=64, ge=1, le=1000)
    """How many documents are worked on at once, three quarters of them for one channel at most.
    Each is in memory with its files."""

    lease_s: float = Field(default=30, ge=1)
    """How long a document belongs to a worker that gives no sign of life."""

    poll_s: float = Field(default=1, gt=0)
    """How late, at most, a document that is due is noticed."""

    collect_every_s: float = Field(default=10, gt=0)
    """How often the channels are asked for late results."""

    call_limit_s: float = Field(default=1200, gt=0)
    """Longest time for one call of a channel, whatever the channel's own limits are."""

    drain_s: float = Field(default=25, ge=0)
    """How long a gateway that is told to stop lets the work under way go on. What is cut off is
    taken up again after the next start."""

    processes: int | None = Field(default=None, ge=0, le=64)
    """How many processes read, check and draw documents beside the gateway's own. 0: it does so
    itself; by default one for each processor, at most 8, and none where there is one processor."""

    work_limit_s: float = Field(default=60, gt=0)
    """Longest time for reading and checking one document, or for drawing it, in such a process. A
    document that takes longer is held."""

    work_memory_bytes: int = Field(default=1024**3, ge=256 * 1024**2)
    """Most memory that such a process may take."""


class Retention(Section):
    """How long what is kept, in days since a document was accepted. A company, and a kind of
    document, may have days of its own: `budkavle retention set`."""

    content_days: int = Field(default=3288, ge=90)
    """The documents themselves. Nine years cover seven after the calendar year in which the
    financial year ended, whatever the financial year."""

    evidence_days: int = Field(default=3288, ge=90)
    """What went over the wire, findings, plan and envelope."""

    event_days: int = Field(default=400, ge=90)
    """Events, in the feed and in a document's timeline."""

    row_days: int = Field(default=3288, ge=90)
    """Everything else about a document; not less than any of the others."""

    key_days: int = Field(default=90, ge=1)
    """Idempotency keys: so long a repeated request makes no second document."""

    message_days: int = Field(default=90, ge=62)
    """Messages of networks, with their receipts: so long a message that comes again is known, and
    the reports of a month can be made. Two months at least, so that a month's are whole when they
    are due."""

    audit_days: int = Field(default=3653, ge=400)
    """Audit entries."""

    export_file_bytes: int = Field(default=500_000_000, ge=1)
    """Size of a ZIP of an archive export, before compression; a larger export has more of them."""

    @model_validator(mode="after")
    def _go_together(self) -> Self:
        self.days()
        return self

    def days(self) -> Days:
        """The days of documents. Raises ValueError when they do not go together."""
        from gateway.archive.days import Days

        return Days(self.content_days, self.evidence_days, self.event_days, self.row_days)


class Store(Section):
    """A PostgreSQL database for everything that is kept, shared by any number of gateways."""

    absent: ClassVar[str] = "everything is kept in a SQLite file in the data directory"

    url: SecretStr | None = Field(
        default=None, examples=["postgresql://budkavle:secret@db.example.com/budkavle"]
    )
    """Address of the database, version 14 or newer, with name and password. `budkavle migrate`
    makes its tables."""

    url_file: Path | None = Field(default=None, examples=["/run/secrets/database"])
    """File that holds the address."""

    connections: int = Field(default=12, ge=4, le=200)
    """Most connections of one gateway to the database; one more is for listening."""

    @model_validator(mode="after")
    def _has_url(self) -> Self:
        if self.url is None:
            raise ValueError("url or url_file is missing")
        if not self.url.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("url must begin with postgresql://")
        return self

    @property
    def address(self) -> str:
        """The address, secret as it is."""
        assert self.url is not None
        return self.url.get_secret_value()


class Blobs(Section):
    """An S3 bucket for files of more than 64 KB: attachments, PDFs, what went over the wire."""

    absent: ClassVar[str] = "large files lie in the data directory"

    bucket: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", examples=["budkavle"])
    """Name of the bucket; it must be there."""

    endpoint: str | None = Field(
        default=None, pattern=r"^https?://[^/]+/?$", examples=["https://s3.example.com"]
    )
    """Address of a server that speaks S3; by default Amazon's."""

    region: str = "us-east-1"
    """Region of the bucket. Most servers that are not Amazon's take any."""

    prefix: str = Field(default="", pattern=r"^([A-Za-z0-9_-][A-Za-z0-9._/-]{0,200})?$")
    """What the name of every object begins with, when the bucket holds other things too."""

    access_key_id: str | None = Field(default=None, examples=["AKIA..."])
    """Access key; by default what the machine or its role gives (environment, metadata service)."""

    secret_access_key: SecretStr | None = None
    """Its secret."""

    secret_access_key_file: Path | None = Field(default=None, examples=["/run/secrets/s3"])
    """File that holds the secret."""

    connect_timeout_s: float = Field(default=5, gt=0)
    """Longest time for connecting."""

    answer_timeout_s: float = Field(default=30, gt=0)
    """Longest time for one request, its bytes included."""

    give_up_s: float = Field(default=20, gt=0)
    """So long a request that fails is repeated; then whoever hands a document in is told to come
    again later."""

    @model_validator(mode="after")
    def _has_both(self) -> Self:
        if (self.access_key_id is None) != (self.secret_access_key is None):
            raise ValueError("access_key_id and secret_access_key go together")
        return self


class Encryption(Section):
    """Encryption of stored files, small and large, with a key for each company. See
    docs/howto/encrypt-at-rest.md."""

    absent: ClassVar[str] = "nothing is encrypted"

    ring_file: Path = Field(examples=["/run/secrets/budkavle-ring"])
    """The key ring: a file of master keys, the current one first. `budkavle encryption add`
    makes it. Without it what was encrypted can not be read: keep a copy, apart from the data."""


class Outer(Section):
    """The outer listener: what partners post to us. Only there when a channel needs it."""

    listen: str = Field(default="127.0.0.1:8081", pattern=r"^.+:\d{1,5}$")
    """Address and port to listen on; port 0 takes a free one. TLS ends before it."""


class Links(Section):
    """Link pages: what is too large for an e-mail is shown to its recipient, and fetched, at
    `/d/` of the outer listener."""

    url: str = Field(examples=["https://invoices.example.com"], pattern=r"^https?://[^\s?#]+$")
    """The address of the outer listener as recipients see it."""

    days: int = Field(default=90, ge=1, le=3650)
    """For how many days a link opens."""

    per_minute: int = Field(default=60, ge=1)
    """Requests that one address, and one link, may make in a minute."""

    told_a_day: int = Field(default=3, ge=1, le=100)
    """How many openings of a link become events, each day."""

    proxies: int = Field(default=0, ge=0, le=10)
    """How many proxies of yours stand before the outer listener: the client is read so far from
    the end of `X-Forwarded-For`."""


class Lookup(Section):
    """What may be looked up before anything is sent: which way leads to a recipient."""

    per_minute: int = Field(default=120, ge=1)
    """Recipients that one company may ask for in a minute, one by one, in each process."""

    rows_per_s: float = Field(default=50, gt=0)
    """Customers of a file that are asked for in a second, of each company, by all its files."""


class Scan(Section):
    """A virus scanner that looks at every document, and at the files with it, before it is checked
    and sent: clamd, the daemon of ClamAV. What is sent to it is not encrypted."""

    absent: ClassVar[str] = "nothing is looked at"

    address: str = Field(
        pattern=r"^(unix:/.+|.+:\d{1,5})$",
        examples=["127.0.0.1:3310", "unix:/run/clamav/clamd.ctl"],
    )
    """Where it listens: address and port, or `unix:` and the path of its socket."""

    when_down: Literal["wait", "go_on"] = "wait"
    """What happens while it does not answer. `wait`: documents wait, and it is asked again;
    `go_on`: they are sent without having been looked at, and their timelines tell."""

    limit_s: float = Field(default=60, gt=0)
    """Longest time for looking at one file."""

    max_bytes: int = Field(default=25 * 1024 * 1024, ge=1024)
    """Largest file that it takes: its own `StreamMaxLength`. A document with a larger one is
    held."""

    at_once: int = Field(default=4, ge=1, le=100)
    """How many files it looks at together; not more than its own `MaxThreads`."""


class Peppol(Channel):
    """The Peppol channel: our own access point in the network."""

    network: Literal["production", "test"] = "test"
    """Which Peppol network; it says where participants are looked up."""

    zone: str | None = Field(default=None, examples=["participant.sml.test.tech.peppol.org"])
    """DNS zone of another network, instead of the one that `network` means."""

    name_servers: list[str] = Field(default=[], examples=[["10.0.0.53"]])
    """Addresses of the name servers to ask, instead of the machine's."""

    name_server_port: int = Field(default=53, ge=1, le=65535)
    """Their port."""

    key_store: Path = Field(examples=["/etc/budkavle/ap.p12"])
    """Our access point's key with its certificate: PKCS#12 (`.p12`, `.pfx`), or PEM."""

    key_password: SecretStr | None = None
    """Password of the key."""

    key_password_file: Path | None = Field(default=None, examples=["/run/secrets/ap-key"])
    """File that holds the password."""

    roots: list[Path] = Field(examples=[["/etc/budkavle/peppol-root.pem"]])
    """Root certificates of the network (PEM)."""

    access_point_cas: list[Path] = Field(examples=[["/etc/budkavle/peppol-ap-ca.pem"]])
    """CAs that issue access points' certificates (PEM)."""

    publisher_cas: list[Path] = Field(examples=[["/etc/budkavle/peppol-smp-ca.pem"]])
    """CAs that issue publishers' (SMP) certificates (PEM)."""

    revocation: Literal["hard", "soft", "off"] = "hard"
    """What it means when nobody can say whether a certificate was revoked: `hard` refuses it,
    `soft` takes it and logs that; `off` never asks."""

    host: str = Field(examples=["ap.example.com"], pattern=r"^[A-Za-z0-9.-]{1,200}$")
    """Right side of our message ids."""

    statuses: bool = True
    """Whether every document asks for a Message Level Status, not only one that fails."""

    plain_http: bool = False
    """Whether publishers may be at http addresses; for a network on loopback only."""

    max_connections: int | None = Field(default=None, ge=1, le=1000, examples=[16])
    """How many messages are handed over at once, each on a connection of its own; by default as
    many as the workers have places for."""

    trip_after: int = Field(default=5, ge=0)
    """After so many times in a row that the network itself (DNS) could not be asked, the channel is
    left in peace; 0: never. One access point or publisher that is down does not count: its
    documents wait, those for others go on."""

    answer_timeout_s: float = Field(default=180, gt=0)
    """Longest time without a byte while another access point takes a message in."""

    max_message_bytes: int = Field(default=64 * 1024 * 1024, ge=1024 * 1024)
    """Largest message taken, as it travels."""

    lookups_per_minute: int = Field(default=120, ge=1)
    """How many participants a company may look up in a minute (`POST /v1/lookup`)."""

    report_to: str | None = Field(default=None, examples=["9925:be0848934496"])
    """Participant that the monthly reports go to, on the second of each month; without one they
    are not sent (`budkavle report peppol` makes them)."""


class Publisher(Section):
    """Where our participants are registered in Peppol: with a publisher (SMP) of our own, or with
    somebody else's over its REST interface. It needs the channel `peppol`."""

    absent: ClassVar[str] = "participants are registered elsewhere, by hand"

    kind: Literal["own", "other"] = "own"
    """`own`: the outer listener serves what is published, and the SML is told by us. `other`: the
    publisher at `url` is told, and tells the SML itself."""

    url: str = Field(examples=["https://smp.example.com/smp"], pattern=r"^https?://[^\s?#]+$")
    """The address that the network knows the publisher by. Our own is at `/smp` of the outer
    listener."""

    access_point: str = Field(
        examples=["https://ap.example.com/as4"], pattern=r"^https?://[^\s?#]+$"
    )
    """The address that documents for our participants are posted to: `/as4` of the outer
    listener, as it is seen from outside."""

    id: str | None = Field(default=None, examples=["EXAMPLE-SMP"], pattern=r"^[!-~]{1,100}$")
    """How the SML knows our own publisher."""

    ip: str | None = Field(default=None, examples=["192.0.2.10"])
    """The IP address of our own publisher, which the SML asks for."""

    key_store: Path | None = Field(default=None, examples=["/etc/budkavle/smp.p12"])
    """Key and certificate: our own publisher signs with it and shows it to the SML; to another's
    it is shown where that asks for one. PKCS#12 (`.p12`, `.pfx`), or PEM."""

    key_password: SecretStr | None = None
    """Password of the key."""

    key_password_file: Path | None = Field(default=None, examples=["/run/secrets/smp-key"])
    """File that holds the password."""

    sml: str | None = Field(
        default=None, examples=["https://api.sml.test.tech.peppol.org/edelivery-sml"]
    )
    """Address of the SML's management, instead of the one that `peppol.network` means."""

    ca_file: Path | None = Field(default=None, examples=["/etc/ssl/sml-ca.pem"])
    """Certificates to trust for those connections (PEM), instead of the system's."""

    username: str | None = Field(default=None, examples=["gateway"], pattern=r"^[^:]+$")
    """User name at another's publisher."""

    password: SecretStr | None = None
    """Password there."""

    password_file: Path | None = Field(default=None, examples=["/run/secrets/smp-password"])
    """File that holds it."""

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Self:
        if self.kind == "own" and (self.key_store is None or self.id is None):
            raise ValueError("our own publisher needs key_store and id")
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password go together")
        return self


class Webhooks(Section):
    """Webhooks: events brought to servers that companies name."""

    limit_s: float = Field(default=20, gt=0, le=60)
    """Longest time for one message, its answer included."""

    most: int = Field(default=20, ge=1, le=1000)
    """How many webhooks a company may have."""

    ca_file: Path | None = Field(default=None, examples=["/etc/ssl/erp-ca.pem"])
    """Certificates to trust (PEM) instead of the system's."""

    allow_http: bool = False
    """Whether addresses may begin with `http://`: for tests and closed networks."""

    allow_private: bool = False
    """Whether addresses may lead into private networks and to this machine. Whoever has an API key
    can then have messages sent to whatever this machine reaches."""


class Fetch(Section):
    """Attachments that a document names by their address: we fetch them before it is sent."""

    max_file_bytes: int = Field(default=20 * 1024 * 1024, ge=1024)
    """Largest file that is fetched."""

    max_total_bytes: int = Field(default=25 * 1024 * 1024, ge=1024)
    """Most bytes of all attachments of a document together, those that came with it among them."""

    limit_s: float = Field(default=300, gt=0, le=3600)
    """Longest time for one try to get a file. What came by then is not asked for again, where the
    server can give the rest."""

    idle_s: float = Field(default=30, gt=0)
    """Longest time without a byte from the server."""

    give_up_s: float = Field(default=72 * 3600, gt=0, le=30 * 24 * 3600)
    """For so long a file that can not be had for now is tried again by itself; then its document is
    held for a person."""

    ca_file: Path | None = Field(default=None, examples=["/etc/ssl/erp-ca.pem"])
    """Certificates to trust (PEM) instead of the system's."""

    allow_http: bool = False
    """Whether addresses may begin with `http://`: for tests and closed networks."""

    allow_private: bool = False
    """Whether addresses may lead into private networks and to this machine. Whoever has an API key
    can then read whatever this machine reaches."""


class Log(Section):
    """The log, on standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severity that is written."""

    format: Literal["auto", "json", "text"] = "auto"
    """`json` one object a line, `text` for people; `auto`: text on a terminal, otherwise json."""


class Settings(BaseSettings):
    """All settings. A channel without its section is not set up; plans show "not configured"."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
    )

    data: Path = Path("data")
    """Directory for the database and everything else that is kept."""

    http: Http = Field(default_factory=Http)
    worker: Worker = Field(default_factory=Worker)
    webhooks: Webhooks = Field(default_factory=Webhooks)
    fetch: Fetch = Field(default_factory=Fetch)
    retention: Retention = Field(default_factory=Retention)
    log: Log = Field(default_factory=Log)
    console: Console = Field(default_factory=Console)
    oidc: Oidc | None = None
    store: Store | None = None
    blobs: Blobs | None = None
    encryption: Encryption | None = None
    scan: Scan | None = None
    avtalegiro: AvtaleGiro | None = None
    bank_se: BankSe | None = None
    efaktura_no: EfakturaNo | None = None
    email: Email | None = None
    kivra: Kivra | None = None
    letter: Letter | None = None
    operator: Operator | None = None
    peppol: Peppol | None = None
    publisher: Publisher | None = None
    vipps: Vipps | None = None
    outer: Outer = Field(default_factory=Outer)
    lookup: Lookup = Field(default_factory=Lookup)
    links: Links | None = None
    trust: Trust = Field(default_factory=Trust)
    visma_sign: VismaSign | None = None
    bankid: BankId | None = None
    drops: Drops | None = None
    mail_in: MailIn | None = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Values come in merged (`layers.load`), so that each one's source is known."""
        return (init_settings,)
