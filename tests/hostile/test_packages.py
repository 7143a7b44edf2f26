"""ZIP files, e-mails and PDFs made to mislead or to cost: each ends in findings, within bounds."""

from __future__ import annotations

import io
import re
import struct
import tracemalloc
import zlib
from pathlib import Path

import pytest

from gateway.api.routes import Limits
from gateway.delivery.unpacking import Unpacking, unpackers
from gateway.intake.contents import MOST_BYTES
from gateway.intake.kind import MAIL, PDF, ZIP
from gateway.intake.package import Opened, opened
from gateway.intake.submission import Refused, check
from gateway.store.sqlite import SqliteStore
from tests.api.conftest import Api, Reply, serving
from tests.hostile import pdfs
from tests.hostile.packages import (
    NOTE,
    Member,
    deflated,
    mail_of,
    pdf_of,
    ubl,
    zip_by_hand,
    zip_of,
)
from transports.base import File

MB = 1024 * 1024
INVOICE = Member(b"invoice.xml", ubl())


def zeros(megabytes: int) -> bytes:
    """So many megabytes of zeros, deflated, without making them."""
    deflating = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = deflating.compress(bytes(MB)) + deflating.flush(zlib.Z_FULL_FLUSH)
    again = deflating.compress(bytes(MB)) + deflating.flush(zlib.Z_FULL_FLUSH)
    return block + again * (megabytes - 1) + b"\x03\x00"


def nested_zip(levels: int) -> bytes:
    content = b"nothing"
    for _ in range(levels):
        content = zip_of({f"{n}.zip": content for n in range(8)})
    return content


def renamed(name: bytes) -> bytes:
    return zip_by_hand([INVOICE, Member(name, b"x")])


def overlapping() -> bytes:
    """The second member begins where the first does: its data counts twice."""
    return zip_by_hand([INVOICE, Member(b"invoice.xml", ubl(), offset=0)])


def quine() -> bytes:
    """The last member's data is the directory itself."""
    whole = zip_by_hand([INVOICE, Member(b"self.zip", b"x", 0 * b"", method=0)])
    longer = bytearray(whole)
    at = longer.rfind(b"PK\x01\x02")
    struct.pack_into("<2L", longer, at + 20, 100, 100)
    return bytes(longer)


