"""The settings of verification and of the signing services.

In charge of the sections. Not in charge of what is made of them (`gateway.verifying`).
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import Field, SecretStr, model_validator

from gateway.section import Section


class Trust(Section):
    """Who companies are: whether they have to prove it, and what is done until they have."""

    verification: Literal["none", "required"] = "none"
    """`none`: the operator knows the companies, and vouches for them. `required`: a company neither
    sends nor receives before it is verified. Whoever carries documents for others in Peppol has to
    ask for it."""

    outgoing: Literal["refuse", "hold"] = "refuse"
    """What becomes of a document that a company hands in before it is verified. `refuse`: it is not
    taken, and its ledger is told at once. `hold`: it is taken, and held until it may go."""

    incoming: Literal["refuse", "hold"] = "refuse"
    """What becomes of a document for such a company. `refuse`: its sender is told that the company
    takes none (in Peppol `NOT_SERVICED`). `hold`: it is taken, and stays in the inbox until the
    company is verified."""

    approve: Literal["signature", "operator"] = "signature"
    """Whether a signature is enough, or the operator looks at it first."""

    request_days: int = Field(default=14, ge=1, le=365)
    """For how many days an invitation can be signed."""

    recheck_days: int = Field(default=365, ge=1, le=3650)
    """After so many days a company has to be verified anew."""

    grace_days: int = Field(default=30, ge=0, le=365)
    """How many days it has for that, and after a change of its name, numbers, administrator or
    accounts. Then it neither sends nor receives."""

    warn_days: list[int] = Field(default=[14, 3], max_length=10)
    """So many days before that its people are told once more."""

    signer: Literal["visma_sign", "bankid"] | None = Field(default=None, examples=["bankid"])
    """The usual signing service, where both are set up; by default Visma Sign."""

    provider: str = Field(default="Budkavle", min_length=1, max_length=200, examples=["Ekonomi AB"])
    """The name of the service, in the text that is signed."""

    url: str | None = Field(
        default=None, examples=["https://invoices.example.com"], pattern=r"^https?://[^\s?#]+$"
    )
    """The address of the outer listener as people see it: links to our own signing page (BankID)
    lead there, to `/sign/`."""

    proxies: int = Field(default=0, ge=0, le=10)
    """How many proxies of yours stand before the outer listener: the address of whoever signs is
    read so far from the end of `X-Forwarded-For`."""

    @model_validator(mode="after")
    def _warnings_within_the_grace(self) -> Self:
        days = self.warn_days
        if any(not 0 < day < max(self.grace_days, 1) for day in days) and self.grace_days:
            raise ValueError("warn_days are days before the end of grace_days, and fewer")
        if days != sorted(days, reverse=True) or len(set(days)) < len(days):
            raise ValueError("warn_days begin with the most days, each once")
        return self


class VismaSign(Section):
    """Visma Sign: whoever acts for a company signs a PDF there, with their bank's identity."""

    absent: ClassVar[str] = "companies can not be asked to sign with Visma Sign"

    url: str = Field(default="https://sign.visma.net", pattern=r"^https?://[^\s?#]+$")
    """Base address of the service."""

    identifier: str = Field(
        min_length=1, max_length=100, examples=["5e7f0a2e-6d1c-4f7e-9f3c-1b2d3e4f5a6b"]
    )
    """The identifier of your organisation there."""

    secret: SecretStr | None = None
    """Its secret, in base64: every request is signed with it."""

    secret_file: Path | None = Field(default=None, examples=["/run/secrets/visma-sign"])
    """File that holds it."""

    identifier_type: str | None = Field(default=None, max_length=50, examples=["ssn"])
    """What Visma Sign calls the kind of personal number that who signs is matched with. Without it
    no personal number is sent there."""

    poll_s: float = Field(default=300, ge=1)
    """How often is asked how far a request is."""

    connect_timeout_s: float = Field(default=30, gt=0)
    """Longest time for connecting."""

    answer_timeout_s: float = Field(default=60, gt=0)
    """Longest time for a call, its answer included."""

    @model_validator(mode="after")
    def _has_a_secret(self) -> Self:
        if self.secret is None:
            raise ValueError("secret or secret_file is missing")
        return self


class BankId(Section):
    """BankID (Sweden): whoever acts for a company signs a text in the app, on a page of ours at
    `/sign/` of the outer listener. `trust.url` says where people find it."""

    absent: ClassVar[str] = "companies can not be asked to sign with BankID"

    network: Literal["production", "test"] = "test"
    """BankID's production, or its test environment."""

    url: str | None = Field(
        default=None, examples=["http://127.0.0.1:9000/rp/v6.0"], pattern=r"^https?://[^\s?#]+$"
    )
    """Address of the interface, where it is neither of them."""

    key_store: Path | None = Field(default=None, examples=["/etc/budkavle/bankid.p12"])
    """Our certificate for relying parties and its key: PKCS #12 (`.p12`, `.pfx`) or PEM. BankID
    knows us by it."""

    key_password: SecretStr | None = None
    """Password of the key."""

    key_password_file: Path | None = Field(default=None, examples=["/run/secrets/bankid-key"])
    """File that holds it."""

    ca_file: Path | None = Field(default=None, examples=["/etc/budkavle/bankid-ca.pem"])
    """BankID's own authority (PEM): its servers' certificates are no one else's."""

    connect_timeout_s: float = Field(default=10, gt=0)
    """Longest time for connecting."""

    answer_timeout_s: float = Field(default=30, gt=0)
    """Longest time for a call, its answer included."""

    @model_validator(mode="after")
    def _has_a_certificate(self) -> Self:
        if self.url is None and (self.key_store is None or self.ca_file is None):
            raise ValueError("key_store and ca_file are missing: BankID knows us by a certificate")
        return self
