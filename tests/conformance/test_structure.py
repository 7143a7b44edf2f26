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

from schemas.ubl.faults import Code, faults
from schemas.ubl.structure import DATATYPES, NAMESPACES, ROOTS, TYPES, children, schema

RULES = Path(__file__).parents[3] / "shared/rules"

pytestmark = pytest.mark.skipif(
    not RULES.exists(), reason="the official documents are not beside this checkout"
)

KINDS = {"invoice", "creditnote", "imr", "mlr", "mls"}


def document(file: str) -> etree._Element:
    content = (RULES / file).read_bytes()
    return etree.fromstring(gzip.decompress(content) if file.endswith(".gz") else content)


def test_verdict_on_every_official_document() -> None:
    compared = 0
    for line in (RULES / "verdicts.jsonl").read_text("utf-8").splitlines():
        verdict = json.loads(line)
        if verdict["kind"] not in KINDS:
            continue
        root = document(verdict["file"])
        ok = schema(etree.QName(root).localname).validate(root)
        assert ok == verdict["xsd_ok"], verdict["file"]
        found = faults(root)
        assert (not found) == ok, verdict["file"]
        assert all(fault.code is not Code.OTHER for fault in found), verdict["file"]
        compared += 1
    assert compared > 3500


def test_every_clean_document_is_right() -> None:
    roots = [document(f"bases/{file.name}") for file in (RULES / "bases").iterdir()]
    ours = [root for root in roots if etree.QName(root).namespace in ROOTS.values()]
    assert [faults(root) for root in ours] == [()] * len(ours)
    assert len(ours) > 100


@cache
def official(root: str) -> etree.XMLSchema:
    return etree.XMLSchema(file=RULES / f"artefacts/ubl-2.1-xsd/maindoc/UBL-{root}-2.1.xsd")


VALUES = [
    *("", " ", "0", "-1.5", "+1", "1.", ".5", "1e3", "NaN", "1,5", "\u0661", "0" * 40),
    *("2026-02-29", "2024-02-29", "2026-11-21Z", "2026-11-21+01:00", "-0001-01-01", "26-1-1"),
    *("24:00:00", "12:00:00Z", "12:00:00.123+01:00", "12:00", " 12:00:00 "),
    *("cbc:IDType", "cbc:AmountType", "cac:PartyType", "cac:AddressType", "cbc:NoneType"),
    *("true", "1", "TRUE", "no", "QUJD", "QUJ", "Q U J D", "QUI=", "sv", "sv-SE", "på", "a b", "%"),
]


XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


def mutate(root: etree._Element, rnd: random.Random) -> None:
    """One change of the kind that people and programs make, or of the kind that finds edges."""
    elements = list(root.iter("*"))
    element = rnd.choice(elements)
    match rnd.randrange(9):
        case 0 if element is not root:
            element.getparent().remove(element)
        case 1 if element is not root:
            element.addnext(copy.deepcopy(element))
        case 2 if element is not root:
            other = rnd.choice(elements)
            if element not in (other, *other.iterancestors()):
                other.insert(rnd.randrange(len(other) + 1), element)
        case 3:
            element.text = rnd.choice(VALUES)
        case 4:
            names = sorted({name for kind in DATATYPES.values() for name in kind.attributes})
            element.set(rnd.choice([*names, "{urn:x}y", XSI_TYPE]), rnd.choice(VALUES))
        case 8:
            prefix = {uri: prefix for prefix, uri in NAMESPACES.items()}
            name = etree.QName(element)
            if name.namespace in prefix:
                # Right for a leaf, whose type is named after it, and for some aggregates.
                element.set(XSI_TYPE, f"{prefix[name.namespace]}:{name.localname}Type")
        case 5 if element.attrib:
            del element.attrib[rnd.choice(list(element.attrib))]
        case 6:
            child = rnd.choice(children(rnd.choice([*ROOTS, "Party", "Address", "Item"])))
            new = etree.Element(child.tag)
            new.text = rnd.choice(VALUES)
            element.insert(rnd.randrange(len(element) + 1), new)
        case 7:
            namespace = rnd.choice([*NAMESPACES.values(), *ROOTS.values(), "urn:x"])
            element.tag = f"{{{namespace}}}{etree.QName(element).localname}"


@pytest.mark.parametrize("seed", range(4))
def test_verdict_on_mutants(seed: int) -> None:
    rnd = random.Random(seed)
    bases = sorted((RULES / "bases").iterdir())
    right = 0
    for _ in range(250):
        root = document(f"bases/{rnd.choice(bases).name}")
        name = etree.QName(root).localname
        if name not in ROOTS or root.tag != f"{{{ROOTS[name]}}}{name}":
            continue
        for _ in range(rnd.choice([1, 1, 1, 2, 5])):
            mutate(root, rnd)
        ok = official(name).validate(root)
        assert schema(name).validate(root) == ok, etree.tostring(root)
        right += ok
    assert right > 10


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
