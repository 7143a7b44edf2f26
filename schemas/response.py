"""What comes back about a document: MLS, MLR and Invoice Response, as values and as XML.

In charge of the form of all three, which are UBL 2.1 ApplicationResponses. Not in charge of what
their codes mean for a document (`gateway`), nor of their rules (`validators`).
Sources: Peppol MLS 1.1.0 (customization 1.0), MLR 3.0 (BIS 36), Invoice Response 3 (BIS 63).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Final

from lxml import etree

from schemas.codelists import codes
from schemas.identifiers import DocumentType, Participant, Process

ROOT: Final = "urn:oasis:names:specification:ubl:schema:xsd:ApplicationResponse-2"
CAC: Final = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
CBC: Final = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
SPID_SCHEME: Final = "0242"


class Kind(StrEnum):
    """Which of the three it is."""

    MLS = "mls"  # from access point to access point, about one message
    MLR = "mlr"  # from participant to participant, about one message; MLS has taken its place
    INVOICE_RESPONSE = "invoice_response"  # from buyer to seller, about the invoice


@dataclass(frozen=True, slots=True)
class _Names:
    customization: str
    process: Process

    @property
    def document_type(self) -> DocumentType:
        return DocumentType(f"{ROOT}::ApplicationResponse##{self.customization}::2.1")


_NAMES: Final = {
    Kind.MLS: _Names("urn:peppol:edec:mls:1.0", Process("urn:peppol:edec:mls")),
    Kind.MLR: _Names(
        "urn:fdc:peppol.eu:poacc:trns:mlr:3", Process("urn:fdc:peppol.eu:poacc:bis:mlr:3")
    ),
    Kind.INVOICE_RESPONSE: _Names(
        "urn:fdc:peppol.eu:poacc:trns:invoice_response:3",
        Process("urn:fdc:peppol.eu:poacc:bis:invoice_response:3"),
    ),
}


def document_type(kind: Kind) -> DocumentType:
    """How networks know it."""
    return _NAMES[kind].document_type


def process(kind: Kind) -> Process:
    """The process it belongs to."""
    return _NAMES[kind].process


def kind_of(known: DocumentType) -> Kind | None:
    """Which of the three a document type is; None for any other."""
    return next((kind for kind in Kind if document_type(kind) == known), None)


@dataclass(frozen=True, slots=True)
class Party:
    """Who says it, or to whom. An MLS goes between SPIDs (`0242:000123`), without names."""

    endpoint: Participant
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that was wrong with a message. `reason` is SV, BV, BW or FD; `where` NA if none."""

    reason: str
    text: str
    where: str = "NA"


@dataclass(frozen=True, slots=True)
class Clarification:
    """Why a buyer says so, or what he wants done. `code` of OPStatusReason or OPStatusAction.

    `details` are business terms with the value proposed for them: (`BT-13`, `4711`).
    """

    code: str
    is_action: bool = False
    text: str | None = None
    details: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Response:
    """A response. `refers_to` is the envelope's instance identifier in an MLS or MLR, and the
    invoice's number in an Invoice Response; `document_code` is its kind (380, 381 ...)."""

    kind: Kind
    id: str
    issued_at: datetime
    sender: Party
    receiver: Party
    code: str
    refers_to: str
    description: str | None = None
    document_code: str | None = None
    document_date: date | None = None
    effective_on: date | None = None
    issues: tuple[Issue, ...] = ()
    clarifications: tuple[Clarification, ...] = ()


class Unreadable(ValueError):
    """It is no response that can be read; the text says what is missing or wrong."""


# --- writing ------------------------------------------------------------------------------------


def write(response: Response) -> bytes:
    """The response as XML, in UTF-8."""
    root = etree.Element(f"{{{ROOT}}}ApplicationResponse", nsmap=_PREFIXES)
    named = _NAMES[response.kind]
    at = response.issued_at.astimezone(UTC)
    _add(root, "CustomizationID", named.customization)
    _add(root, "ProfileID", named.process.value)
    _add(root, "ID", response.id)
    _add(root, "IssueDate", at.date().isoformat())
    if response.kind is Kind.MLS:  # a time needs its zone; an Invoice Response may have none
        _add(root, "IssueTime", at.time().isoformat("seconds") + "Z")
    _party(root, "SenderParty", response.sender, response.kind)
    _party(root, "ReceiverParty", response.receiver, response.kind)
    _document(_group(root, "DocumentResponse"), response)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


_PREFIXES: Final = {"ar": ROOT, "cac": CAC, "cbc": CBC}


def _document(parent: etree._Element, response: Response) -> None:
    answer = _group(parent, "Response")
    _add(answer, "ResponseCode", response.code)
    if response.description:
        _add(answer, "Description", response.description)
    if response.effective_on:
        _add(answer, "EffectiveDate", response.effective_on.isoformat())
    for one in response.clarifications:
        _clarification(answer, one)
    about = _group(parent, "DocumentReference")
    _add(about, "ID", response.refers_to)
    if response.document_date:
        _add(about, "IssueDate", response.document_date.isoformat())
    if response.document_code:
        _add(about, "DocumentTypeCode", response.document_code)
    if response.kind is Kind.INVOICE_RESPONSE:  # the invoice went from the receiver to the sender
        _trader(parent, "IssuerParty", response.receiver)
        _trader(parent, "RecipientParty", response.sender)
    for issue in response.issues:
        _issue(parent, issue, response.kind)


def _clarification(answer: etree._Element, one: Clarification) -> None:
    status = _group(answer, "Status")
    code = _add(status, "StatusReasonCode", one.code)
    code.set("listID", "OPStatusAction" if one.is_action else "OPStatusReason")
    if one.text:
        _add(status, "StatusReason", one.text)
    for term, value in one.details:
        condition = _group(status, "Condition")
        _add(condition, "AttributeID", term)
        _add(condition, "Description", value)


