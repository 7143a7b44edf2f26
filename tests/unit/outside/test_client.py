"""The client for addresses that tenants name, against servers and names that mean it ill."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.outside.client import Answer, Names, NoAnswer, Outside, Rules
from tests.servers.sink import Cut, Endless, Hang, Reply, Sink

LOOSE = Rules(allow_http=True, allow_private=True, limit_s=10)


class Answers(AbstractResolver):
    """A name server of one's own, as an attacker has: each look-up gets the next answer."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        self.asked.append(host)
        found = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if not found:
            raise OSError("no such name")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in found
        ]

    async def close(self) -> None:
        pass


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    async with Sink() as sink:
        yield sink


async def sent(
    url: str, rules: Rules = LOOSE, names: AbstractResolver | None = None
) -> Answer | NoAnswer:
    outside = Outside(rules, names)
    try:
        return await outside.request("POST", url, headers={"X-A": "b"}, body=b"hello")
    finally:
        await outside.close()


async def test_what_is_sent_arrives_and_the_answer_comes_back(sink: Sink) -> None:
    sink.plan("/a", Reply(201, {"X-C": "d"}, b"thanks"))
    answer = await sent(f"{sink.url}/a")
    assert isinstance(answer, Answer)
    assert (answer.status, answer.content, answer.whole) == (201, b"thanks", True)
    assert answer.headers["X-C"] == "d"
    (taken,) = sink.taken
    assert (taken.body, taken.headers["x-a"]) == (b"hello", "b")
    assert taken.headers["user-agent"].startswith("Budkavle/")


async def test_a_redirect_is_an_answer_and_not_followed(sink: Sink) -> None:
    for status in (301, 302, 303, 307, 308):
        sink.plan("/a", Reply(status, {"Location": f"{sink.url}/b"}))
        answer = await sent(f"{sink.url}/a")
        assert isinstance(answer, Answer) and answer.status == status
    assert not sink.at("/b")


async def test_only_the_beginning_of_an_answer_is_read(sink: Sink) -> None:
    sink.plan("/a", Endless())
    answer = await sent(f"{sink.url}/a")
    assert isinstance(answer, Answer)
    assert (len(answer.content), answer.whole) == (16 * 1024, False)


async def test_a_bomb_is_not_inflated(sink: Sink) -> None:
    sink.plan("/a", Reply(200, {"Content-Encoding": "gzip"}, b"no gzip at all"))
    answer = await sent(f"{sink.url}/a")
    assert isinstance(answer, Answer) and answer.content == b"no gzip at all"


async def test_a_server_that_hangs_has_its_time(sink: Sink) -> None:
    sink.plan("/a", Hang())
    answer = await sent(f"{sink.url}/a", Rules(True, True, limit_s=0.2))
    assert answer == NoAnswer("outside.timeout", "No whole answer came within 0.2 s.")


@pytest.mark.parametrize(
    ("after", "code"),
    [
        (b"", "outside.cut_off"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "outside.bad_answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "outside.bad_answer"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", "outside.bad_answer"),
    ],
)
async def test_what_is_no_answer_is_told_apart(sink: Sink, after: bytes, code: str) -> None:
    sink.plan("/a", Cut(after))
    answer = await sent(f"{sink.url}/a")
    assert isinstance(answer, NoAnswer) and answer.code == code


async def test_where_nobody_listens() -> None:
    with socket.socket() as taken:  # bound, not listening: nobody else gets the port meanwhile
        taken.bind(("127.0.0.1", 0))
        answer = await sent(f"http://127.0.0.1:{taken.getsockname()[1]}/")
    assert isinstance(answer, NoAnswer) and answer.code == "outside.no_connection"
    assert "127.0.0.1" not in answer.text


async def test_a_name_that_there_is_not() -> None:
    answer = await sent("https://nobody.example/", names=Answers([]))
    assert isinstance(answer, NoAnswer) and answer.code == "outside.unknown_name"


