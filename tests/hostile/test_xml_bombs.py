"""Hostile XML ends in a finding: not in memory, not in time, not in another file.

Each document is validated in a process of its own with a bound on its memory.
"""

from __future__ import annotations

import codecs
import json
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from validators import guard
from validators.examples.edits import source
from validators.pipeline import parse, validate

DAY = date(2026, 11, 21)
ROOT = Path(__file__).parents[2]
GOOD = source()
MEGABYTE = 1024 * 1024

CHILD = """
import json, sys
from datetime import date
from pathlib import Path
from validators.pipeline import validate
report = validate(sys.stdin.buffer.read(), at=date(2026, 11, 21))
# Not getrusage: its peak counts the process that started this one too.
status = Path("/proc/self/status").read_text()
peak = int(status.partition("VmHWM:")[2].split()[0])
print(json.dumps([[f.rule for f in report.findings][:5], report.ok, peak]))
"""


def judged(data: bytes, most: int) -> tuple[list[str], bool, int]:
    """The first rules, the verdict, and the peak memory in bytes, in a process of its own."""

    def bound() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (most, most))

    done = subprocess.run(
        [sys.executable, "-c", CHILD],
        input=data,
        capture_output=True,
        cwd=ROOT,
        preexec_fn=bound,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-800:]
    rules, ok, peak = json.loads(done.stdout)
    return rules, ok, peak * 1024


def _laughs() -> bytes:
    entities = '<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">'
        for before, name in zip("abcdefghi", "bcdefghij", strict=True)
    )
    return f"<!DOCTYPE Invoice [{entities}]><Invoice>&j;</Invoice>".encode()


