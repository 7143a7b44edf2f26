"""What the API answers with, and what its bodies hold, as types.

Made from the OpenAPI description by `make docs`: change that, not this.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

About = Literal["failed", "all", "none"]


class Accepted(TypedDict):
    """The document is durable with us; nothing has been checked but its shape."""

    id: str
    state: State
    links: dict[str, str]


class AccountFacts(TypedDict):
    """An account to be paid to (BT-84)."""

    kind: AccountKind
    number: str


AccountKind = Literal["bankgiro", "plusgiro", "norwegian", "iban", "other"]


class AgreementList(TypedDict):
    """What has been agreed on, by channel and name."""

    agreements: list[AgreementRow]
    next: str | None


class AgreementRow(TypedDict):
    """An agreement, or somebody who has said yes to your invoices."""

    channel: str
    kind: str
    name: str
    state: str
    text: str
    asked_at: str | None
    next_at: str | None


Amount = str | float

Answer = Literal["yes", "no", "unknown", "several"]

Asking = Literal["none", "wanted", "asked", "signed", "declined", "expired", "cancelled", "refused"]


class Attempt(TypedDict):
    """One try on one channel."""

    id: str
    leg: int
    channel: str
    started_at: str
    ended_at: str | None
    outcome: str | None
    code: str | None
    text: str | None
    files: list[File]


class AuthorizationServer(TypedDict):
    """Where and how tokens are asked for (RFC 8414)."""

    issuer: str
    token_endpoint: str
    token_endpoint_auth_methods_supported: list[str]
    grant_types_supported: list[str]
    response_types_supported: list[str]
    scopes_supported: list[str]


Business = Literal[
    "none",
    "acknowledged",
    "in_process",
    "under_query",
    "conditionally_accepted",
    "accepted",
    "rejected",
    "paid",
]


class ChannelList(TypedDict):
    """Every channel that a document may take."""

    channels: list[ChannelRow]


class ChannelRow(TypedDict):
    """A channel, and what you have settled with it."""

    channel: str
    title: str
    set_up: bool
    takes_terms: bool
    terms: dict[str, Any]
    wrong: list[str]


class Checked(TypedDict):
    """What was found when the document was read."""

    ok: bool
    readable: bool
    structure_ok: bool
    profile: str
    fatal: int
    warnings: int


class Clarifying(TypedDict):
    """Why you say so, or what you want done."""

    code: str
    text: NotRequired[str | None]
    details: NotRequired[list[Detail]]


class Companies(TypedDict):
    """A page of companies, by id."""

    companies: list[Company]
    next: str | None


class Company(TypedDict):
    """A company that you may act for."""

    id: str
    name: str
    country: str
    participants: list[str]
    account_id: str | None
    parent_id: str | None
    links: dict[str, str]


class CompanyUsage(TypedDict):
    """A company's share."""

    company_id: str
    name: str
    rows: list[UsageRow]
    totals: dict[str, str]


class CompanyVerification(TypedDict):
    """How a company stands."""

    company_id: str
    required: bool
    open: bool
    standing: Standing
    code: str
    text: str
    verified_at: str | None
    recheck_at: str | None
    closes_at: str | None
    request: SigningRequest | None
    links: dict[str, str]


class Confirmation(TypedDict):
    """What became of one of the documents to be confirmed."""

    id: str
    confirmed: bool
    code: str
    text: str


class Confirmations(TypedDict):
    """What became of each, in the order they were named."""

    results: list[Confirmation]


class ConsolePeople(TypedDict):
    """A page of people; `next` is null at the end."""

    people: list[ConsolePerson]
    next: str | None


class ConsolePerson(TypedDict):
    """Somebody who may sign in to the console, or was invited."""

    id: str
    email: str
    name: str
    role: Literal["administrator", "sender", "reader"]
    language: Literal["en", "sv", "nb"]
    companies: list[str]
    state: Literal["invited", "active"]
    second_factor: bool
    created_at: str
    updated_at: str
    links: dict[str, str]


class CustomerClassList(TypedDict):
    """Your classes, by name."""

    customer_classes: list[CustomerClassRow]