# --- addresses of our own -------------------------------------------------------------------------

STRICT = Rules(allow_http=True, limit_s=10)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "127.1", "localhost"])
async def test_the_machine_itself_is_not_reached(sink: Sink, host: str) -> None:
    answer = await sent(sink.url.replace("127.0.0.1", host), STRICT)
    assert isinstance(answer, NoAnswer) and answer.code == "outside.forbidden"
    assert not sink.taken


async def test_a_name_that_leads_inside_is_not_followed(sink: Sink) -> None:
    url = sink.url.replace("127.0.0.1", "erp.example.com")
    answer = await sent(url, STRICT, Answers(["127.0.0.1"]))
    assert isinstance(answer, NoAnswer) and answer.code == "outside.forbidden"
    assert not sink.taken
    answer = await sent(url, LOOSE, Answers(["127.0.0.1"]))
    assert isinstance(answer, Answer) and sink.taken


async def test_a_name_that_leads_elsewhere_the_second_time_gains_nothing(sink: Sink) -> None:
    """DNS rebinding: public when the address is checked, our own when it is used."""
    names = Answers(["93.184.216.34"], ["127.0.0.1"])
    outside = Outside(STRICT, names)
    url = sink.url.replace("127.0.0.1", "erp.example.com")
    assert await outside.leads_astray("erp.example.com") is None
    answer = await outside.request("POST", f"{url}/a")
    await outside.close()
    assert names.asked == ["erp.example.com"] * 2
    assert isinstance(answer, NoAnswer) and answer.code == "outside.forbidden"
    assert not sink.taken


async def test_none_of_several_ways_inside_is_taken(sink: Sink) -> None:
    url = sink.url.replace("127.0.0.1", "erp.example.com")
    answer = await sent(url, STRICT, Answers(["::1", "127.0.0.1", "::ffff:127.0.0.1"]))
    assert isinstance(answer, NoAnswer) and answer.code == "outside.forbidden"
    assert not sink.taken


async def test_where_a_name_leads_is_told_before_it_is_used() -> None:
    outside = Outside(STRICT, Answers(["10.1.2.3"], ["10.1.2.3", "93.184.216.34"], []))
    assert await outside.leads_astray("a.example") == "a private network"
    assert await outside.leads_astray("a.example") is None
    assert await outside.leads_astray("a.example") is None
    await outside.close()


async def test_a_proxy_of_the_environment_is_not_asked(
    sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Sink() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        await sent(f"{sink.url}/a")
        assert not proxy.taken and sink.taken


async def test_names_are_those_of_the_system() -> None:
    names = Names()
    assert "127.0.0.1" in {found["host"] for found in await names.resolve("localhost", 80)}
    for wrong in ("nobody.invalid", "a" * 64 + ".example", "a..b"):
        with pytest.raises(OSError):
            await names.resolve(wrong, 80)
    await names.close()


# --- TLS ------------------------------------------------------------------------------------------


def certificate(directory: Path) -> Path:
    """A certificate for `localhost` that nobody has signed but itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = directory / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


async def test_a_certificate_must_be_one_that_is_trusted(tmp_path: Path) -> None:
    pem = certificate(tmp_path)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(pem)
    async with Sink(tls) as sink:
        answer = await sent(f"{sink.url}/a")
        assert isinstance(answer, NoAnswer) and answer.code == "outside.tls"
        assert not sink.taken
        trusted = ssl.create_default_context(cafile=str(pem))
        answer = await sent(f"{sink.url}/a", Rules(allow_private=True, trusted=trusted))
        assert isinstance(answer, Answer) and sink.taken
        other = sink.url.replace("localhost", "127.0.0.1")  # not what it is made out to
        answer = await sent(f"{other}/a", Rules(allow_private=True, trusted=trusted))
        assert isinstance(answer, NoAnswer) and answer.code == "outside.tls"