def _issue(parent: etree._Element, issue: Issue, kind: Kind) -> None:
    line = _group(parent, "LineResponse")
    _add(_group(line, "LineReference"), "LineID", issue.where or "NA")
    answer = _group(line, "Response")
    if kind is Kind.MLR:
        _add(answer, "ResponseCode", "RE" if issue.reason != "BW" else "AP")
    _add(answer, "Description", issue.text)
    _add(_group(answer, "Status"), "StatusReasonCode", issue.reason)


def _party(root: etree._Element, name: str, party: Party, kind: Kind) -> None:
    element = _group(root, name)
    endpoint = _add(element, "EndpointID", party.endpoint.value)
    endpoint.set("schemeID", party.endpoint.scheme)
    if kind is Kind.INVOICE_RESPONSE:
        _identified(element, party)
        if party.name:
            _add(_group(element, "PartyLegalEntity"), "RegistrationName", party.name)


def _trader(parent: etree._Element, name: str, party: Party) -> None:
    element = _group(parent, name)
    _identified(element, party)
    if party.name:
        _add(_group(element, "PartyName"), "Name", party.name)


def _identified(element: etree._Element, party: Party) -> None:
    # Schemes that only electronic addresses have (9925 ...) are none of a party's identifier.
    if party.endpoint.scheme not in codes("ICD", date.max):
        return
    identifier = _add(_group(element, "PartyIdentification"), "ID", party.endpoint.value)
    identifier.set("schemeID", party.endpoint.scheme)


def _group(parent: etree._Element, name: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{CAC}}}{name}")


def _add(parent: etree._Element, name: str, text: str) -> etree._Element:
    element = etree.SubElement(parent, f"{{{CBC}}}{name}")
    element.text = text
    return element


# --- reading ------------------------------------------------------------------------------------


def read(root: etree._Element) -> Response:
    """The response of a parsed document. Raises Unreadable."""
    customization = _text(root, "cbc:CustomizationID")
    kind = next(
        (kind for kind, named in _NAMES.items() if named.customization == customization), None
    )
    if root.tag != f"{{{ROOT}}}ApplicationResponse" or kind is None:
        raise Unreadable("it is no MLS, MLR or Invoice Response")
    answer = "cac:DocumentResponse/cac:Response"
    about = "cac:DocumentResponse/cac:DocumentReference"
    return Response(
        kind=kind,
        id=_needed(root, "cbc:ID"),
        issued_at=_issued(root),
        sender=_read_party(root, "cac:SenderParty"),
        receiver=_read_party(root, "cac:ReceiverParty"),
        code=_needed(root, f"{answer}/cbc:ResponseCode"),
        refers_to=_needed(root, f"{about}/cbc:ID"),
        description=_text(root, f"{answer}/cbc:Description"),
        document_code=_text(root, f"{about}/cbc:DocumentTypeCode"),
        document_date=_date(root, f"{about}/cbc:IssueDate"),
        effective_on=_date(root, f"{answer}/cbc:EffectiveDate"),
        issues=tuple(
            Issue(
                _text(line, "cac:Response/cac:Status/cbc:StatusReasonCode") or "",
                _text(line, "cac:Response/cbc:Description") or "",
                _text(line, "cac:LineReference/cbc:LineID") or "NA",
            )
            for line in root.iterfind("cac:DocumentResponse/cac:LineResponse", _FIND)
        ),
        clarifications=tuple(
            map(_read_clarification, root.iterfind(f"{answer}/cac:Status", _FIND))
        ),
    )


_FIND: Final = {"cac": CAC, "cbc": CBC}


def _read_clarification(status: etree._Element) -> Clarification:
    code = status.find("cbc:StatusReasonCode", _FIND)
    return Clarification(
        code="" if code is None else (code.text or "").strip(),
        is_action=code is not None and code.get("listID") == "OPStatusAction",
        text=_text(status, "cbc:StatusReason"),
        details=tuple(
            (_text(one, "cbc:AttributeID") or "", _text(one, "cbc:Description") or "")
            for one in status.iterfind("cac:Condition", _FIND)
        ),
    )


def _read_party(root: etree._Element, path: str) -> Party:
    element = root.find(f"{path}/cbc:EndpointID", _FIND)
    try:
        if element is None:
            raise ValueError("it is missing")
        endpoint = Participant(element.get("schemeID", ""), (element.text or "").strip())
    except ValueError as error:
        raise Unreadable(f"{path}/cbc:EndpointID: {error}") from None
    return Party(endpoint, _text(root, f"{path}/cac:PartyLegalEntity/cbc:RegistrationName"))


def _issued(root: etree._Element) -> datetime:
    day, time = _needed(root, "cbc:IssueDate"), _text(root, "cbc:IssueTime") or "00:00:00Z"
    try:
        found = datetime.fromisoformat(f"{day}T{time}")
    except ValueError:
        raise Unreadable("cbc:IssueDate or cbc:IssueTime is no date or time") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _date(root: etree._Element, path: str) -> date | None:
    text = _text(root, path)
    try:
        return None if text is None else date.fromisoformat(text[:10])
    except ValueError:
        raise Unreadable(f"{path} is no date") from None


def _text(root: etree._Element, path: str) -> str | None:
    return (root.findtext(path, None, _FIND) or "").strip() or None


def _needed(root: etree._Element, path: str) -> str:
    text = _text(root, path)
    if text is None:
        raise Unreadable(f"{path} is missing")
    return text
