"""What the e-mail channel keeps beyond the contract: limits, connections, logins, TLS."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.clock import MovableClock
from tests.contracts.channel_email import KEY
from tests.contracts.transports import NOW, RECIPIENT, envelope, until
from transports.base import (
    Binder,
    Contracted,
    File,
    Inquiry,
    Link,
    NotReachable,
    Outcome,
    Reachable,
    Refused,
    Sent,
    TryLater,
    Unknown,
    Waiting,
)
from transports.email.connections import Relay, Tls
from transports.email.driver import FILES_LIMIT_BYTES, Email, EmailSettings
from transports.email.sandbox import Behaviour, Sandbox
from transports.email.signing import Key, Keys
from transports.email.terms import Attachments

ADDRESS = "accept@bageri.example"


@pytest.fixture
async def server() -> AsyncIterator[Sandbox]:
    async with Sandbox() as server:
        yield server


def relay(server: Sandbox) -> Relay:
    return Relay("127.0.0.1", server.port, Tls.NONE, connect_timeout_s=60)


def settings(server: Sandbox) -> EmailSettings:
    return EmailSettings(
        relay(server), "faktura@gateway.example", reply_timeout_s=60, end_timeout_s=60
    )


@pytest.fixture
async def channel(server: Sandbox) -> AsyncIterator[Email]:
    channel = Email(settings(server))
    yield channel
    await channel.close()


def letter(name: str, size: int = 100):
    filler = envelope(RECIPIENT, ADDRESS, name)
    image = File("faktura.pdf", "application/pdf", b"%PDF" + b"x" * (size - 4))
    return replace(filler, image=image, attachments=())


def code(outcome: Outcome) -> str:
    return outcome.verdict.code


async def sent_by(settings: EmailSettings) -> Outcome:
    channel = Email(settings)
    try:
        return await channel.deliver(letter("1"))
    finally:
        await channel.close()


# --- size -------------------------------------------------------------------------------------


async def test_exactly_the_limit_goes(server: Sandbox, channel: Email) -> None:
    assert FILES_LIMIT_BYTES == 5_242_880
    assert code(await channel.deliver(letter("1", FILES_LIMIT_BYTES))) == "email.sent"
    (part,) = server.received[0].message.iter_attachments()
    assert len(part.get_payload(decode=True)) == FILES_LIMIT_BYTES


async def test_a_byte_more_is_refused_without_a_word_to_the_server(
    server: Sandbox, channel: Email
) -> None:
    outcome = await channel.deliver(letter("1", FILES_LIMIT_BYTES + 1))
    assert isinstance(outcome, Refused)
    assert code(outcome) == "email.too_large"
    assert "5,242,881" in outcome.verdict.public_text
    assert "5,242,880" in outcome.verdict.public_text
    assert not server.open


async def test_attachments_count_and_the_xml_only_where_it_goes_along(server: Sandbox) -> None:
    files = letter("1", FILES_LIMIT_BYTES - 100)
    full = replace(files, attachments=(File("a.txt", "text/plain", b"x" * 100),))
    assert len(full.document.content) > 0
    without = Email(settings(server))
    assert code(await without.deliver(full)) == "email.sent"
    with_xml = Email(replace(settings(server), attach_xml=True))
    assert code(await with_xml.deliver(full)) == "email.too_large"
    for channel in (without, with_xml):
        await channel.close()


# --- what goes over the wire ------------------------------------------------------------------


async def test_lines_that_begin_with_a_dot_arrive(server: Sandbox, channel: Email) -> None:
    dots = replace(letter("1"), attachments=(File("a.txt", "text/plain", b"x"),))
    dots = replace(dots, sender=replace(dots.sender, contact=".\n..\n.Anna"))
    await channel.deliver(dots)
    body = server.received[0].message.get_body(("plain",))
    assert body is not None
    assert "\n.\n..\n.Anna\n" in body.get_content().replace("\r\n", "\n")


@pytest.mark.parametrize("dsn", [True, False])
async def test_the_dialogue_is_kept(channel: Email, server: Sandbox, dsn: bool) -> None:
    server.dsn = dsn
    outcome = await channel.deliver(letter("1"))
    about_it = f" RET=HDRS ENVID={letter('1').key.hex}" if dsn else ""
    about_them = " NOTIFY=FAILURE,DELAY" if dsn else ""
    dialogue = outcome.evidence[1].content.decode()
    size = len(server.received[0].content)
    assert dialogue == (
        f"* connecting to 127.0.0.1:{server.port}, TLS none\n"
        "< 220 sandbox.example Budkavle sandbox\n"
        f"> MAIL FROM:<faktura@gateway.example> SIZE={size}{about_it}\n"
        "< 250 OK\n"
        f"> RCPT TO:<accept@bageri.example>{about_them}\n"
        "< 250 2.1.5 OK\n"
        "> DATA\n"
        "< 354 End data with <CR><LF>.<CR><LF>\n"
        f"* sent {size} bytes and the closing dot\n"
        "< 250 2.0.0 OK, kept as number 1\n"
    )


async def test_later_is_taken_at_the_next_attempt_and_only_once(
    server: Sandbox, channel: Email
) -> None:
    server.behave(ADDRESS, Behaviour.LATER)
    outcomes = [await channel.deliver(letter("1")) for _ in range(2)]
    assert [code(outcome) for outcome in outcomes] == ["email.deferred", "email.sent"]
    assert len(server.received) == 1


# --- by the sender's terms --------------------------------------------------------------------

OWN = Key("akeri.example", "2026a", Ed25519PrivateKey.from_private_bytes(bytes(32)))


def inquiry(**terms: object) -> Inquiry:
    filler = envelope(RECIPIENT, ADDRESS, "1")
    return Inquiry(filler.sender, RECIPIENT, filler.summary, terms=terms)


async def test_a_company_with_a_key_for_its_domain_sends_from_there() -> None:
    keys = Keys({KEY.domain: [KEY], OWN.domain: [OWN]})
    records = {KEY.name: KEY.record, OWN.name: OWN.record}
    async with Sandbox(txt=records.get) as server:
        channel = Email(replace(settings(server), keys=keys))
        terms = {"sender": "Faktura@Akeri.example", "name": "Åkeriet"}
        assert channel.wrong(terms) == ()
        assert isinstance(await channel.resolve(inquiry(**terms)), Reachable)
        for one in (letter("1"), replace(letter("2"), terms=terms)):
            assert code(await channel.deliver(one)) == "email.sent"
        await channel.close()
    of_gateway, of_company = server.received
    assert of_gateway.message["From"].addresses[0].domain == "gateway.example"
    assert of_gateway.signatures == {("gateway.example", "ed25519-sha256"): True}
    assert str(of_company.message["From"]) == "Åkeriet <Faktura@akeri.example>"
    assert of_company.signatures == {("akeri.example", "ed25519-sha256"): True}


async def test_without_a_key_it_does_not(channel: Email, server: Sandbox) -> None:
    terms = {"sender": "faktura@akeri.example", "name": 3}
    assert channel.wrong(terms) == (
        "name: a line of at most 100 characters.",
        "sender: there is no DKIM key for akeri.example here, to sign its e-mails with.",
    )
    found = await channel.resolve(inquiry(**terms))
    assert isinstance(found, NotReachable)
    assert found.verdict.code == "email.bad_terms"
    assert all(fault in found.verdict.public_text for fault in channel.wrong(terms))
    outcome = await channel.deliver(replace(letter("1"), terms=terms))
    assert isinstance(outcome, TryLater), "the terms can be set right"
    assert code(outcome) == "email.bad_terms"
    assert not server.open and not server.received


async def test_the_gateways_own_address_needs_no_key(channel: Email) -> None:
    assert channel.wrong({"sender": "faktura@GATEWAY.example"}) == ()


async def test_outside_the_senders_hours_it_waits(server: Sandbox) -> None:
    clock = MovableClock(NOW)  # a Saturday
    channel = Email(settings(server), now=clock.now)
    hours = {"from": "08:00", "to": "17:00", "days": ["mon", "tue", "wed", "thu", "fri"]}
    one = replace(letter("1"), terms={"hours": hours})
    waiting = await channel.deliver(one)
    assert isinstance(waiting, Waiting)
    assert waiting.until == datetime(2026, 11, 23, 7, tzinfo=UTC)
    assert code(waiting) == "email.scheduled"
    assert waiting.verdict.public_text == (
        "The sender has its e-mails sent mon, tue, wed, thu, fri 08:00-17:00 (Europe/Stockholm): "
        "this one goes at 2026-11-23 08:00."
    )
    assert not server.received
    clock.move(waiting.until - NOW)
    assert code(await channel.deliver(one)) == "email.sent"
    await channel.close()


async def test_a_link_that_is_wanted_and_not_made_is_said(channel: Email, server: Sandbox) -> None:
    one = replace(letter("1"), terms={"attachments": "link"})
    assert channel.too_large(one) == (one.image,)
    outcome = await channel.deliver(one)
    assert isinstance(outcome, Refused)
    assert code(outcome) == "email.no_link"
    link = Link("https://bills.example/d/x", NOW + timedelta(days=90))
    assert code(await channel.deliver(replace(one, link=link))) == "email.sent"
    (received,) = server.received
    assert not list(received.message.iter_attachments())


async def test_who_wants_one_pdf_is_asked_of_the_sender(server: Sandbox) -> None:
    separate = Email(settings(server))
    merged = Email(replace(settings(server), attachments=Attachments.MERGED))
    assert not separate.merges({}) and separate.merges({"attachments": "merged"})
    assert merged.merges({}) and not merged.merges({"attachments": "separate"})
    assert isinstance(merged, Binder) and isinstance(merged, Contracted)


# --- what the relay takes ---------------------------------------------------------------------


async def test_a_relay_that_takes_less_is_found_out_and_a_link_goes(server: Sandbox) -> None:
    server.most_bytes = 100_000
    channel = Email(settings(server))
    large = letter("1", 90_000)
    assert channel.too_large(large) == (), "nobody knows it yet"
    first = await channel.deliver(large)
    assert isinstance(first, TryLater)
    assert (code(first), first.after) == ("email.over_size", timedelta())
    assert "100,000" in first.verdict.text
    assert channel.too_large(large) == (large.image,)
    link = Link("https://bills.example/d/x", NOW + timedelta(days=90))
    assert code(await channel.deliver(replace(large, link=link))) == "email.sent"
    assert b"https://bills.example/d/x" in server.received[0].content
    again = await channel.deliver(large)
    assert code(again) == "email.over_size", "who asked before it was known is told as well"
    without = await channel.deliver(large)
    assert isinstance(without, Refused), "it is larger than goes, and there is no link"
    assert "100,000" in without.verdict.public_text
    assert code(await channel.deliver(letter("2", 40_000))) == "email.sent", "it fits"
    await channel.close()


# --- connections ------------------------------------------------------------------------------


async def test_a_connection_is_used_again(server: Sandbox, channel: Email) -> None:
    for n in range(3):
        await channel.deliver(letter(str(n)))
    assert len(server.received) == 3
    assert len(server.open) == 1


async def test_also_after_a_refusal(server: Sandbox, channel: Email) -> None:
    server.behave("refuse@bageri.example", Behaviour.REFUSE)
    refused = replace(letter("1"), address="refuse@bageri.example")
    assert code(await channel.deliver(refused)) == "email.mailbox_unavailable"
    assert code(await channel.deliver(letter("2"))) == "email.sent"
    assert len(server.open) == 1


async def test_there_are_never_more_than_allowed(server: Sandbox) -> None:
    channel = Email(replace(settings(server), relay=replace(relay(server), max_connections=2)))
    most = 0

    async def send(n: int) -> None:
        nonlocal most
        assert code(await channel.deliver(letter(str(n)))) == "email.sent"
        most = max(most, len(server.open))

    await asyncio.gather(*(send(n) for n in range(12)))
    await channel.close()
    assert most == 2


async def test_a_connection_is_left_after_its_share(server: Sandbox) -> None:
    few = replace(relay(server), messages_per_connection=2)
    channel = Email(replace(settings(server), relay=few))
    notes = []
    for n in range(4):
        outcome = await channel.deliver(letter(str(n)))
        notes.append(outcome.evidence[1].content.splitlines()[0].split()[-1])
    await channel.close()
    assert notes == [b"none", b"before", b"none", b"before"]


async def test_a_connection_that_died_meanwhile_is_replaced(
    server: Sandbox, channel: Email
) -> None:
    await channel.deliver(letter("1"))
    for connection in tuple(server.open):
        connection.transport.abort()
    await until(lambda: not server.open)
    assert code(await channel.deliver(letter("2"))) == "email.sent"
    assert len(server.received) == 2


async def test_after_a_drop_the_next_message_goes_and_none_goes_twice(
    server: Sandbox, channel: Email
) -> None:
    server.behave("drop@bageri.example", Behaviour.DROP)
    dropped = await channel.deliver(replace(letter("1"), address="drop@bageri.example"))
    assert isinstance(dropped, Unknown)
    assert isinstance(await channel.deliver(letter("2")), Sent)
    assert len(server.received) == 2


# --- a server that is not as it should be ------------------------------------------------------


class Parrot(asyncio.Protocol):
    """Says these lines, one for each thing it hears and the first at once, and then breaks off."""

    def __init__(self, lines: list[bytes]) -> None:
        self._lines = iter(lines)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self.data_received(b"")

    def data_received(self, data: bytes) -> None:
        line = next(self._lines, None)
        if line is None:
            self._transport.close()
        else:
            self._transport.write(line)


@asynccontextmanager
async def answering(protocol: Callable[[], asyncio.Protocol]) -> AsyncIterator[int]:
    """The port of a server that speaks this protocol."""
    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(
    ("lines", "kind", "expected"),
    [
        ([], TryLater, "email.unreachable"),
        ([b"554 5.7.1 you are on a list\r\n"], TryLater, "email.relay_refused"),
        ([b"HTTP/1.1 400 Bad Request\r\n"], TryLater, "email.unreachable"),
        ([b"220 hi\r\n"], TryLater, "email.unreachable"),
        ([b"220 hi\r\n", b"250 hi\r\n", b"550 5.7.1 not you\r\n"], TryLater, "email.relay_refused"),
        ([b"220 hi\r\n", b"250 hi\r\n", b"nonsense\r\n"], TryLater, "email.connection_lost"),
        (
            [b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"550 no\r\n"],
            Refused,
            "email.mailbox_unavailable",
        ),
        (
            [b"220 h\xe5\r\n", b"250 h\xe5\r\n", b"250 ok\r\n", b"550 ok\xe4nd\r\n"],  # ISO 8859-1
            Refused,
            "email.mailbox_unavailable",
        ),
        (
            [b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"550-" + b"no" * 9999 + b"\r\n"],
            TryLater,
            "email.connection_lost",
        ),
    ],
)
async def test_a_server_that_is_not_one(lines: list[bytes], kind: type, expected: str) -> None:
    async with answering(lambda: Parrot(lines)) as port:
        outcome = await sent_by(
            EmailSettings(
                Relay("127.0.0.1", port, Tls.NONE, connect_timeout_s=60),
                "faktura@gateway.example",
                reply_timeout_s=60,
                end_timeout_s=60,
            )
        )
    assert (type(outcome), code(outcome)) == (kind, expected), outcome
    assert outcome.verdict.text.encode(), "a store can keep it"


async def test_a_server_that_says_nothing_at_all() -> None:
    lost = asyncio.Event()

    class Mute(asyncio.Protocol):
        def connection_lost(self, error: Exception | None) -> None:
            lost.set()

    async with answering(Mute) as port:
        outcome = await sent_by(
            EmailSettings(
                Relay("127.0.0.1", port, Tls.NONE, connect_timeout_s=0.2), "faktura@gateway.example"
            )
        )
        await asyncio.wait_for(lost.wait(), 60)
    assert isinstance(outcome, TryLater)
    assert code(outcome) == "email.unreachable"


# --- logins and TLS ---------------------------------------------------------------------------


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost that signs itself, and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not on this machine: no certificate to serve TLS with")
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            openssl,
            *["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
            *["-nodes", "-days", "2", "-subj", "/CN=localhost"],
            *["-addext", "subjectAltName=DNS:localhost"],
            *["-keyout", str(key), "-out", str(cert)],
        ],
        check=True,
        capture_output=True,
    )
    return cert, key


@pytest.fixture
async def safe_server(certificate: tuple[Path, Path]) -> AsyncIterator[Sandbox]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    async with Sandbox(tls=context, login=("gateway", "hemligt")) as server:
        yield server


def safe_relay(server: Sandbox, **changes: object) -> EmailSettings:
    relay = Relay(
        "localhost",
        server.port,
        Tls.STARTTLS,
        username="gateway",
        password="hemligt",
        connect_timeout_s=60,
    )
    return EmailSettings(
        replace(relay, **changes),
        "faktura@gateway.example",
        reply_timeout_s=60,
        end_timeout_s=60,
    )


async def test_starttls_and_login(safe_server: Sandbox, certificate: tuple[Path, Path]) -> None:
    outcome = await sent_by(safe_relay(safe_server, ca_file=certificate[0]))
    assert code(outcome) == "email.sent", outcome.verdict
    assert len(safe_server.received) == 1
    for item in outcome.evidence:
        assert b"hemligt" not in item.content
        assert b"aGVtbGlndA" not in item.content  # the same in base64


async def test_a_certificate_nobody_vouches_for(safe_server: Sandbox) -> None:
    outcome = await sent_by(safe_relay(safe_server))
    assert isinstance(outcome, TryLater)
    assert code(outcome) == "email.tls_failed"
    assert safe_server.received == []


async def test_a_certificate_for_another_host(
    safe_server: Sandbox, certificate: tuple[Path, Path]
) -> None:
    outcome = await sent_by(safe_relay(safe_server, ca_file=certificate[0], host="127.0.0.1"))
    assert code(outcome) == "email.tls_failed"


async def test_a_wrong_password(safe_server: Sandbox, certificate: tuple[Path, Path]) -> None:
    outcome = await sent_by(safe_relay(safe_server, ca_file=certificate[0], password="hemligare"))
    assert isinstance(outcome, TryLater), "our own login is never a reason to take another channel"
    assert code(outcome) == "email.login_refused"
    assert "hemligare" not in repr(outcome)


async def test_a_server_without_starttls_gets_nothing(server: Sandbox) -> None:
    outcome = await sent_by(
        EmailSettings(
            Relay("127.0.0.1", server.port, Tls.STARTTLS, connect_timeout_s=60),
            "faktura@gateway.example",
        )
    )
    assert code(outcome) == "email.tls_failed"
    assert server.received == []


def test_a_password_is_not_printed() -> None:
    assert "hemligt" not in repr(Relay("localhost", password="hemligt"))


def test_a_sender_that_is_no_address_is_a_configuration_error() -> None:
    with pytest.raises(ValueError, match="fakturor"):
        Email(EmailSettings(Relay("localhost"), "fakturor"))


async def test_a_wordy_recipient_does_not_reach_the_command_line(
    server: Sandbox, channel: Email
) -> None:
    """`resolve` never gives such an address; a bug that did is caught before it is said."""
    smuggled = replace(letter("1"), address="a@b.example>\r\nRCPT TO:<c@d.example")
    with pytest.raises(ValueError, match=r"."):
        await channel.deliver(smuggled)
    assert server.received == []