# What is done, by name; and what is said of it.
ZIPS: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "not a ZIP file"),
    "no zip": (ubl(), "not a ZIP file"),
    "cut off": (zip_of({"a.xml": ubl()})[:-30], "not a ZIP file"),
    "cut in the middle": (zip_of({"a.xml": ubl()})[200:], "not where the end"),
    "after the end": (zip_by_hand([INVOICE], end=b"more"), "after the end"),
    "before the start": (b"MZ" + zip_of({"a.xml": ubl()}), "not where the end"),
    "up": (renamed(b"../a.xml"), "leads out"),
    "up in the middle": (renamed(b"a/../../b.xml"), "leads out"),
    "up at the end": (renamed(b"a/.."), "leads out"),
    "absolute": (renamed(b"/etc/passwd"), "leads out"),
    "twice a slash": (renamed(b"a//b"), "leads out"),
    "backslash": (renamed(b"..\\a.xml"), "path of a disk"),
    "drive": (renamed(b"c:a.xml"), "path of a disk"),
    "NUL": (renamed(b"a.xml\x00.pdf"), "path of a disk"),
    "line end": (renamed(b"a\n.pdf"), "needs a file name"),
    "right to left": (zip_by_hand([Member("a\u202efdp.exe".encode(), b"x", flags=0x800)]), "name"),
    "hidden": (renamed(b".a.xml"), "needs a file name"),
    "no name": (renamed(b""), "no name"),
    "long name": (renamed(b"a" * 151), "needs a file name"),
    "no UTF-8": (zip_by_hand([Member(b"\xff\xfe.xml", b"x", flags=0x800)]), "directory"),
    "link": (zip_by_hand([INVOICE, Member(b"b", b"/etc", attributes=0o120777 << 16)]), "link"),
    "device": (zip_by_hand([INVOICE, Member(b"b", b"", attributes=0o020666 << 16)]), "device"),
    "encrypted": (zip_by_hand([Member(b"a.xml", ubl(), flags=0x1)]), "encrypted"),
    "strongly encrypted": (zip_by_hand([Member(b"a.xml", ubl(), flags=0x41)]), "encrypted"),
    "LZMA": (zip_by_hand([Member(b"a.xml", ubl(), b"x", method=14)]), "method 14"),
    "method of nobody": (zip_by_hand([Member(b"a.xml", ubl(), b"x", method=77)]), "method 77"),
    "twice": (zip_by_hand([INVOICE, INVOICE]), "Two members"),
    "twice but for case": (
        zip_by_hand([INVOICE, Member(b"Invoice.XML", b"x")]),
        "Two members",
    ),
    "other name inside": (
        zip_by_hand([Member(b"a.xml", ubl(), own_name=b"b.xml")]),
        "own header",
    ),
    "other size inside": (zip_by_hand([Member(b"a.xml", ubl(), own_size=1)]), "own header"),
    "no header": (zip_by_hand([INVOICE, Member(b"b", b"x", offset=3)]), "own header"),
    "header behind the end": (zip_by_hand([INVOICE, Member(b"b", offset=2**31)]), "own header"),
    "overlap": (overlapping(), "overlaps"),
    "quine": (quine(), "own header"),
    "wrong CRC": (zip_by_hand([Member(b"a.xml", ubl(), crc=7)]), "broken"),
    "more than said": (zip_by_hand([Member(b"a.xml", ubl(), size=10)]), "not as large"),
    "less than said": (zip_by_hand([Member(b"a.xml", ubl(), size=10**6)]), "not as large"),
    "no deflate": (zip_by_hand([Member(b"a.xml", ubl(), b"\xff" * 50)]), "broken"),
    "never ends": (zip_by_hand([Member(b"a.xml", ubl(), deflated(ubl())[:-4])]), "broken"),
    "more than one stream": (
        zip_by_hand([Member(b"a.xml", ubl(), deflated(ubl()) + b"more")]),
        "broken",
    ),
    "folder with content": (zip_by_hand([INVOICE, Member(b"b/", b"x")]), "folder"),
    "101 members": (zip_of({f"{n}.txt": b"x" for n in range(101)}), "101 members"),
    "more members than said": (zip_by_hand([INVOICE] * 3, count=1), "has 3"),
    "fewer members than said": (zip_by_hand([INVOICE], count=2), "has 1"),
    "bomb that says so": (
        zip_by_hand([Member(b"a", b"", zeros(4_000), size=4_000 * MB)]),
        "Unpacked it would be",
    ),
    "bomb that lies": (zip_by_hand([Member(b"a", b"", zeros(4_000), size=10)]), "not as large"),
    "many bombs": (
        zip_by_hand([Member(b"%d" % n, b"", zeros(60), size=60 * MB) for n in range(100)]),
        "Unpacked it would be",
    ),
    "42": (nested_zip(4), "no document"),
    "XXE": (
        zip_of({"a.xml": b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>' + ubl()[39:]}),
        "DOCTYPE",
    ),
}


def mailed(*parts: bytes, boundary: bytes = b"b") -> bytes:
    head = b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="%s"\r\n\r\n' % boundary
    return head + b"".join(b"--%s\r\n%s\r\n" % (boundary, part) for part in parts) + b"--b--\r\n"


def part(headers: bytes, content: bytes = ubl()) -> bytes:
    return headers + b"\r\n\r\n" + content


def nested_multiparts(levels: int) -> bytes:
    heads = (
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
        for n in range(levels)
    )
    return b"".join(heads) + part(b"Content-Type: application/xml")


XML_PART = part(b'Content-Type: application/xml; name="a.xml"')
MAILS: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "not an e-mail"),
    "no e-mail": (b"\x00\xff\xfe" * 100, "not an e-mail"),
    "nested 1,000 deep": (nested_multiparts(1_000), "or so many levels"),
    "mails in mails": (b"Content-Type: message/rfc822\r\n\r\n" * 1_000, "or so many levels"),
    "mail in a mail": (
        b"Content-Type: message/rfc822\r\n\r\n" + mail_of([File("a.xml", "text/xml", ubl())]),
        "no document",
    ),
    "digest": (
        b"Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\n" + XML_PART + b"\r\n--b--",
        "no document",
    ),
    "101 files": (
        mailed(*(part(b"Content-Type: text/csv; name=a.csv", b"a;b") for _ in range(101))),
        "parts",
    ),
    "100,000 parts": (mailed(*[b"\r\n"] * 100_000), "100001 parts"),
    "a million lines": (b"A: b\r\n\r\n" + b"\n" * 1_000_000, "1000002 lines"),
    "a million bare returns": (b"A: b\r\n\r\n" + b"\r" * 1_000_000, "lines"),
    "long header": (b"Content-Type: text/plain; " + b'a="b"; ' * 10_000 + b"\r\n\r\n", "longer"),
    "folded header": (
        b"Content-Disposition: attachment" + b";\r\n a=b" * 2_000 + b"\r\n\r\n",
        "longer",
    ),
    "100,000 headers": (b"X: y\r\n" * 100_000 + b"\r\n", "no document"),
    "no boundary": (b"Content-Type: multipart/mixed\r\n\r\n--b\r\n", "told apart"),
    "boundary that is not there": (mailed()[:-10] + b"text", "told apart"),
    "cut off": (mailed(XML_PART).replace(b"--b--", b""), "cut off"),
    "broken base64": (
        mailed(
            part(
                b'Content-Type: text/xml; name="a.xml"\r\nContent-Transfer-Encoding: base64',
                b"!!!!",
            )
        ),
        "Content-Transfer-Encoding",
    ),
    "cut base64": (
        mailed(
            part(
                b'Content-Type: text/xml; name="a.xml"\r\nContent-Transfer-Encoding: base64', b"YWJ"
            )
        ),
        "Content-Transfer-Encoding",
    ),
    "encoding of nobody": (
        mailed(part(b'Content-Type: text/xml; name="a.xml"\r\nContent-Transfer-Encoding: zip')),
        "Content-Transfer-Encoding",
    ),
    "two invoices": (mailed(XML_PART, XML_PART), "2 documents"),
    "encrypted": (
        part(b'Content-Type: application/pkcs7-mime; name="smime.p7m"', b"0\x82"),
        "smime.p7m",
    ),
    "XXE": (
        mailed(part(b"Content-Type: text/xml", b'<!DOCTYPE a SYSTEM "http://x/">' + ubl()[39:])),
        "DOCTYPE",
    ),
    "entities": (
        mailed(
            part(
                b"Content-Type: text/xml",
                b'<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;">]>' + ubl()[39:],
            )
        ),
        "DOCTYPE",
    ),
}


