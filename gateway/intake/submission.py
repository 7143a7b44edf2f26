"""What a company hands in: an invoice in JSON or UBL, and how it wishes it to be delivered.

In charge of the shape of the whole request, whatever its syntax: what is refused here is answered
at once and never stored. Not in charge of the business rules (`prepare`), nor of HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from lxml import etree
from pydantic import ConfigDict, Field, StrictBool, create_model

from gateway.intake import form, shape
from gateway.intake.json_invoice import InvoiceShape
from gateway.intake.kind import JSON as JSON
from gateway.intake.kind import XML as XML
from gateway.intake.package import opened
from gateway.intake.shape import TEXT, Shape
from schemas import forms
from schemas.forms import Form
from schemas.identifiers import CREDIT_NOTE_NAMESPACE, INVOICE_NAMESPACE
from transports.base import File
from validators.findings import Finding, Severity
from validators.pipeline import parse, plain_tag
from validators.profiles import UNKNOWN, of

Channel = Literal[
    "internal",
    "peppol",
    "operator",
    "bank_se",
    "kivra",
    "efaktura_no",
    "vipps",
    "avtalegiro",
    "email",
    "letter",
]


# What recipients are known by.
Email = Annotated[
    str,
    Field(
        max_length=254,  # RFC 5321, 4.5.3.1.3, less the angle brackets
        pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}"
        r"@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*$",
    ),
]
Phone = Annotated[str, Field(pattern=r"^\+?[0-9][0-9 ]{4,18}[0-9]$")]
PersonalNumber = Annotated[str, Field(pattern=r"^([0-9]{6}|[0-9]{8})[-+]?[0-9]{4}$|^[0-9]{11}$")]
Fmi = Annotated[str, Field(pattern=r"^[0-9]{10,12}\.[A-Z0-9]{1,4}\.[A-Z]{2}$")]
EfakturaId = Annotated[str, Field(pattern=r"^[0-9A-Za-z._-]{1,50}$")]


class FetchedFile(Shape):
    """A file that is to be fetched and goes along as an attachment."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    url: Annotated[str, Field(max_length=2000, pattern=r"^https?://[!-~]+$")]
    """Where it is: an `https` address that anybody may ask, with what it needs in its query."""

    name: Annotated[str, Field(min_length=1, max_length=150, pattern=TEXT)] | None = None
    """What it is called; without it as the server says, or as the address ends."""

    media_type: Annotated[str, Field(pattern=r"^[a-z0-9.+-]{1,50}/[a-z0-9.+-]{1,90}$")] | None = (
        None
    )
    """What kind of file it must be; without it whatever comes, unless it is a web page."""

    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    """The SHA-256 of its bytes, in hexadecimal: what comes must have it."""


class DeliveryOptions(Shape):
    """How to reach the recipient, beside what the invoice says. All of it may be left out."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    email: Email | None = None
    """The recipient's e-mail address; without it the buyer contact's (BT-58) is used."""

    phone: Phone | None = None
    """The recipient's mobile number, for channels that find people by it."""

    personal_number: PersonalNumber | None = None
    """A consumer's national number. Used to deliver; never shown, logged or told to others."""

    fmi: Fmi | None = None
    """What a Swedish bank knows a recipient of e-invoices by: personal or organisation number, bank
    and country, with points between (`196505030004.NB.SE`). Without it, as the recipient registered
    with you. Never shown, logged or told to others."""

    efaktura_id: EfakturaId | None = None
    """What Norwegian eFaktura knows a consumer by; without it they are looked for by personal
    number, mobile number, e-mail or name and address."""

    consumer: StrictBool | None = None
    """Whether the recipient is a consumer, who needs no electronic address (BT-49) in JSON."""

    language: Literal["en", "sv", "nb"] | None = None
    """The recipient's language; without it the language of the buyer's country."""

    findings_language: Literal["en", "sv", "nb"] | None = None
    """Your language: findings are told in it. Without it `Accept-Language` says, else English."""

    channels: list[Channel] | None = None
    """The channels to try, in this order, instead of the country's order."""

    disabled_channels: list[Channel] | None = None
    """Channels never to use for this document."""

    fetch: Annotated[list[FetchedFile], Field(max_length=100)] | None = None
    """Files that we fetch and attach before the document is sent. One that can not be fetched keeps
    the document waiting, and is for you to repair."""

    fetch_links: StrictBool | None = None
    """Whether what the invoice links to (BT-124) and does not hold is fetched too. Without it, as
    your company is set up: links stay links, unless it says otherwise."""

    hold: StrictBool | None = None
    """Hold the document until it is released."""

    priority: Literal["high", "normal", "low"] | None = None
    """Which of your documents goes first when several wait. Other companies' are not affected:
    every company gets its turn."""