class CustomerClassRow(TypedDict):
    """A class of customers, and what is settled for it."""

    name: str
    customers: list[str]
    country: str | None
    kind: CustomerKind | None
    settings: dict[str, Any]


CustomerKind = Literal["consumer", "business", "public"]


class CustomerWay(TypedDict):
    """What is proposed for a customer. Personal numbers in what you wrote are masked."""

    row: int
    customer: str | None
    name: str
    participant: str | None
    channel: str | None
    step: str | None
    certain: bool
    text: str


class CustomerWays(TypedDict):
    """What is proposed for the customers answered so far, in the order of the file."""

    customers: list[CustomerWay]


Date = str


class Detail(TypedDict):
    """A business term of the invoice, and the value it should have had."""

    term: str
    value: str


Direction = Literal["out", "in"]


class DirectoryEntry(TypedDict):
    """What Peppol's directory shows of the company, for everybody to see."""

    name: str
    country: str
    place: NotRequired[str | None]
    website: NotRequired[str | None]
    email: NotRequired[str | None]
    phone: NotRequired[str | None]


class Document(TypedDict):
    """A document, with what was found and what is planned."""

    id: str
    direction: Direction
    state: State
    business: Business
    code: str
    text: str
    next_at: str | None
    attachment_error: bool
    channel: str | None
    media_type: str
    head: Head
    created_at: str
    updated_at: str
    confirmed_at: str | None
    links: dict[str, str]
    ledger: NotRequired[LedgerStatus | None]
    delivery: dict[str, Any]
    findings: list[Finding]
    filled_in: list[FilledIn]
    filled_in_left_out: int
    fetches: list[Fetch]
    plan: Plan | None


class DocumentFacts(TypedDict):
    """What is to be sent, where a channel may want to know. Where nothing but its kind is
    given, the recipient alone counts."""

    kind: NotRequired[DocumentKind | None]
    currency: NotRequired[str | None]
    amount_due: NotRequired[Amount | None]
    due_date: NotRequired[Date | None]
    payment_reference: NotRequired[str | None]
    accounts: NotRequired[list[AccountFacts] | None]


DocumentKind = Literal["invoice", "credit_note", "reminder"]


class DocumentList(TypedDict):
    """A page of documents, newest first."""

    documents: list[DocumentRow]
    next: str | None


class DocumentRow(TypedDict):
    """A document as lists show it."""

    id: str
    direction: Direction
    state: State
    business: Business
    code: str
    text: str
    next_at: str | None
    attachment_error: bool
    channel: str | None
    media_type: str
    head: Head
    created_at: str
    updated_at: str
    confirmed_at: str | None
    links: dict[str, str]
    ledger: NotRequired[LedgerStatus | None]


class Event(TypedDict):
    """Something that happened to a document."""

    id: str
    type: Literal[
        "document.received",
        "document.rejected",
        "document.not_scanned",
        "document.fetched",
        "document.attachment_error",
        "document.repaired",
        "document.routed",
        "document.image_chosen",
        "document.left_out",
        "document.merged",
        "document.linked",
        "document.opened",
        "document.unlinked",
        "document.attempted",
        "document.sent",
        "document.delivered",
        "document.reported",
        "document.unconfirmed",
        "document.answered",
        "document.waiting",
        "document.held",
        "document.released",
        "document.retried",
        "document.chosen",
        "document.resent",
        "document.rerouted",
        "document.rechecked",
        "document.recalling",
        "document.not_recalled",
        "document.cancelled",
        "document.failed",
        "inbox.received",
        "inbox.new",
        "inbox.blocked",
        "inbox.attachment_error",
        "inbox.released",
        "inbox.repaired",
        "inbox.confirmed",
        "inbox.handled",
        "inbox.answered",
        "webhook.switched_off",
        "company.asked",
        "company.signed",
        "company.not_signed",
        "company.verified",
        "company.recheck_due",
        "company.lapsed",
        "company.revoked",
    ]
    at: str
    document_id: str
    data: dict[str, Any]
    cursor: str
    ledger: NotRequired[LedgerStatus | None]


class Events(TypedDict):
    """Events in the order they happened."""

    events: list[Event]
    next: str


