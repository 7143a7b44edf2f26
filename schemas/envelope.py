"""The Peppol business message envelope: the header (SBDH) that says who sends what to whom.

In charge of writing a header around a document and of reading one off without touching the
document's bytes. Not in charge of what is in the document, nor of carrying it.
Source: Peppol Business Message Envelope 2.0.2 (SBDH 1.0); facts of the envelope in brackets below
are that specification's sections by name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from xml.parsers import expat
from xml.sax.saxutils import escape

from lxml import etree

from schemas.identifiers import (
    DOCUMENT_TYPE_SCHEME,
    PARTICIPANT_META_SCHEME,
    PROCESS_SCHEME,
    DocumentType,
    Participant,
    Process,
)

NAMESPACE: Final = "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"

# A header has some twenty elements; one of a megabyte is an attack.
MOST_HEADER_BYTES: Final = 64 * 1024


class MlsType(StrEnum):
    """When the sender wants a Message Level Status; without the attribute, on failure only."""

    FAILURE_ONLY = "FAILURE_ONLY"
    ALWAYS_SEND = "ALWAYS_SEND"


@dataclass(frozen=True, slots=True)
class Header:
    """Who sends what to whom. `country` is the sending end user's (COUNTRY_C1), ISO 3166-1 alpha-2.

    `instance_id` names the message for all who carry it: MLS, reports and duplicates go by it.
    `mls_to` is where a status shall go, None: to the sending access point's own identifier.
    `ignored` are attributes of the scope that we know nothing of, or that were wrong: by name, the
    value as it stood.
    """

    sender: Participant
    receiver: Participant
    document_type: DocumentType
    process: Process
    country: str | None
    instance_id: str
    created_at: datetime
    mls_to: Participant | None = None
    mls_type: MlsType = MlsType.FAILURE_ONLY
    ignored: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Enveloped:
    """An envelope taken apart. `document` are the sender's own bytes where they can stand alone."""

    header: Header
    document: bytes


class Malformed(ValueError):
    """It is no envelope, or says something it may not; the text says where and what."""


# --- writing ------------------------------------------------------------------------------------


def write(header: Header, document: bytes) -> bytes:
    """The envelope around a document, in UTF-8.

    The document's bytes are kept but for what may not stand inside another document (declaration,
    byte order mark, comments before the root). Raises Malformed when it has a DOCTYPE.
    """
    return b"".join((_head(header), _inner(document), b"</StandardBusinessDocument>"))


def _head(header: Header) -> bytes:
    kind = header.document_type
    scopes = [
        ("DOCUMENTID", kind.value, kind.scheme),
        ("PROCESSID", header.process.value, header.process.scheme),
        ("COUNTRY_C1", header.country, None),
    ]
    if header.mls_to is not None:
        scopes.append(("MLS_TO", str(header.mls_to), PARTICIPANT_META_SCHEME))
    if header.mls_type is not MlsType.FAILURE_ONLY:
        scopes.append(("MLS_TYPE", header.mls_type, None))
    created = header.created_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<StandardBusinessDocument xmlns="{NAMESPACE}"><StandardBusinessDocumentHeader>'
        "<HeaderVersion>1.0</HeaderVersion>"
        f"{_party('Sender', header.sender)}{_party('Receiver', header.receiver)}"
        "<DocumentIdentification>"
        f"<Standard>{escape(kind.namespace)}</Standard>"
        f"<TypeVersion>{escape(kind.version)}</TypeVersion>"
        f"<InstanceIdentifier>{escape(header.instance_id)}</InstanceIdentifier>"
        f"<Type>{escape(kind.root)}</Type>"
        f"<CreationDateAndTime>{created}</CreationDateAndTime>"
        "</DocumentIdentification>"
        f"<BusinessScope>{''.join(_scope(*scope) for scope in scopes if scope[1])}</BusinessScope>"
        "</StandardBusinessDocumentHeader>"
    )
    return text.encode()


