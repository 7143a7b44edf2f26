"""The parts of a document as text: all that is not a line, and each line.

In charge of cutting the document into parts, and each part into tags and values, at the speed of C:
lxml makes an object of each element it is asked for, but writes a whole tree at once. What it
writes is from the tree that was parsed, so that there is no second reading of the bytes: comments
are gone, and `<` and `>` stand around tags and nowhere else.

Not in charge of what the tags mean (`validators.form`).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, NamedTuple

from lxml import etree

FILE_NAME: Final = ' filename="'


class Part(NamedTuple):
    """A part: its tags in one text, `<` between them, and what follows each of them.

    Beginning and end tags alike. After the values come the names of files, which are taken out of
    the tags. The tag that begins a line is without its name. What libxml2 has escaped still is,
    returns apart: `validators.records` reads it as it stands.
    """

    tags: str
    values: list[str]


def cut(root: etree._Element, lines: Collection[str]) -> tuple[str, str, list[str]]:
    """All before the lines, the name of a line as it is written, and the lines.

    Lines are the last children of the root, when their names are among `lines`.
    """
    text = etree.tostring(root, encoding="unicode", with_tail=False)
    if not len(root):
        return text, "", []
    last = root[-1]
    local = last.tag.rpartition("}")[2]
    if local not in lines:
        return text[: text.rindex("</")], "", []
    name = f"{last.prefix}:{local}" if last.prefix else local
    end = f"</{name}>"
    pieces = text.rsplit(f"<{name}", text.count(end))
    pieces[-1] = pieces[-1][: pieces[-1].rindex("</")]  # the end of the root
    first = len(pieces)
    while first > 1 and _is_line(pieces[first - 1], end):
        first -= 1
    return f"<{name}".join(pieces[:first]), name, pieces[first:]


def _is_line(text: str, end: str) -> bool:
    """Whether there is a line and nothing else: one end, behind which no other element stands."""
    return text.count(end) == 1 and (text.endswith(end) or text.rstrip().endswith(end))


def head(text: str) -> Part:
    """The tags and values of all that is not a line."""
    text, names = _without_names_of_files(text)
    part = line(text[1:])
    part.values.extend(names)
    return part


def line(text: str) -> Part:
    """The tags and values of a line."""
    if "&#" in text:
        text = text.replace("&#13;", "\r")  # which is white space, and stands for nothing else
    each = text.replace(">", "<").split("<")
    return Part("<".join(each[::2]), each[1::2])


def _without_names_of_files(text: str) -> tuple[str, list[str]]:
    """Takes the names of files out of the tags; what looks like one in a text is left there."""
    names: list[str] = []
    kept: list[str] = []
    done = seen = quotes = 0
    in_tag = False
    while (at := text.find(FILE_NAME, seen)) >= 0:
        begins, ends = text.rfind("<", seen, at), text.rfind(">", seen, at)
        if begins > ends:
            in_tag, quotes, seen = True, 0, begins
        elif ends > begins:
            in_tag = False
        quotes += text.count('"', seen, at)
        seen = at + 1
        if in_tag and quotes % 2 == 0:  # and not in the value of an attribute
            begin = at + len(FILE_NAME)
            end = text.index('"', begin)
            kept.append(text[done:begin])
            names.append(text[begin:end])
            done = seen = end
            quotes = 1
    return "".join((*kept, text[done:])), names