class ExportRow(TypedDict):
    """An archive export."""

    id: str
    ready: bool
    start: str
    end: str
    directions: list[str]
    created_at: str
    gone_at: str
    files: list[ExportedFile]


class ExportedFile(TypedDict):
    """One ZIP of an export."""

    n: int
    direction: str
    documents: int
    size_bytes: int
    href: str


class Fetch(TypedDict):
    """A file that the document names by its address."""

    attachment: int
    url: str
    file: str
    status: Status
    code: str | None
    text: str | None
    sha256: str | None


class File(TypedDict):
    """A file of a document."""

    role: Role
    name: str
    media_type: str
    sha256: str
    size_bytes: int
    at: str
    attempt_id: str | None
    href: str


class Files(TypedDict):
    """The files of a document, in the order they were written."""

    files: list[File]


class FilledIn(TypedDict):
    """A term that you left out and the document has."""

    where: str
    term: str
    name: str
    value: str
    why: str


class Finding(TypedDict):
    """One thing that is not as it should be."""

    rule: str
    severity: Severity
    where: str
    line: NotRequired[int | None]
    text: str
    hint: str
    terms: NotRequired[list[str]]
    stated: NotRequired[str | None]
    computed: NotRequired[str | None]


class Head(TypedDict):
    """What is read out of a document once it has been read; null until then."""

    number: str | None
    kind: str | None
    sender_name: str | None
    recipient_name: str | None
    sender: str | None
    recipient: str | None
    issue_date: str | None
    due_date: str | None
    amount_due: str | None
    currency: str | None


class Health(TypedDict):
    """Whether the gateway is there."""

    status: str


class Image(TypedDict):
    """What people get as the invoice, by the rules that the company has settled."""

    rule: ImageRule
    file: str | None


ImageRule = Literal["drawn", "first_attachment", "omitted"]


class ImageRuleRow(TypedDict):
    """A rule that is settled."""

    customer: str | None
    omit_image: bool | None
    image_from_first_attachment: bool | None


class ImageRules(TypedDict):
    """All that is settled; the rule for all customers first."""

    rules: list[ImageRuleRow]


class Inbox(TypedDict):
    """Documents that came in, in the order they are given out; each stays until it is
    confirmed."""

    documents: list[InboxDocument]
    lease: str | None
    leased_until: str | None


class InboxDocument(TypedDict):
    """A document that came in."""

    id: str
    state: InboxState
    code: str
    text: str
    received_at: str
    channel: str | None
    business: Business
    media_type: str
    head: Head
    checked: Checked | None
    duplicate_of: str | None
    same_bytes: bool
    leased_until: str | None
    confirmed_at: str | None
    handled_at: str | None
    handled_by: str | None
    reference: str | None
    files: list[File]
    links: dict[str, str]


class InboxFile(TypedDict):
    """A file of a document that came in."""

    attachment: int
    name: str
    media_type: str
    sha256: str
    size_bytes: int
    place: str
    code: str | None
    text: str | None
    done: Literal["replaced", "stripped", "left_out"] | None
    href: str


class InboxFiles(TypedDict):
    """The files of a document that came in."""

    files: list[InboxFile]


class InboxRepaired(TypedDict):
    """What was repaired, up to 200 documents at once."""

    repaired: list[str]
    left: list[LeftLying]
    next: str | None


InboxState = Literal["reading", "new", "blocked", "attachment_error", "confirmed", "handled"]


class Key(TypedDict):
    """A key. Its secret was shown when it was made, and is not stored."""

    id: str
    label: str
    scopes: list[Literal["read", "send", "receive", "manage"]]
    account_id: str | None
    companies: list[str]
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    revoked_at: str | None
    links: dict[str, str]


class KeyMade(TypedDict):
    """A key with its new secret."""

    id: str
    label: str
    scopes: list[Literal["read", "send", "receive", "manage"]]
    account_id: str | None
    companies: list[str]
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    revoked_at: str | None
    links: dict[str, str]
    key: str


class Keys(TypedDict):
    """A page of keys, by id; those that were revoked are among them."""

    keys: list[Key]
    next: str | None