def _party(role: str, participant: Participant) -> str:
    identifier = escape(str(participant))
    return (
        f'<{role}><Identifier Authority="{PARTICIPANT_META_SCHEME}">{identifier}</Identifier>'
        f"</{role}>"
    )


def _scope(kind: str, instance: str | None, identifier: str | None) -> str:
    scheme = f"<Identifier>{escape(identifier)}</Identifier>" if identifier else ""
    return (
        f"<Scope><Type>{kind}</Type><InstanceIdentifier>{escape(instance or '')}"
        f"</InstanceIdentifier>{scheme}</Scope>"
    )


_PROLOG = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
_ENCODING = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")


def _inner(document: bytes) -> bytes:
    """A document as it may stand inside another."""
    document = _recoded(document) or document
    start = _PROLOG.match(document)
    assert start is not None  # it matches nothing at all too
    if document.startswith(b"<!", start.end()):
        raise Malformed("the document has a DOCTYPE, which may not be in an envelope")
    return document[start.end() :] if start.end() else document


def _recoded(document: bytes | bytearray) -> bytes | None:
    """A document in UTF-8; None when it is already."""
    declared = _ENCODING.match(document)
    plain = declared is None or declared[1].lower() in (b"utf-8", b"us-ascii", b"ascii")
    if plain and not document.startswith((b"\xff\xfe", b"\xfe\xff")):
        return None
    try:
        return etree.tostring(etree.fromstring(bytes(document), _PARSER), encoding="UTF-8")
    except etree.XMLSyntaxError as error:
        raise Malformed(f"the document is not well-formed: {error}") from None


_PARSER = etree.XMLParser(
    resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True, remove_comments=False
)


# --- reading ------------------------------------------------------------------------------------


def read(content: bytes | bytearray) -> Enveloped:
    """Takes an envelope apart. Raises Malformed.

    Only the header is parsed; the document is cut out by its place. Whether it is well-formed, and
    one element only, is for whoever reads it.
    """
    content = _recoded(content) or content
    found = _Reader(content).read()
    end = content.rfind(b"</")
    if end <= found.start:
        raise Malformed("StandardBusinessDocument is not closed")
    closing = content[end + 2 : end + 200].split(b">")[0].strip()
    if closing.rpartition(b":")[2] != b"StandardBusinessDocument":
        raise Malformed("StandardBusinessDocument is not closed")
    last = content[max(found.start, end - 64) : end]
    end -= len(last) - len(last.rstrip(b" \t\r\n"))
    document = bytes(memoryview(content)[found.start : end])  # 20 MB of PDFs are copied once
    return Enveloped(_header(found.header, found.root), _standing_alone(document, found))


class _Found(Exception):
    """Ends the parsing where the document begins."""