def with_names(tree: bytes, *more: bytes) -> bytes:
    catalog = b"<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles 4 0 R>>>>"
    page = b"<</Type/Page/Parent 2 0 R>>"
    objects = {1: catalog, 2: pdfs.PAGES, 3: page, 4: tree}
    return pdfs.written(objects | dict(enumerate(more, 5)))


def embedded(content: bytes, entries: bytes = b"/Filter/FlateDecode") -> bytes:
    spec = b"<</Type/Filespec/F(factur-x.xml)/EF<</F 6 0 R>>>>"
    return with_names(b"<</Names[(factur-x.xml)5 0 R]>>", spec, pdfs.stream(content, entries))


def wrapped(megabytes: int) -> bytes:
    """Zeros as a stream of zlib, whose sum at the end nobody checks before it is too late."""
    return b"\x78\xda" + zeros(megabytes) + bytes(4)


PDFS: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "not a PDF"),
    "no PDF": (ubl(), "not a PDF"),
    "only a head": (b"%PDF-1.7", "broken"),
    "no invoice": (pdfs.drawn(), "only people can"),
    "another file": (pdfs.with_enclosed_file(), "only people can"),
    "60,000 pages on one object": (pdfs.on_one_object(60_000), "only people can"),
    "pages in circles": (pdfs.in_circles(), "only people can"),
    "names in circles": (with_names(b"<</Kids[4 0 R 4 0 R]>>"), "only people can"),
    "names that are none": (with_names(b"<</Names[1 2 3]>>"), "only people can"),
    "no file there": (with_names(b"<</Names[(a)5 0 R]>>", b"<</F(a)/EF<<>>>>"), "broken"),
    "deep": (pdfs.deep(20_000), "PDF"),
    "bomb on a page": (pdfs.bomb(400), "only people can"),
    "bomb inside": (embedded(wrapped(500)), "broken"),
    "bomb in a bomb": (
        embedded(
            b"\x78\xda" + deflated(wrapped(500)) + bytes(4), b"/Filter[/FlateDecode/FlateDecode]"
        ),
        "broken",
    ),
    "101 files inside": (pdf_of({f"{n}.txt": b"x" for n in range(101)}), "more than 100"),
    "password": (pdfs.locked("secret", "AES-256"), "password"),
    "XXE inside": (
        pdf_of({"factur-x.xml": b'<!DOCTYPE a SYSTEM "file:///etc/passwd">' + ubl()[39:]}),
        "DOCTYPE",
    ),
    "minimum": (
        pdf_of({"factur-x.xml": b'<a:B xmlns:a="urn:x"/>'}),
        "only people can",
    ),
}


