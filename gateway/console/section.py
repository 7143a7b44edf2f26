"""What can be set of the console, and of signing in elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import Field, SecretStr, model_validator

from gateway.section import Section


class Console(Section):
    """The console: pages for people, at `/console` of the API's listener."""

    url: str | None = Field(
        default=None, pattern=r"^https?://[^\s/?#]+$", examples=["https://gateway.example.com"]
    )
    """The address that people see it at, which links in letters begin with; by default that of
    `http.listen`. With `https`, cookies go over TLS alone."""

    idle_s: float = Field(default=1800, ge=60)
    """A session ends when nobody used it for so long."""

    longest_s: float = Field(default=12 * 3600, ge=300)
    """A session ends after so long, however busy it is."""

    second_factor: Literal["operators", "everyone", "nobody"] = "operators"
    """Of whom a second factor is demanded. Others may turn theirs on."""

    per_minute: int = Field(default=20, ge=1)
    """How often one address may fail to sign in in a minute; by one name half as often."""

    proxies: int = Field(default=0, ge=0, le=10)
    """How many proxies of yours stand before the listener: the client is read so far from the end
    of `X-Forwarded-For`."""


class Oidc(Section):
    """Signing in to the console at an identity provider (OpenID Connect). See
    docs/howto/let-people-in.md."""

    absent: ClassVar[str] = "people sign in with their passwords"

    issuer: str = Field(examples=["https://login.example.com"], pattern=r"^https?://[^\s?#]+$")
    """The provider, exactly as it names itself (`iss`)."""

    client_id: str = Field(examples=["budkavle"], min_length=1)
    """How it knows us."""

    client_secret: SecretStr | None = None
    """Our secret there; a public client has none."""

    client_secret_file: Path | None = Field(default=None, examples=["/run/secrets/oidc"])
    """File that holds the secret."""

    name: str = Field(default="OpenID Connect", min_length=1, max_length=60, examples=["Entra ID"])
    """What the button calls it."""

    ca_file: Path | None = Field(default=None, examples=["/etc/ssl/login-ca.pem"])
    """Certificates to trust (PEM) instead of the system's."""

    allow_http: bool = False
    """Whether it may be at an http address: for tests and closed networks."""

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if not self.issuer.startswith("https://") and not self.allow_http:
            raise ValueError("issuer must begin with https://, unless allow_http is set")
        return self
