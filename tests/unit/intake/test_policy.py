"""What may go along with an invoice, what may not, and what is said of it."""

from __future__ import annotations

import string
import tomllib
from importlib import resources
from typing import Any

import pytest

from gateway.intake.policy import ARCHIVES, Attached, Why, choose, findings, infected
from gateway.intake.submission import Channel
from tests.unit.intake.test_content import DOS, OLE, SHEET, zipped
from transports.base import File
from validators.findings import Finding, Severity
from validators.messages import LANGUAGES

PDF = b"%PDF-1.7\n"
CSV = b"a;b\n"
ZIP = zipped(**{"hours.csv": CSV})

FATAL, WARNING = Severity.FATAL, Severity.WARNING


def said(
    name: str, media_type: str, content: bytes, language: str = "en", **settings: Any
) -> list[Finding]:
    attached = Attached(File(name, media_type, content), "/attachment/0")
    return list(findings([attached], settings, language))


def rules(found: list[Finding]) -> list[tuple[str, Severity]]:
    return [(each.rule.removeprefix("GUARD-ATTACHMENT-"), each.severity) for each in found]


def words() -> dict[str, Any]:
    source = resources.files("gateway.intake").joinpath("policy.toml")
    return tomllib.loads(source.read_text("utf-8"))


@pytest.mark.parametrize(
    ("name", "media_type", "content"),
    [
        ("invoice.pdf", "application/pdf", PDF),
        ("hours.csv", "text/csv", CSV),
        ("Följesedel 12.PDF", "application/pdf", PDF),
        ("foto.jpeg", "image/jpeg", b"\xff\xd8\xff\xe0"),
        ("sheet.xlsx", "application/octet-stream", b"\x00\x01"),
        ("drawing.dwg", "application/acad", b"AC1032\x00\x00"),
    ],
)
def test_nothing_is_said_of_a_file_that_is_in_order(
    name: str, media_type: str, content: bytes
) -> None:
    assert said(name, media_type, content) == []


@pytest.mark.parametrize(
    ("name", "media_type", "content", "expected"),
    [
        ("invoice.pdf", "application/pdf", DOS, [("FORBIDDEN", FATAL)]),
        ("invoice.pdf.exe", "application/pdf", PDF, [("FORBIDDEN", FATAL)]),
        ("invoice.pdf.exe", "application/octet-stream", b"\x00", [("FORBIDDEN", FATAL)]),
        ("run.js", "text/plain", b"x()", [("FORBIDDEN", FATAL)]),
        ("a.csv", "text/csv", b"<script>x()</script>", [("FORBIDDEN", FATAL)]),
        ("a.xls", "application/vnd.ms-excel", OLE, []),
        (
            "a.xls",
            "application/vnd.ms-excel",
            OLE + "_VBA_PROJECT".encode("utf-16-le"),
            [("FORBIDDEN", FATAL)],
        ),
        ("a.xlsm", "application/octet-stream", zipped(**SHEET), [("FORBIDDEN", FATAL)]),
        ("a.zip", "application/zip", ZIP, []),
        ("a.zip", "application/zip", DOS, [("FORBIDDEN", FATAL)]),
        ("a.exe", "application/zip", ZIP, [("FORBIDDEN", FATAL)]),
        ("a.jar", "application/zip", ZIP, [("FORBIDDEN", FATAL)]),
        ("a.pdf", "application/pdf", ZIP, [("LABEL", WARNING)]),
        ("a.pdf", "application/pdf", b"", [("EMPTY", FATAL)]),
        ("a\u202efdp.pdf", "application/pdf", PDF, [("DISGUISE", FATAL)]),
        ("a\u202efdp.exe", "application/pdf", DOS, [("DISGUISE", FATAL), ("FORBIDDEN", FATAL)]),
        ("a\u2066b.pdf", "application/pdf", b"", [("DISGUISE", FATAL), ("EMPTY", FATAL)]),
        ("../../etc/passwd.pdf", "application/pdf", PDF, [("NAME", WARNING)]),
        ("C:\\Temp\\a.pdf", "application/pdf", PDF, [("NAME", WARNING)]),
        ("a\u200b.pdf", "application/pdf", PDF, [("NAME", WARNING)]),
        ("x" * 300 + ".pdf", "application/pdf", PDF, [("NAME", WARNING)]),
        ("a.png", "application/pdf", PDF, [("LABEL", WARNING)]),
        ("a.pdf", "text/csv", PDF, [("LABEL", WARNING)]),
        ("a.pdf", "application/pdf", b"Test base 64 encoding", [("LABEL", WARNING)]),
        ("a.pdf", "application/pdf", b"\x04\x04\x84", [("UNREADABLE", WARNING)]),
    ],
)
def test_what_is_said_of_a_file(
    name: str, media_type: str, content: bytes, expected: list[tuple[str, Severity]]
) -> None:
    assert rules(said(name, media_type, content)) == expected


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("a.zip", ZIP, "ARCHIVE"),
        ("a.pdf", ZIP, "ARCHIVE"),
        ("a.zip", PDF, "ARCHIVE"),
        ("a.exe", ZIP, "FORBIDDEN"),
        ("a.zip", DOS, "FORBIDDEN"),
    ],
)
def test_a_company_may_have_archives_refused(name: str, content: bytes, rule: str) -> None:
    found = said(name, "application/zip", content, **{ARCHIVES: False})
    assert rules(found) == [(rule, FATAL)]