Ledger = Literal[
    "business_central", "business_central_exchange", "odoo", "fortnox", "sap_b1", "maventa"
]


class LedgerStatus(TypedDict):
    """The state in the words of a ledger: docs/reference/ledger.md tells what is lost by
    it."""

    system: Ledger
    status: str | None
    text: str


class LeftAlone(TypedDict):
    """A document that was not repaired."""

    id: str
    text: str


class LeftLying(TypedDict):
    """A document that was not repaired."""

    id: str
    text: str


class Leg(TypedDict):
    """A step that is tried or was: one channel."""

    n: int
    channel: str
    state: str
    reference: str | None
    expects: str | None
    until: str | None


class LegalHoldRow(TypedDict):
    """A document that is kept until it is let go."""

    document_id: str
    reason: str
    at: str


class LegalHolds(TypedDict):
    """All documents of the company under legal hold, by id."""

    holds: list[LegalHoldRow]


Level = Literal["default", "account", "parent", "company", "class", "customer"]


class LookedUp(TypedDict):
    """What one participant can receive."""

    participant: str
    answer: Verdict
    code: str
    text: str
    publisher: str | None
    at: str
    services: list[LookedUpService]


class LookedUpService(TypedDict):
    """A kind of document in a process, and whether it is taken."""

    document_type: str
    document: str
    process: str | None
    answer: Verdict
    code: str
    text: str
    transport_profile: str | None
    address: str | None
    access_point: str | None
    certificate_days: int | None


class LookupAnswer(TypedDict):
    """What you asked for."""

    participants: list[LookedUp]
    ways: WaysFound | None


class LookupJob(TypedDict):
    """How far a file of customers is."""

    id: str
    running: bool
    rows: int
    done: int
    counts: dict[str, int]
    created_at: str
    ended_at: str | None
    gone_at: str
    links: dict[str, str]


class LookupJobList(TypedDict):
    """Your files of customers, the newest first."""

    jobs: list[LookupJob]


class MonthUsage(TypedDict):
    """A month's statement."""

    month: str
    closed: bool
    companies: list[CompanyUsage]
    totals: dict[str, str]
    unpriced: int


class NoticeList(TypedDict):
    """Your notices, oldest first."""

    notices: list[NoticeRow]


class NoticeRow(TypedDict):
    """What one address is told, and how often."""

    id: str
    email: str
    language: Literal["en", "sv", "nb"]
    about: About
    inbox: bool
    rhythm: Rhythm
    at: str
    weekday: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
    time_zone: str
    active: bool
    next_at: str | None
    created_at: str
    links: dict[str, str]


class OneOfSeveral(TypedDict):
    """One of several recipients that fit."""

    address: str
    text: str


class ParticipantList(TypedDict):
    """Your participants."""

    participants: list[ParticipantRow]


class ParticipantRow(TypedDict):
    """A participant of yours, and how it stands in Peppol."""

    participant: str
    state: ParticipantState | None
    code: str
    text: str
    takes: list[Takes]
    activates_at: str | None
    expires_at: str | None
    entry: dict[str, str] | None
    tries: int
    next_at: str | None
    confirmed_at: str | None
    migration_key: str | None
    created_at: str | None
    updated_at: str | None
    links: dict[str, str]


ParticipantState = Literal[
    "wanted",
    "published",
    "registered",
    "handing_over",
    "leaving",
    "moved",
    "withdrawing",
    "unlisted",
    "withdrawn",
    "refused",
]


class Plan(TypedDict):
    """The channels in the order they are tried; `order` names the rule they follow."""

    order: str
    profile: str
    steps: list[Step]


class PostalFacts(TypedDict):
    """Where a letter goes."""

    name: NotRequired[str | None]
    street: str
    street2: NotRequired[str | None]
    post_code: str
    city: str
    country: str


class Preview(TypedDict):
    """What would become of a document; nothing was stored."""

    ok: bool
    profile: str
    structure_ok: bool
    findings: list[Finding]
    filled_in: list[FilledIn]
    filled_in_left_out: int
    head: Head | None
    plan: Plan | None
    image: Image | None
    document: str | None


