"""The bounce mailbox over TLS, and servers that are no mailbox."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.contracts.case import PATIENCE_S
from transports.email.connections import Tls
from transports.email.mailbox import HEAD_BYTES, Mailbox, MailboxSettings, NoMailbox
from transports.email.sandbox.imap import Mailbox as Server


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost that signs itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .public_key(key.public_key())
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "localhost.pem"
    file.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + made.public_bytes(Encoding.PEM)
    )
    return file


@asynccontextmanager
async def serving(certificate: Path, tls: Tls) -> AsyncIterator[Server]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = Server("bounces", "hemligt", tls=context, starttls=tls is Tls.STARTTLS)
    await server.start()
    try:
        yield server
    finally:
        await server.close()


def settings(port: int, tls: Tls, ca_file: Path | None, host: str = "localhost") -> MailboxSettings:
    return MailboxSettings(
        host, "bounces", "hemligt", port=port, tls=tls, ca_file=ca_file, timeout_s=PATIENCE_S
    )


@pytest.mark.parametrize("tls", [Tls.IMPLICIT, Tls.STARTTLS])
async def test_it_is_read_over_tls(certificate: Path, tls: Tls) -> None:
    async with serving(certificate, tls) as server:
        server.inbox.add(b"Subject: x\r\n\r\n")
        mailbox = Mailbox(settings(server.port, tls, certificate))
        assert await mailbox.open() == 1
        assert await mailbox.after(0) == [1]
        assert await mailbox.head(1) == b"Subject: x\r\n\r\n"
        assert await mailbox.head(7) is None
        await mailbox.done(1)
        await mailbox.close()
        assert server.inbox.messages[0].flags == {r"\Seen"}


@pytest.mark.parametrize("size", [0, 10, HEAD_BYTES, 2 * HEAD_BYTES + 1])
async def test_a_message_is_read_whole_whatever_its_size(size: int) -> None:
    server = Server("bounces", "hemligt")
    await server.start()
    content = bytes(n % 251 for n in range(size))
    server.inbox.add(content)
    mailbox = Mailbox(settings(server.port, Tls.NONE, None, "127.0.0.1"))
    await mailbox.open()
    assert await mailbox.whole(1, 10_000_000) == content
    assert await mailbox.whole(1, 5) == content[:6], "no more than shows that it is too large"
    assert await mailbox.whole(7, 10) is None
    await mailbox.move(1, "Taken")
    assert not server.inbox.messages and server.folders["Taken"].messages[0].content == content
    with pytest.raises(NoMailbox, match="can not move to Nowhere"):
        server.inbox.add(b"")
        await mailbox.move(2, "Nowhere")
    await server.close()


@pytest.mark.parametrize("tls", [Tls.IMPLICIT, Tls.STARTTLS])
@pytest.mark.parametrize("wrong", ["nobody vouches for it", "another host"])
async def test_a_certificate_that_is_not_its_own_gets_no_password(
    certificate: Path, tls: Tls, wrong: str
) -> None:
    async with serving(certificate, tls) as server:
        there = (
            settings(server.port, tls, None)
            if wrong == "nobody vouches for it"
            else settings(server.port, tls, certificate, "127.0.0.1")
        )
        with pytest.raises(NoMailbox, match="certificate verify failed"):
            await Mailbox(there).open()
        assert server.logins == 0


async def test_a_server_without_starttls_gets_no_password() -> None:
    server = Server("bounces", "hemligt")
    await server.start()
    with pytest.raises(NoMailbox, match="TLS not supported"):
        await Mailbox(settings(server.port, Tls.STARTTLS, None)).open()
    assert server.logins == 0
    await server.close()


@asynccontextmanager
async def saying(*answers: bytes) -> AsyncIterator[int]:
    """The port of a server that says these one after the other, each to a line; `TAG` is the
    line's first word."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(answers[0])
            for answer in answers[1:]:
                line = await reader.readline()
                writer.write(answer.replace(b"TAG", line.partition(b" ")[0]))
            await reader.read()
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


HELLO = (b"* OK hi\r\n", b"* CAPABILITY IMAP4rev1\r\nTAG OK\r\n", b"TAG OK\r\n")
SELECTED = (*HELLO, b"* OK [UIDVALIDITY 7]\r\nTAG OK\r\n")


@pytest.mark.parametrize(
    "answers",
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n",),
        (b"* BYE not now\r\n",),
        (b"* OK " + b"x" * 2_000_000 + b"\r\n",),
        (b"* OK hi\r\n", b"* CAPABILITY X\r\nTAG OK\r\n"),
        (*HELLO, b"TAG OK\r\n"),  # no UIDVALIDITY
        (*HELLO, b"* OK [UIDVALIDITY many]\r\nTAG OK\r\n"),
        (*SELECTED, b"TAG NO later\r\n"),
        (*SELECTED, b"* SEARCH 1\r\nTAG OK\r\n", b"* 1 FETCH (BODY[]<0> {9999999999}\r\nx"),
        (*SELECTED, b"* SEARCH 1\r\nTAG OK\r\n", b"TAG BAD what\r\n"),
    ],
    ids=[
        "http",
        "bye",
        "long line",
        "another version",
        "no validity",
        "odd validity",
        "no search",
        "endless answer",
        "no fetch",
    ],
)
async def test_a_server_that_is_none_is_told(answers: tuple[bytes, ...]) -> None:
    async with saying(*answers) as port:
        mailbox = Mailbox(settings(port, Tls.NONE, None, "127.0.0.1"))
        with pytest.raises(NoMailbox, match=r"."):
            await mailbox.open()
            for number in await mailbox.after(0):
                await mailbox.head(number)
        mailbox.drop()
