"""The generated XML Schema gives the same verdict as the official one."""

from __future__ import annotations

import copy
import gzip
import json
import random
from functools import cache
from pathlib import Path

import pytest
from lxml import etree

from schemas import structure
from schemas.faults import Code, faults
from schemas.ubl.structure import NAMESPACES, ROOTS, TYPES, children

RULES = Path(__file__).parents[3] / "shared/rules"

pytestmark = pytest.mark.skipif(
    not RULES.exists(), reason="the official documents are not beside this checkout"
)


def document(file: str) -> etree._Element:
    content = (RULES / file).read_bytes()
    return etree.fromstring(gzip.decompress(content) if file.endswith(".gz") else content)


def test_verdict_on_every_official_document() -> None:
    compared = 0
    for line in (RULES / "verdicts.jsonl").read_text("utf-8").splitlines():
        verdict = json.loads(line)
        root = document(verdict["file"])
        ok = ours(root).validate(root)
        assert ok == verdict["xsd_ok"], verdict["file"]
        found = faults(root)
        assert (not found) == ok, verdict["file"]
        assert all(fault.code is not Code.OTHER for fault in found), verdict["file"]
        compared += 1
    assert compared > 3500


def test_every_clean_document_is_right() -> None:
    roots = [document(f"bases/{file.name}") for file in (RULES / "bases").iterdir()]
    assert [faults(root) for root in roots] == [()] * len(roots)
    assert len(roots) > 100


def ours(root: etree._Element) -> etree.XMLSchema:
    vocabulary = structure.of(root)
    assert vocabulary is not None, root.tag
    return vocabulary.schema(etree.QName(root).localname)


SVEFAKTURA = "artefacts/svefaktura-1.0/xsd/maindoc"
REPORTING = "artefacts/peppol-reporting"

OFFICIAL = {
    f"{{{uri}}}{name}": f"artefacts/ubl-2.1-xsd/maindoc/UBL-{name}-2.1.xsd"
    for name, uri in ROOTS.items()
} | {
    "{urn:sfti:documents:BasicInvoice:1:0}Invoice": f"{SVEFAKTURA}/SFTI-BasicInvoice-1.0.xsd",
    "{urn:sfti:documents:ObjectEnvelope:1:0}ObjectEnvelope": (
        f"{SVEFAKTURA}/SFTI-ObjectEnvelope-1.0.xsd"
    ),
    "{urn:fdc:peppol:transaction-statistics-report:1.0}TransactionStatisticsReport": (
        f"{REPORTING}/peppol-transaction-statistics-reporting-1.0.1.xsd"
    ),
    "{urn:fdc:peppol:end-user-statistics-report:1.1}EndUserStatisticsReport": (
        f"{REPORTING}/peppol-end-user-statistics-reporting-1.1.xsd"
    ),
}


@cache
def official(tag: str) -> etree.XMLSchema:
    return etree.XMLSchema(file=RULES / OFFICIAL[tag])


VALUES = [
    *("", " ", "0", "-1.5", "+1", "1.", ".5", "1e3", "NaN", "1,5", "\u0661", "0" * 40, "-0", "007"),
    *("2026-02-29", "2024-02-29", "2026-11-21Z", "2026-11-21+01:00", "-0001-01-01", "26-1-1"),
    *("2026-11-21T00:00:00", "2026-11-21T24:00:00Z", "2026-11-21 00:00:00", " 2026-11-21T1:0:0"),
    *("24:00:00", "12:00:00Z", "12:00:00.123+01:00", "12:00", " 12:00:00 "),
    *("true", "1", "TRUE", "no", "QUJD", "QUJ", "Q U J D", "QUI=", "sv", "sv-SE", "på", "a b", "%"),
    *("SEK", "sek", " SEK", "SEK\t", "ATS", "SE", "30", "ZZZ", "0.3", " 0.3 ", "6", "en", " en"),
]

# Right for a leaf, whose type is named after it, and for some aggregates.
TYPES_OF_UBL = ["cbc:IDType", "cbc:AmountType", "cac:PartyType", "cac:AddressType", "cbc:NoneType"]

XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