class ProposedWay(TypedDict):
    """The way that a document would take as things stand."""

    channel: str | None
    step: str | None
    address: str | None
    certain: bool
    text: str


class RecipientFacts(TypedDict):
    """All that is known of a recipient. What is left out keeps channels out that need it."""

    name: str
    country: str
    consumer: NotRequired[bool | None]
    participant: NotRequired[str | None]
    organisation_number: NotRequired[str | None]
    personal_number: NotRequired[str | None]
    email: NotRequired[str | None]
    phone: NotRequired[str | None]
    street: NotRequired[str | None]
    street2: NotRequired[str | None]
    post_code: NotRequired[str | None]
    city: NotRequired[str | None]
    fmi: NotRequired[str | None]
    efaktura_id: NotRequired[str | None]


class Repaired(TypedDict):
    """What was repaired, up to 200 documents at once."""

    repaired: list[str]
    left: list[LeftAlone]
    next: str | None


class Responded(TypedDict):
    """What you have said of a document that came in."""

    id: str
    document_id: str
    status: str
    business: Business
    links: dict[str, str]


class Response(TypedDict):
    """What you have said of an invoice that came in, and how far the document that
    carries it to the seller has come."""

    id: str
    said: str
    at: str
    state: State
    code: str
    text: str
    links: dict[str, str]


Rhythm = Literal["immediately", "daily", "weekly"]

Role = Literal[
    "original",
    "attachment",
    "files",
    "fetch",
    "unpacked",
    "document",
    "image",
    "merged",
    "merger",
    "link",
    "linked",
    "rendition",
    "rendered",
    "findings",
    "filled_in",
    "plan",
    "choice",
    "envelope",
    "evidence",
]


class RoutingRuleRow(TypedDict):
    """A rule that is settled."""

    customer: str | None
    route_order: list[str] | None
    forced_route: str | None
    disabled_routes: list[str] | None
    recheck: bool | None
    hold_several: bool | None


class RoutingRules(TypedDict):
    """All that is settled; the rule for all customers first."""

    rules: list[RoutingRuleRow]


class SettingList(TypedDict):
    """Every setting."""

    settings: list[SettingRow]


class SettingRow(TypedDict):
    """A setting, and what counts."""

    name: str
    value: Any
    level: Level
    of: str
    next: ValueFrom | None
    levels: list[Level]
    values: str
    meaning: str


Severity = Literal["fatal", "warning", "information"]


class SigningRequest(TypedDict):
    """What was asked of whom."""

    state: Asking
    name: str
    email: str
    language: str
    signer: str
    hint: str
    invitations: int
    asked_at: str
    expires_at: str | None


Standing = Literal["unverified", "verified", "recheck_due", "lapsed", "revoked"]

State = Literal[
    "received",
    "rejected",
    "routing",
    "sending",
    "sent",
    "delivered",
    "waiting",
    "held",
    "failed",
    "cancelled",
]

Status = Literal["wanted", "fetched", "handed_in", "left_out"]


class Step(TypedDict):
    """A step of the plan: a channel, in or out, and why."""

    step: str
    channel: str
    included: bool
    code: str
    reason: str
    recheck_after_days: NotRequired[int | None]


class StepFound(TypedDict):
    """A step of the plan, and what its channel answers now."""

    step: str
    channel: str
    included: bool
    reason_code: str
    reason: str
    answer: Answer | None
    code: str
    text: str
    address: str | None
    several: list[OneOfSeveral]
    at: str | None


Takes = Literal[
    "invoice", "credit_note", "invoice_response", "message_level_response", "message_level_status"
]


class Timeline(TypedDict):
    """Everything that happened to a document, oldest first."""

    legs: list[Leg]
    attempts: list[Attempt]
    events: list[Event]
    files: list[File]
    responses: list[Response]


