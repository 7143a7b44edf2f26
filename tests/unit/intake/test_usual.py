"""UBL that is looked at without a tree gets the answer that the tree would have given."""

from __future__ import annotations

from gateway.intake import form, submission
from gateway.intake.submission import Refused, Submission, check, read
from schemas import forms
from schemas.ubl.structure import NAMESPACES, ROOTS
from transports.base import File


def _ubl(root: str, specification: str) -> File:
    content = (
        f'<{root} xmlns="{ROOTS[root]}" xmlns:cbc="{NAMESPACES["cbc"]}">'
        f"<cbc:CustomizationID>{specification}</cbc:CustomizationID></{root}>"
    )
    return File("document.xml", "application/xml", content.encode())


def test_every_form_of_ubl_is_told_as_by_its_tree() -> None:
    specifications = ["urn:cen.eu:en16931:2017", *forms._SPECIFICATIONS]
    answers = set()
    for root in ROOTS:
        for specification in specifications:
            document = _ubl(root, specification)
            read_, checked = read(document), check(document)
            assert isinstance(read_, Submission) == (not isinstance(checked, Refused))
            if isinstance(read_, Refused):
                assert checked == read_
            answers.add(isinstance(read_, Refused))
    assert answers == {True, False}


def test_a_form_that_is_not_taken_is_looked_at_closely() -> None:
    not_taken = [text for text, name in forms._SPECIFICATIONS.items() if name not in form.TAKEN]
    assert not_taken
    assert all(submission._SPECIFIED in text.encode() for text in not_taken)


def test_what_is_no_invoice_is_refused_with_its_place() -> None:
    for content in (b"<Order/>", b"<Invoice/>", b"<Invoice><a></Invoice>", b"no XML"):
        document = File("document.xml", "application/xml", content)
        refused = check(document)
        assert isinstance(refused, Refused)
        assert refused == read(document)