def test_a_finding_names_the_file_and_its_place() -> None:
    (found,) = said("faktura.pdf.exe", "application/pdf", PDF)
    assert "faktura.pdf.exe" in found.text and "PDF" in found.hint
    assert (found.where, found.line, found.terms) == ("/attachment/0", None, ("BG-24",))


def test_a_name_does_nothing_to_the_text_that_quotes_it() -> None:
    (found,) = said("a\u202e{computed}\n.pdf", "application/pdf", PDF)
    assert found.text.isprintable() and "{computed}" in found.text
    assert len(said("x" * 5000 + "\u202e", "application/pdf", PDF)[0].text) < 400


def test_too_many_are_told_once() -> None:
    files = [
        Attached(File("a.pdf", "application/pdf", PDF), f"/attachment/{n}") for n in range(101)
    ]
    (found,) = findings(files, {}, "en")
    assert (found.rule, found.where) == ("GUARD-ATTACHMENT-COUNT", "/attachment/100")
    assert (found.stated, found.computed) == ("101", "100")
    assert list(findings(files[:100], {}, "en")) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_is_told_in_every_language(language: str) -> None:
    for rule, row in words()["findings"].items():
        for part in ("text", "hint"):
            assert row[part].keys() == set(LANGUAGES), rule
            assert _fields(row[part][language]) == _fields(row[part]["en"]), rule
    assert all(word.keys() == set(LANGUAGES) for word in words()["words"].values())
    assert infected("a.pdf", "Eicar", "/attachment/0", language).text.count("Eicar") == 1


def _fields(text: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(text) if field}


# --- channels -----------------------------------------------------------------------------------


def file(name: str, content: bytes) -> File:
    return File(name, "application/octet-stream", content)


def left(channel: str, *files: File) -> list[tuple[str, Why]]:
    return [(each.name, why) for each, why in choose(channel, files).left]


def test_only_channels_that_there_are_have_rules() -> None:
    assert words()["channels"].keys() <= set(Channel.__args__)


def test_a_channel_leaves_out_what_it_can_not_carry() -> None:
    files = [file("a.pdf", PDF), file("b.csv", CSV), file("c.dwg", b"\x00\x01")]
    assert left("email", *files) == left("internal", *files) == left("letter", *files) == []
    assert left("vipps", *files) == [("b.csv", Why.KIND), ("c.dwg", Why.KIND)]
    assert left("peppol", *files) == [(each.name, Why.KIND) for each in files]
    assert left("operator", *files) == [("c.dwg", Why.KIND)]


def test_what_is_kept_stays_in_its_order() -> None:
    files = (file("a.pdf", PDF), file("b.csv", CSV), file("c.pdf", PDF + b"c"))
    assert choose("kivra", files).kept == (files[0], files[2])


def test_limits_are_those_of_each_file_and_of_all_together() -> None:
    half = PDF.ljust(350_000)
    assert left("kivra", file("a.pdf", half), file("b.pdf", half)) == []
    assert left("kivra", file("a.pdf", half), file("b.pdf", half + b" "), file("c.pdf", PDF)) == [
        ("b.pdf", Why.TOTAL_BYTES)
    ]
    assert left("operator", file("a.pdf", PDF.ljust(5_242_880))) == []
    assert left("operator", file("a.pdf", PDF.ljust(5_242_881))) == [("a.pdf", Why.FILE_BYTES)]


def test_a_channel_that_nothing_is_known_of_takes_all() -> None:
    assert left("pigeon", file("a.exe", DOS)) == []