def mutate(root: etree._Element, rnd: random.Random) -> None:
    """One change of the kind that people and programs make, or of the kind that finds edges."""
    vocabulary = structure.of(root)
    if vocabulary is None:
        return
    is_ubl = vocabulary.roots is ROOTS
    elements = list(root.iter("*"))
    element = rnd.choice(elements)
    match rnd.randrange(10):
        case 0 if element is not root:
            element.getparent().remove(element)
        case 1 if element is not root:
            element.addnext(copy.deepcopy(element))
        case 2 if element is not root:
            other = rnd.choice(elements)
            if element not in (other, *other.iterancestors()):
                other.insert(rnd.randrange(len(other) + 1), element)
        case 3:
            leaves = [element for element in elements if len(element) == 0]
            rnd.choice(leaves).text = rnd.choice(VALUES)
        case 4:
            kinds = [*vocabulary.datatypes, *vocabulary.types]
            names = sorted({name for kind in kinds for name in vocabulary.attributes(kind)})
            element.set(rnd.choice([*names, "{urn:x}y"]), rnd.choice(VALUES))
        case 5 if element.attrib:
            del element.attrib[rnd.choice(list(element.attrib))]
        case 6:
            types = [*vocabulary.roots, "Party", "Address", "Item"]
            types = types if is_ubl else sorted(vocabulary.types)
            child = rnd.choice(vocabulary.children(rnd.choice(types)))
            new = etree.Element(child.tag)
            new.text = rnd.choice(VALUES)
            element.insert(rnd.randrange(len(element) + 1), new)
        case 7:
            namespace = rnd.choice(
                [*vocabulary.namespaces.values(), *vocabulary.roots.values(), "urn:x"]
            )
            element.tag = f"{{{namespace}}}{etree.QName(element).localname}"
        case 8 if is_ubl:
            element.set(XSI_TYPE, rnd.choice(TYPES_OF_UBL))
        case 9 if is_ubl:
            prefix = {uri: prefix for prefix, uri in NAMESPACES.items()}
            name = etree.QName(element)
            if name.namespace in prefix:
                element.set(XSI_TYPE, f"{prefix[name.namespace]}:{name.localname}Type")
        case 8 | 9:
            place = rnd.choice([element for element in elements if element.attrib] or [root])
            for attribute in place.attrib:
                place.set(attribute, rnd.choice(VALUES))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("tag", OFFICIAL)
def test_verdict_on_mutants(tag: str, seed: int) -> None:
    rnd = random.Random(seed)
    bases = [file for file in sorted((RULES / "bases").iterdir()) if root_of(file.name) == tag]
    right = 0
    for _ in range(200):
        root = document(f"bases/{rnd.choice(bases).name}")
        for _ in range(rnd.choice([1, 1, 1, 2, 5])):
            mutate(root, rnd)
        ok = official(tag).validate(root)
        if root.tag == tag:
            assert ours(root).validate(root) == ok, etree.tostring(root)
            assert (not faults(root)) == ok, etree.tostring(root)
        right += ok
    assert right > 10


@cache
def root_of(name: str) -> str:
    return str(document(f"bases/{name}").tag)


XSD = "{http://www.w3.org/2001/XMLSchema}"


@pytest.mark.parametrize("name", ["AggregateComponents", "ExtensionComponents", *ROOTS])
def test_every_row_of_the_table_is_the_official_one(name: str) -> None:
    folder = RULES / "artefacts/ubl-2.1-xsd"
    where = f"maindoc/UBL-{name}" if name in ROOTS else f"common/UBL-Common{name}"
    compared = 0
    for definition in etree.parse(folder / f"{where}-2.1.xsd").iter(XSD + "complexType"):
        rows = [
            (e.get("ref", "").rpartition(":")[2], e.get("minOccurs", "1"), e.get("maxOccurs", "1"))
            for e in definition.iterfind(f"{XSD}sequence/{XSD}element")
        ]
        ours = children(definition.get("name", "").removesuffix("Type"))
        limits = [(c.name, str(c.least), str(c.most or "unbounded")) for c in ours]
        # The table holds only what its roots reach.
        if ours:
            assert limits == rows
            compared += 1
    assert compared >= 1


def test_every_leaf_has_the_official_datatype() -> None:
    path = RULES / "artefacts/ubl-2.1-xsd/common/UBL-CommonBasicComponents-2.1.xsd"
    official = {
        definition.get("name"): extension.get("base", "").removeprefix("udt:")
        for definition in etree.parse(path).iter(XSD + "complexType")
        for extension in definition.iter(XSD + "extension")
    }
    same = {"PercentType": "NumericType", "RateType": "NumericType", "NameType": "TextType"}
    for name in TYPES:
        for child in children(name):
            if child.prefix == "cbc":
                base = official[f"{child.name}Type"]
                assert f"{child.type}Type" == same.get(base, base), child.name