class _Reader:
    """Parses up to the start tag of the document, and no further."""

    def __init__(self, content: bytes | bytearray) -> None:
        self._content = content
        self._text: list[str] = []
        self._path: list[str] = []
        self._attributes: Mapping[str, str] = {}
        self._declared: dict[str | None, str] = {}
        self.header: list[tuple[tuple[str, ...], Mapping[str, str], str]] = []
        self.inherited: dict[str | None, str] = {}
        self.own: dict[str | None, str] = {}
        self.root = ("", "")  # namespace and local name of the document
        self.start = 0

    def read(self) -> _Reader:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._opens
        parser.EndElementHandler = self._closes
        parser.CharacterDataHandler = self._text.append
        parser.StartNamespaceDeclHandler = self._declares
        parser.StartDoctypeDeclHandler = self._doctype
        self._parser = parser
        try:
            # In pieces: what comes after the document's start tag is never looked at.
            for at in range(0, MOST_HEADER_BYTES, 4096):
                parser.Parse(self._content[at : at + 4096], False)
        except _Found:
            return self
        except expat.ExpatError as error:
            raise Malformed(f"the envelope is not well-formed: {error}") from None
        raise Malformed("there is no document after the header")

    def _doctype(self, *_: Any) -> None:
        raise Malformed("the envelope has a DOCTYPE, which is not allowed")

    def _declares(self, prefix: str | None, uri: str) -> None:
        self._declared[prefix] = uri or ""

    def _opens(self, name: str, attributes: dict[str, str]) -> None:
        declared, self._declared = self._declared, {}
        namespace, _, local = name.rpartition(" ")
        depth = len(self._path)
        if depth == 0:
            if (namespace, local) != (NAMESPACE, "StandardBusinessDocument"):
                raise Malformed(f"the root element is {local}, not StandardBusinessDocument")
            self.inherited = declared
        elif depth == 1 and self.header:
            self.own, self.root = declared, (namespace, local)
            self.start = self._parser.CurrentByteIndex
            raise _Found
        elif namespace != NAMESPACE or (depth == 1) != (local == "StandardBusinessDocumentHeader"):
            raise Malformed(f"{local} stands where the header belongs")
        self._path.append(local)
        self._text.clear()
        self._attributes = attributes

    def _closes(self, _: str) -> None:
        self.header.append((tuple(self._path[2:]), self._attributes, "".join(self._text).strip()))
        self._text.clear()
        self._attributes = {}
        self._path.pop()


def _standing_alone(document: bytes, found: _Reader) -> bytes:
    """The document with those declarations of the envelope's root that it leans on, if any."""
    needed = []
    for prefix, uri in found.inherited.items():
        if prefix in found.own:
            continue
        if prefix is None:
            leans = bool(uri) and _UNPREFIXED.search(document) is not None
        else:
            leans = f"{prefix}:".encode() in document
        if leans:
            name = "xmlns" if prefix is None else f"xmlns:{prefix}"
            needed.append(f' {name}="{escape(uri, {chr(34): "&quot;"})}"')
    if not needed:
        return document
    name_end = _NAME.match(document)
    assert name_end is not None  # expat has read this start tag
    return b"".join(
        (document[: name_end.end()], "".join(needed).encode(), document[name_end.end() :])
    )


_NAME = re.compile(rb"<[^\s/>]+")
_UNPREFIXED = re.compile(rb"<[^\s/>:!?]+[\s/>]")


def _header(
    rows: list[tuple[tuple[str, ...], Mapping[str, str], str]], root: tuple[str, str]
) -> Header:
    values: dict[str, list[str]] = {}
    scopes: list[dict[str, str]] = []
    scope: dict[str, str] = {}
    for path, attributes, text in rows:
        if path[:2] == ("BusinessScope", "Scope"):
            if len(path) == 3:
                scope[path[2]] = text
            elif len(path) == 2:
                scopes.append(scope)
                scope = {}
            continue
        if path in (("Sender", "Identifier"), ("Receiver", "Identifier")):
            authority = attributes.get("Authority")
            if authority != PARTICIPANT_META_SCHEME:
                raise Malformed(f"{path[0]}: the authority is {authority or 'missing'}")
        values.setdefault("/".join(path), []).append(text)
    return _checked(_One(values), scopes, root)


class _One:
    """The values of the header; each must stand once."""

    def __init__(self, values: Mapping[str, list[str]]) -> None:
        self._values = values

    def __getitem__(self, path: str) -> str:
        found = self._values.get(path, [])
        if len(found) != 1 or not found[0]:
            what = "is missing" if not any(found) else "stands more than once"
            raise Malformed(f"{path} {what}")
        return found[0]


_KNOWN = ("DOCUMENTID", "PROCESSID", "COUNTRY_C1", "MLS_TO", "MLS_TYPE")