class Token(TypedDict):
    """A token: send it as `Authorization: Bearer`, like a key (RFC 6749, section 5.1)."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    scope: str


class Uploaded(TypedDict):
    """The document is in your inbox; it is read and checked from here on by itself."""

    id: str
    repeated: bool
    links: dict[str, str]


class UsageRow(TypedDict):
    """What was charged alike: so many deliveries at one price."""

    channel: str
    country: str
    direction: str
    kind: str
    charged: int
    taken_back: int
    currency: str | None
    price: str | None
    amount: str | None


class Validation(TypedDict):
    """What is right and wrong with a document; nothing was stored."""

    ok: bool
    profile: str
    structure_ok: bool
    findings: list[Finding]


class ValueFrom(TypedDict):
    """A value, and the place that it comes from."""

    value: Any
    level: Level
    of: str


Verdict = Literal["yes", "no", "unknown"]


class WaysFound(TypedDict):
    """The plan of a document to a recipient, and what the channels of it answer now."""

    order: str
    steps: list[StepFound]
    proposal: ProposedWay


class Webhook(TypedDict):
    """Where your events are sent, and how that goes."""

    id: str
    url: str
    types: list[
        Literal[
            "document.received",
            "document.rejected",
            "document.not_scanned",
            "document.fetched",
            "document.attachment_error",
            "document.repaired",
            "document.routed",
            "document.image_chosen",
            "document.left_out",
            "document.merged",
            "document.linked",
            "document.opened",
            "document.unlinked",
            "document.attempted",
            "document.sent",
            "document.delivered",
            "document.reported",
            "document.unconfirmed",
            "document.answered",
            "document.waiting",
            "document.held",
            "document.released",
            "document.retried",
            "document.chosen",
            "document.resent",
            "document.rerouted",
            "document.rechecked",
            "document.recalling",
            "document.not_recalled",
            "document.cancelled",
            "document.failed",
            "inbox.received",
            "inbox.new",
            "inbox.blocked",
            "inbox.attachment_error",
            "inbox.released",
            "inbox.repaired",
            "inbox.confirmed",
            "inbox.handled",
            "inbox.answered",
            "webhook.switched_off",
            "company.asked",
            "company.signed",
            "company.not_signed",
            "company.verified",
            "company.recheck_due",
            "company.lapsed",
            "company.revoked",
        ]
    ]
    description: str
    active: bool
    code: str
    text: str
    tries: int
    next_at: str | None
    cursor: str
    old_secret_until: str | None
    created_at: str
    updated_at: str
    links: dict[str, str]


class WebhookAttempt(TypedDict):
    """One try to bring one event."""

    event_id: str
    type: str
    document_id: str | None
    cursor: str | None
    at: str
    ms: int
    status: int | None
    code: str
    text: str


class WebhookAttempts(TypedDict):
    """A page of tries, newest first."""

    attempts: list[WebhookAttempt]
    next: str | None


class WebhookList(TypedDict):
    """Your webhooks, oldest first."""

    webhooks: list[Webhook]


class WebhookMade(TypedDict):
    """A webhook with its new secret."""

    id: str
    url: str
    types: list[
        Literal[
            "document.received",
            "document.rejected",
            "document.not_scanned",
            "document.fetched",
            "document.attachment_error",
            "document.repaired",
            "document.routed",
            "document.image_chosen",
            "document.left_out",
            "document.merged",
            "document.linked",
            "document.opened",
            "document.unlinked",
            "document.attempted",
            "document.sent",
            "document.delivered",
            "document.reported",
            "document.unconfirmed",
            "document.answered",
            "document.waiting",
            "document.held",
            "document.released",
            "document.retried",
            "document.chosen",
            "document.resent",
            "document.rerouted",
            "document.rechecked",
            "document.recalling",
            "document.not_recalled",
            "document.cancelled",
            "document.failed",
            "inbox.received",
            "inbox.new",
            "inbox.blocked",
            "inbox.attachment_error",
            "inbox.released",
            "inbox.repaired",
            "inbox.confirmed",
            "inbox.handled",
            "inbox.answered",
            "webhook.switched_off",
            "company.asked",
            "company.signed",
            "company.not_signed",
            "company.verified",
            "company.recheck_due",
            "company.lapsed",
            "company.revoked",
        ]
    ]
    description: str
    active: bool
    code: str
    text: str
    tries: int
    next_at: str | None
    cursor: str
    old_secret_until: str | None
    created_at: str
    updated_at: str
    links: dict[str, str]
    secret: str
