"""The structure of UBL 2.1: its part of `schemas.structure`, by the names that UBL readers use."""

from __future__ import annotations

from typing import Final

from schemas.structure import Child as Child
from schemas.structure import vocabulary

_UBL: Final = vocabulary("ubl/structure")

NAMESPACES: Final = _UBL.namespaces
"""Prefix -> namespace, for all elements but the roots."""

ROOTS: Final = _UBL.roots
"""Name of a root element -> its namespace. Its type has the same name."""

DATATYPES: Final = _UBL.datatypes
TYPES: Final = _UBL.types

children: Final = _UBL.children
type_at: Final = _UBL.type_at
schema: Final = _UBL.schema