def _checked(values: _One, scopes: list[dict[str, str]], root: tuple[str, str]) -> Header:
    if values["HeaderVersion"] != "1.0":
        raise Malformed(f"HeaderVersion is {values['HeaderVersion']}, not 1.0")
    by_type: dict[str, dict[str, str]] = {}
    for scope in scopes:
        kind = scope.get("Type", "")
        if kind in by_type and kind in _KNOWN:
            raise Malformed(f"the scope {kind} stands more than once")
        by_type[kind] = scope
    document_type = _built(
        "DOCUMENTID", DocumentType, by_type, DOCUMENT_TYPE_SCHEME, "DocumentIdentification"
    )
    process = _built("PROCESSID", Process, by_type, PROCESS_SCHEME, "BusinessScope")
    _agree(values, document_type, root)
    ignored = {
        kind: scope.get("InstanceIdentifier", "")
        for kind, scope in by_type.items()
        if kind not in _KNOWN
    }
    mls_to = _mls_to(by_type.get("MLS_TO"), ignored)
    mls_type = _mls_type(by_type.get("MLS_TYPE"), ignored)
    return Header(
        sender=_participant("Sender", values["Sender/Identifier"]),
        receiver=_participant("Receiver", values["Receiver/Identifier"]),
        document_type=document_type,
        process=process,
        country=by_type.get("COUNTRY_C1", {}).get("InstanceIdentifier") or None,
        instance_id=values["DocumentIdentification/InstanceIdentifier"],
        created_at=_time(values["DocumentIdentification/CreationDateAndTime"]),
        mls_to=mls_to,
        mls_type=mls_type,
        ignored=ignored,
    )


def _built(
    kind: str,
    make: Any,
    scopes: Mapping[str, Mapping[str, str]],
    default_scheme: str,
    where: str,
) -> Any:
    scope = scopes.get(kind)
    if scope is None:
        raise Malformed(f"the scope {kind} is missing")
    try:
        return make(scope.get("InstanceIdentifier", ""), scope.get("Identifier") or default_scheme)
    except ValueError as error:
        raise Malformed(f"the scope {kind}: {error}") from None


def _agree(values: _One, kind: DocumentType, root: tuple[str, str]) -> None:
    """The header says three times what the document is, and the document says it itself."""
    stated = {
        "Standard": (values["DocumentIdentification/Standard"], kind.namespace, root[0]),
        "Type": (values["DocumentIdentification/Type"], kind.root, root[1]),
        "TypeVersion": (values["DocumentIdentification/TypeVersion"], kind.version),
    }
    for name, said in stated.items():
        if len(set(said)) > 1:
            raise Malformed(f"{name} is {said[0]}, but it should be {said[-1]}")


def _participant(role: str, text: str) -> Participant:
    try:
        return Participant.parse(text)
    except ValueError as error:
        raise Malformed(f"{role}: {error}") from None


def _time(text: str) -> datetime:
    # Fractions of any length are allowed; Python takes six digits.
    shortened = re.sub(r"(\.[0-9]{6})[0-9]+", r"\1", text)
    try:
        found = datetime.fromisoformat(shortened)
    except ValueError:
        raise Malformed(f"CreationDateAndTime is {text[:40]!r}, not a date and time") from None
    if found.tzinfo is None:
        raise Malformed("CreationDateAndTime has no time zone")
    return found


def _mls_to(scope: Mapping[str, str] | None, ignored: dict[str, str]) -> Participant | None:
    """Where a status shall go; a wrong one is no fault of the envelope (section on MLS_TO)."""
    if scope is None:
        return None
    text = scope.get("InstanceIdentifier", "")
    try:
        found = Participant.parse(text)
    except ValueError:
        found = None
    if found is None or scope.get("Identifier", PARTICIPANT_META_SCHEME) != PARTICIPANT_META_SCHEME:
        ignored["MLS_TO"] = text
        return None
    return found


def _mls_type(scope: Mapping[str, str] | None, ignored: dict[str, str]) -> MlsType:
    text = (scope or {}).get("InstanceIdentifier", MlsType.FAILURE_ONLY)
    if text not in {kind.value for kind in MlsType}:
        ignored["MLS_TYPE"] = text
        return MlsType.FAILURE_ONLY
    return MlsType(text)