DOCUMENTS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "billion laughs": ("GUARD-DOCTYPE", _laughs),
    "quadratic blow-up": (
        "GUARD-DOCTYPE",
        lambda: b'<!DOCTYPE a [<!ENTITY x "' + b"x" * 10**6 + b'">]><a>' + b"&x;" * 10**5 + b"</a>",
    ),
    "external entity": (
        "GUARD-DOCTYPE",
        lambda: b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>',
    ),
    "external subset": ("GUARD-DOCTYPE", lambda: b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/"><a/>'),
    "doctype in utf-16": (
        "GUARD-DOCTYPE",
        lambda: (
            codecs.BOM_UTF16_LE + "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>".encode("utf-16-le")
        ),
    ),
    "doctype after comments": ("GUARD-DOCTYPE", lambda: b"<!-- -->" * 20 + b"<!DOCTYPE a><a/>"),
    "doctype out of sight": (
        "GUARD-PROLOG",
        lambda: b"<!--" + b"x" * 10**6 + b"--><!DOCTYPE a><a/>",
    ),
    "unending prolog": ("GUARD-PROLOG", lambda: b"<!-- -->" * 10**5 + b"<a/>"),
    "depth": ("GUARD-DEPTH", lambda: b"<a>" * 10**5),
    "depth in a large document": ("GUARD-DEPTH", lambda: b"<a    >" * 1_900_000),
    "tags": ("GUARD-TAGS", lambda: b"<a>" + b"<b/>" * 5_000_000 + b"</a>"),
    "attributes": (
        "GUARD-ATTRIBUTES",
        lambda: b"<a " + b" ".join(b'a%d=""' % n for n in range(2_500_000)) + b"/>",
    ),
    "size": ("GUARD-SIZE", lambda: b"<a>" + b" " * guard.MOST_BYTES + b"</a>"),
    "utf-7": ("GUARD-ENCODING", lambda: b'<?xml version="1.0" encoding="UTF-7"?>+ADw-a/+AD4-'),
    "utf-32": ("GUARD-ENCODING", lambda: "<a/>".encode("utf-32")),
    "an encoding nobody knows": (
        "GUARD-ENCODING",
        lambda: b'<?xml version="1.0" encoding="x-y"?><a/>',
    ),
    "nothing": ("GUARD-EMPTY", lambda: b""),
    "white space": ("GUARD-EMPTY", lambda: b" \n" * 1000),
    "not xml": ("GUARD-MALFORMED", lambda: b"%PDF-1.7 ..."),
    "undeclared entity": ("GUARD-MALFORMED", lambda: b"<a>&x;</a>"),
    "cut off": ("GUARD-MALFORMED", lambda: GOOD[: len(GOOD) // 2]),
    "null": ("GUARD-MALFORMED", lambda: b"<aaaa>\x00</aaaa>"),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_it_ends_in_a_finding(name: str) -> None:
    rule, make = DOCUMENTS[name]
    data = make()
    rules, ok, peak = judged(data, most=900 * MEGABYTE)
    assert rules[0] == rule
    assert not ok
    assert peak < 160 * MEGABYTE + 3 * len(data)


def lines(count: int) -> bytes:
    """Our invoice with its second line `count` times; the totals no longer fit."""
    start = GOOD.rindex(b"  <cac:InvoiceLine>")
    end = GOOD.rindex(b"</Invoice>")
    return GOOD[:start] + GOOD[start:end] * count + GOOD[end:]


def test_a_long_invoice_passes() -> None:
    data = lines(20_000)
    rules, _, peak = judged(data, most=2_000 * MEGABYTE)
    assert rules
    assert not any(rule.startswith(("GUARD-", "STRUCTURE-")) for rule in rules)
    assert peak < 1_200 * MEGABYTE


def test_a_large_attachment_passes() -> None:
    content = b"QUJD" * (7 * MEGABYTE)
    data = GOOD.replace(b"aG91cnMK", content)
    rules, ok, peak = judged(data, most=1_000 * MEGABYTE)
    assert (rules, ok) == ([], True)
    assert peak < 60 * MEGABYTE + 6 * len(data)


def repeated(old: bytes, new: bytes, times: int) -> bytes:
    """Our invoice with something replaced by very many of something else."""
    assert old in GOOD
    return GOOD.replace(old, new * times, 1)


def categories(count: int) -> bytes:
    """Our invoice with a line that has very many tax categories and rates."""
    start = GOOD.index(b"<cac:ClassifiedTaxCategory>")
    end = GOOD.index(b"</cac:ClassifiedTaxCategory>") + len(b"</cac:ClassifiedTaxCategory>")
    one = GOOD[start:end]
    many = (one.replace(b">S<", b">c%d<" % n).replace(b">25<", b">%d<" % n) for n in range(count))
    return GOOD[:start] + b"".join(many) + GOOD[end:]


LAST = b"</Invoice>"
PERIOD = b"<cac:InvoicePeriod><cbc:StartDate>2026-09-01</cbc:StartDate></cac:InvoicePeriod>"
BILLING = b"  <cac:BillingReference>"
NOTE = b"<cbc:Note>#AAI#Thank you for the order</cbc:Note>"
NAME = b"    <cac:PartyName>\n      <cbc:Name>Faktorn</cbc:Name>\n    </cac:PartyName>"
STRAY = b" ".join(b'a%d=""' % n for n in range(100_000))
LINES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "empty lines": (
        "STRUCTURE-MISSING",
        lambda: repeated(LAST, b"<cac:InvoiceLine/>", 200_000) + LAST,
    ),
    "attributes of one element": (
        "STRUCTURE-ATTRIBUTE",
        lambda: GOOD.replace(b"<Invoice ", b"<Invoice %b " % STRAY, 1),
    ),
    "empty notes": ("GUARD-FINDINGS", lambda: repeated(NOTE, b"<cbc:Note/>", 200_000)),
    "tax categories": ("GUARD-FINDINGS", lambda: categories(20_000)),
    "names of the payee": ("UBL-SR-19", lambda: repeated(NAME, NAME, 100_000)),
    "periods": ("UBL-SR-08", lambda: GOOD.replace(BILLING, PERIOD * 20_000 + BILLING)),
}


@pytest.mark.parametrize("name", LINES)
def test_what_repeats_takes_no_more_than_its_share(name: str) -> None:
    """With work that grows with the square of the number, none would end within the bound."""
    rule, make = LINES[name]
    rules, ok, _ = judged(make(), most=1_500 * MEGABYTE)
    assert rule in rules
    assert not ok


def encodings() -> Iterator[bytes]:
    declared = b'encoding="UTF-8"'
    text = GOOD.decode()
    yield codecs.BOM_UTF8 + GOOD
    yield GOOD.replace(b'<?xml version="1.0" encoding="UTF-8"?>', b"")
    yield GOOD.replace(declared, b"encoding='utf8'")
    for name in ("ISO-8859-1", "windows-1252", "ISO-8859-15"):
        yield text.replace("UTF-8", name).encode(name)
    yield text.replace("UTF-8", "UTF-16").encode("utf-16")
    yield codecs.BOM_UTF16_BE + text.encode("utf-16-be")


@pytest.mark.parametrize("data", list(encodings()), ids=range(8))
def test_an_invoice_in_another_encoding_passes(data: bytes) -> None:
    assert validate(data, at=DAY).ok


def test_entities_of_xml_itself_are_no_attack() -> None:
    root = parse(b"<a>&lt;&#65;&amp;<![CDATA[<!DOCTYPE]]></a>")
    assert not isinstance(root, tuple)
    assert root.text == "<A&<!DOCTYPE"