def priority(delivery: Mapping[str, Any]) -> int:
    """The priority of a document's jobs: the higher goes first."""
    return {"high": 1, "low": -1}.get(delivery.get("priority", ""), 0)


SubmissionShape: type[Shape] = create_model(
    "Submission",
    __base__=Shape,
    __doc__="An invoice or credit note to deliver.",
    invoice=(InvoiceShape, ...),
    delivery=(DeliveryOptions | None, None),
)


@dataclass(frozen=True, slots=True)
class Submission:
    """A submission of the right shape: the JSON that was bound, or the tree of the UBL."""

    content: Shape | etree._Element
    delivery: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Refused:
    """All that is wrong with the shape."""

    findings: tuple[Finding, ...]


def read(original: File, *, any_document: bool = False) -> Submission | Refused:
    """Reads a document: a request body (or the `document` part of one), or what was in a package.
    Whatever the bytes, never raises.

    XML is of a form that can be handed in (`form.TAKEN`), or with `any_document` any that there are
    rules for.
    """
    if original.media_type in XML:
        return _read_xml(original.content, any_document)
    body = shape.read(original.content, SubmissionShape)
    if isinstance(body, tuple):
        return Refused(body)
    invoice, delivery = (getattr(body, name) for name in ("invoice", "delivery"))
    return Submission(invoice, _given(delivery) if delivery else {})


def check(original: File, *, any_document: bool = False) -> Mapping[str, Any] | Refused:
    """The wishes for its delivery in a body that `read` can read, or all that is wrong with it.
    The document may be inside a package.

    For those who need no more of it: UBL is looked at without making a tree of it, as a rule.
    """
    if original.media_type in XML and _is_usual(original.content):
        return {}
    package = opened(original)
    if isinstance(package, tuple):
        return Refused(package)
    body = read(package.document, any_document=any_document)
    if isinstance(body, Refused):
        return Refused(tuple(map(package.told, body.findings)))
    return body.delivery


def _is_usual(content: bytes) -> bool:
    """Whether it is UBL that `read` can read; False: only `read` can tell. Who hides a form that is
    not taken, by writing its specification in other signs, is told so by `prepare`."""
    return _SPECIFIED not in content and forms.by_root(plain_tag(content) or "") is Form.BILLING


_SPECIFIED: Final = b"anskaffelser.no"  # in the specification of each form that is not taken


def read_delivery(content: bytes) -> Mapping[str, Any] | Refused:
    """Reads the `delivery` part of a multipart request; pointers begin `/delivery`."""
    options = shape.read(content, DeliveryOptions, at="/delivery")
    return Refused(options) if isinstance(options, tuple) else _given(options)


def _given(options: DeliveryOptions) -> Mapping[str, Any]:
    return options.model_dump(exclude_none=True)


def _read_xml(content: bytes, any_document: bool) -> Submission | Refused:
    root = parse(content)
    if isinstance(root, tuple):
        return Refused(root)
    found, name = forms.of(root), etree.QName(root)
    if found in form.TAKEN or (any_document and of(root) != UNKNOWN):
        return Submission(root, {})
    if found is None:
        wrong = Finding(
            "GUARD-ROOT",
            Severity.FATAL,
            name.localname,
            None,
            f"The root element is {name.localname} in the namespace {name.namespace or '(none)'}.",
            f"Send a UBL 2.1 Invoice ({INVOICE_NAMESPACE}) or CreditNote"
            f" ({CREDIT_NOTE_NAMESPACE}), or a Svefaktura 1.0 ({forms.SVEFAKTURA_NAMESPACE}).",
        )
        return Refused((wrong,))
    return Refused((form.refusal(found, name.localname),))
