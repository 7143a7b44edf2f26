"""The settings of drop folders."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import ClassVar, Literal, Self
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import Field, SecretStr, model_validator

from gateway.section import Section


class Drops(Section):
    """Drop folders: companies whose ERPs hand in and take over files. See
    docs/howto/hand-in-by-folder.md."""

    absent: ClassVar[str] = "nobody has a drop folder"

    folders: dict[str, str] = Field(
        min_length=1,
        examples=[
            {
                "com_01933333-0000-7000-8000-000000000001": "/srv/drop/ours",
                "com_01933333-0000-7000-8000-000000000002": "sftp://budkavle@erp.example.com/drop",
            }
        ],
    )
    """The folder of each company, by the company's id: a path on this machine, or
    `sftp://user@host:port/path` on a partner's server, which needs the extra `sftp`. It has to be
    there; `in`, `done` and `error` are made in it."""

    host_keys: dict[str, str] = Field(
        default={}, examples=[{"erp.example.com": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI..."}]
    )
    """The public key of each such server, by host, or by host:port where there are several: type
    and base64. A server with another key is not talked to."""

    client_key: SecretStr | None = None
    """Our private key to log in to them with: OpenSSH's form or PEM; locked in PEM (PKCS #8)
    alone."""

    client_key_file: Path | None = Field(default=None, examples=["/run/secrets/drop-key"])
    """File that holds the key."""

    passphrase: SecretStr | None = None
    """What the key is locked with, if it is."""

    passphrase_file: Path | None = Field(default=None, examples=["/run/secrets/drop-passphrase"])
    """File that holds the passphrase."""

    every_s: float = Field(default=10, gt=0)
    """How often each folder is looked into."""

    settle_s: float = Field(default=5, ge=0)
    """How long a file has to look the same before it is taken. 0: for ERPs that give a file its
    name once it is whole."""

    status: Literal["json", "csv"] = "json"
    """The form of the files in `status`."""

    max_bytes: int = Field(default=25 * 1024 * 1024, ge=1024)
    """Most bytes of a document and the files beside it."""

    connect_timeout_s: float = Field(default=30, gt=0)
    """Longest time for connecting and logging in to a server."""

    visit_s: float = Field(default=300, gt=0)
    """Longest time for one visit to a server."""

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Self:
        faults = [
            f"folders.{company_id}: {wrong}"
            for company_id, where in self.folders.items()
            if (wrong := self._wrong(where))
        ]
        if len({where.rstrip("/") for where in self.folders.values()}) < len(self.folders):
            faults.append("folders: two companies have the same one")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _wrong(self, where: str) -> str | None:
        if "://" not in where:
            return None if PurePosixPath(where).is_absolute() else "expected a path from the root"
        server = address(where)
        if server is None:
            return "expected sftp://user@host:port/path"
        if self.host_key(server) is None:
            return f"host_keys has no key of {server.hostname}"
        return None if self.client_key else "client_key or client_key_file is missing"

    def host_key(self, server: SplitResult) -> str | None:
        """The key of a server."""
        both = f"{server.hostname}:{server.port or 22}"
        return self.host_keys.get(both) or self.host_keys.get(server.hostname or "")


def address(where: str) -> SplitResult | None:
    """An address of a folder on a server; None where it is none. A password in it is none of ours:
    addresses are shown."""
    try:
        found = urlsplit(where)
        whole = found.scheme == "sftp" and found.hostname and found.username
        plain = found.password is None and not found.query and not found.fragment
        known = found.port is None or found.port > 0
        return found if whole and plain and known else None
    except ValueError:
        return None


def directory(server: SplitResult) -> str:
    """The path on the server."""
    return unquote(server.path) or "/"
