"""XML of partners, for machines: parsed so that it can mean one thing only.

In charge of what is refused before anybody reads it: document types and with them entities,
encodings but UTF-8, comments, and processing instructions. Not for documents, which may have more
(`validators.guard`).
"""

from __future__ import annotations

import re
from typing import Final

from lxml import etree


class Malformed(ValueError):
    """It is not XML that is read here; the text says why, and goes on from "the message"."""


def parse(content: bytes) -> etree._Element:
    """The root element. Whoever calls it bounds the size first. Raises Malformed."""
    if _PROLOG.match(content) is None:
        raise Malformed("has a DOCTYPE, or is no XML in UTF-8")
    try:
        root = etree.fromstring(content, _PARSER)
    except etree.XMLSyntaxError as error:
        raise Malformed(f"is not well-formed: {error.msg}") from None
    # Signatures pass over comments, and readers of text stop at them: nobody needs one here.
    if next(root.iter(etree.Comment, etree.PI, etree.Entity), None) is not None:
        raise Malformed("has comments or processing instructions")
    return root


# Only a declaration may stand before the root, where a DOCTYPE would be, or what hides one by its
# encoding: bytes are looked at, before anything is parsed.
_PROLOG: Final = re.compile(
    rb"""\s*(?:<\?xml\s+version\s*=\s*["']1\.\d["']"""
    rb"""(?:\s+encoding\s*=\s*["'](?:utf-8|us-ascii|ascii)["'])?"""
    rb"""(?:\s+standalone\s*=\s*["'](?:yes|no)["'])?\s*\?>\s*)?<[a-z_]""",
    re.IGNORECASE,
)
# No huge_tree: libxml2's own limits on depth and text hold for a megabyte of headers.
_PARSER: Final = etree.XMLParser(
    resolve_entities=False,
    no_network=True,
    load_dtd=False,
    dtd_validation=False,
    collect_ids=False,  # who needs ids takes more names for them
)