def endless() -> bytes:
    """A table of objects that is not there, and so many objects that to make it takes minutes."""
    objects = b"".join(b"%d 0 obj\n1\nendobj\n" % n for n in range(800_000))
    return b"%PDF-1.7\n" + objects + b"trailer<</Root 1 0 R>>\nstartxref\n99\n%%EOF"


EVERY = [
    pytest.param(media_type, content, said, id=f"{media_type.rpartition('/')[2]}: {name}")
    for media_type, attacks in ((ZIP, ZIPS), (MAIL, MAILS), (PDF, PDFS))
    for name, (content, said) in attacks.items()
]


@pytest.mark.parametrize(("media_type", "content", "said"), EVERY)
def test_it_is_refused_and_told(media_type: str, content: bytes, said: str) -> None:
    refused = check(File("document", media_type, content))
    assert isinstance(refused, Refused)
    assert said in " ".join(finding.text for finding in refused.findings)
    for finding in refused.findings:
        assert finding.hint and finding.text.isprintable() and finding.where.isprintable()


BOMBS = [each for each in EVERY if "bomb" in str(each.id)]


@pytest.mark.parametrize(("media_type", "content", "said"), BOMBS)
def test_a_bomb_does_not_swell(media_type: str, content: bytes, said: str) -> None:
    file = File("document", media_type, content)
    tracemalloc.start()
    try:
        check(file)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # pypdf makes 75 MB of a stream, and may hold it twice.
    assert peak < 4 * MOST_BYTES


def test_all_faults_of_a_zip_file_are_told_by_name() -> None:
    names = [b"../a", b"b\\c", b".d", b"e"]
    members = [Member(name, b"x", flags=0x1 if name == b"e" else 0) for name in names]
    refused = opened(File("document", ZIP, zip_by_hand(members)))
    assert isinstance(refused, tuple)
    assert [finding.where for finding in refused] == ["../a", "b\\c", ".d", "e"]


def test_what_systems_add_by_themselves_is_passed_over() -> None:
    files = {
        "faktura/": b"",
        "faktura/a.xml": ubl(),
        "__MACOSX/faktura/._a.xml": b"\x00\x05",
        "faktura/.DS_Store": b"\x00",
        "Thumbs.db": b"\x00",
    }
    package = opened(File("document", ZIP, zip_of(files)))
    assert isinstance(package, Opened) and package.attachments == ()


def test_a_zip_file_written_as_it_comes_is_read() -> None:
    """Sizes after the data, and folders of one name."""
    files = {"a/terms.txt": b"one", "b/terms.txt": b"two", "c.xml": ubl()}
    streamed = zip_by_hand(
        [Member(name.encode(), content, flags=0x8, own_size=0) for name, content in files.items()]
    )
    package = opened(File("document", ZIP, streamed))
    assert isinstance(package, Opened)
    assert [(file.name, file.content) for file in package.attachments] == [
        ("terms.txt", b"one"),
        ("terms-2.txt", b"two"),
    ]


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        (b'Content-Disposition: attachment; filename="hours.csv"', "hours.csv"),
        (b"Content-Disposition: attachment; filename*=utf-8''f%C3%B6r%20dig.csv", "för dig.csv"),
        (
            b"Content-Disposition: attachment; filename*0*=utf-8''f%C3%B6r; filename*1=.csv",
            "för.csv",
        ),
        (b'Content-Disposition: attachment; filename="=?utf-8?b?ZsO2ci5jc3Y=?="', "för.csv"),
        (b'Content-Type: text/csv; name="=?iso-8859-1?q?f=F6r=2Ecsv?="', "för.csv"),
        (b'Content-Type: text/csv; name="f\xc3\xb6r.csv"', "f��r.csv"),
        (b'Content-Disposition: attachment; filename="../../etc/passwd"', "passwd"),
        (b'Content-Disposition: attachment; filename="c:\\\\a\\\\b.csv"', "b.csv"),
        (b'Content-Disposition: attachment; filename="=?nobody?b?YQ==?="', "attachment.txt"),
        (b"Content-Disposition: attachment; filename*=nobody''a", "a"),
        (b"Content-Type: text/csv\r\nContent-Disposition: attachment", "attachment.csv"),
        (b"Content-Type: image/png\r\nContent-ID: <a>\r\nContent-Disposition: inline", None),
        (b"Content-Type: image/png; name=a.png\r\nContent-ID: <a>", None),
        (b"Content-Type: image/png; name=a.png\r\nContent-Disposition: inline", "a.png"),
        (b"Content-Type: application/pgp-signature; name=a.asc", None),
        (b"Content-Type: text/html", None),
        (b"Content-Type: text/html; name=a.html", "a.html"),
        (b"Content-Type: message/rfc822\r\n\r\nSubject: a", "attachment.eml"),
    ],
)
def test_which_parts_of_a_mail_are_files_and_their_names(headers: bytes, name: str | None) -> None:
    content = mailed(XML_PART, part(headers, b"some text"))
    package = opened(File("document", MAIL, content))
    assert isinstance(package, Opened), package
    assert [file.name for file in package.attachments] == ([name] if name else [])
    assert package.document.content == ubl()


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Type: text/plain",
        b"Content-Type: image/png; name=a.png",
        b"Content-Type: application/xml; charset=utf-16",
        b"Content-Type: nonsense",
    ],
)
def test_content_decides_whatever_a_mail_says(headers: bytes) -> None:
    package = opened(File("document", MAIL, mailed(part(headers), part(b"X: y", NOTE))))
    assert isinstance(package, Opened), package
    assert package.document.content == ubl()


@pytest.mark.timeout(600)  # a hundred requests, and a process or two that are ended
async def test_a_gateway_refuses_them_all_and_goes_on(tmp_path: Path) -> None:
    processes = unpackers()
    store = await SqliteStore.open(tmp_path)
    limits = Limits(body_bytes=25 * MB, idle_body_s=60, long_poll_s=20)
    async with serving(store, limits, unpacking=Unpacking(processes)) as api:
        for media_type, attacks in ((ZIP, ZIPS), (MAIL, MAILS), (PDF, PDFS)):
            for name, (content, _) in attacks.items():
                reply = await hand_in(api, media_type, content)
                assert reply.status == 422, (media_type, name, reply.content)
                assert reply.json["errors"][0]["detail"]
        # One that nobody can finish costs its process, and nothing else.
        reply = await hand_in(api, PDF, endless())
        assert reply.status == 422 and "more time or memory" in reply.json["errors"][0]["detail"]
        good = await hand_in(api, ZIP, zip_of({"a.xml": ubl()}))
        assert good.status == 202, good.content
        assert await api.count() == 1
    await processes.close()


async def hand_in(api: Api, media_type: str, content: bytes) -> Reply:
    headers = {"Content-Type": media_type}
    return await api.post("/v1/documents", data=io.BytesIO(content), headers=headers)


def test_no_text_of_a_finding_has_more_of_a_name_than_can_be_shown() -> None:
    refused = opened(File("document", ZIP, renamed(b"\x07" + b"a" * 900)))
    assert isinstance(refused, tuple)
    (finding,) = refused
    assert len(finding.where) == 150 and re.match(r"\\x07a+\.\.\.$", finding.where)
