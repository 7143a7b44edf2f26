"""A ZIP file, strictly: what one program reads in it, every other reads too (APPNOTE 6.3.10).

In charge of the bytes: the end record, the directory and each member's own header must tell the
same, members must not overlap, and no more is inflated than the directory announces. Names must be
plain, and may have folders, of which the last part counts. What macOS and Windows add by themselves
is passed over. Pure.
"""

from __future__ import annotations

import io
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import Final

from gateway.intake.attachment import distinct, is_safe_name, safe_name
from gateway.intake.contents import MOST_BYTES, MOST_FILES, Contents, fault
from gateway.intake.kind import media_type
from transports.base import File
from validators.findings import Finding

_RULE: Final = "GUARD-ZIP"
_AGAIN: Final = "Make the ZIP file again, with nothing but files in it."

_END: Final = struct.Struct("<4s4H2LH")  # 4.3.16
_LOCAL: Final = struct.Struct("<4s5H3L2H")  # 4.3.7
_UNKNOWN: Final = 0xFFFFFFFF  # ZIP64: it stands elsewhere

# With names and extra fields of a kilobyte each there is room for a hundred entries.
_MOST_DIRECTORY_BYTES: Final = 256 * 1024

# 4.4.4: encrypted; the sizes follow the data; strongly encrypted; the name is UTF-8; masked.
_ENCRYPTED: Final = 0x1 | 0x40 | 0x2000
_FOLLOWING: Final = 0x8
_UTF8: Final = 0x800
_STORED, _DEFLATED = 0, 8

# What zipfile raises for a directory that is none.
_REFUSALS: Final = (
    zipfile.BadZipFile,
    NotImplementedError,
    struct.error,
    UnicodeError,
    ValueError,
    LookupError,
    OSError,
)

# What the Finder and the Explorer put beside people's files.
_NOBODYS: Final = re.compile(r"(?:^|/)(?:__MACOSX/.*|\.DS_Store|Thumbs\.db|desktop\.ini)$")


def contents(content: bytes) -> Contents:
    """The files in a ZIP file, or all that is wrong with it."""
    broken = _broken(content)
    if broken is not None:
        return Contents(faults=(broken,))
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
    except _REFUSALS:
        return Contents(faults=(_whole("The directory of the ZIP file is broken."),))
    faults = [*_faults(content, members)]
    if faults:
        return Contents(faults=tuple(faults))
    files: dict[str, File] = {}
    for member in members:
        if member.is_dir() or _NOBODYS.search(member.filename):
            continue
        inflated = _inflated(content, member)
        if inflated is None:
            faults.append(
                _member(member, "Its data is broken, or not as large as it says.", _AGAIN)
            )
            continue
        name = distinct(member.filename.rpartition("/")[2], files)
        files[name] = File(name, media_type(name), inflated)
    return Contents(faults=tuple(faults)) if faults else Contents(tuple(files.values()))


def _broken(content: bytes) -> Finding | None:
    """What is wrong with the end record, before anything is read by it."""
    at = content.rfind(b"PK\x05\x06", -(_END.size + 0xFFFF))
    if at < 0 or len(content) - at < _END.size:
        return _whole("It is not a ZIP file, or it was cut off.")
    _, disk, first_disk, here, count, size, start, comment = _END.unpack_from(content, at)
    if at + _END.size + comment != len(content):
        return _whole("Something stands after the end of the ZIP file.")
    if disk or first_disk or here != count:
        return _whole("It is a part of a ZIP file that was split.")
    if count > MOST_FILES:
        hint = f"Send at most {MOST_FILES} files, with one document among them."
        return fault(_RULE, "", f"The ZIP file has {count} members.", hint)
    if start + size != at or size > _MOST_DIRECTORY_BYTES:
        return _whole("The directory is not where the end of the ZIP file says.")
    if content[:4] not in (b"PK\x03\x04", b"PK\x05\x06"):
        return _whole("Something stands before the first member.")
    return None


def _faults(content: bytes, members: Sequence[zipfile.ZipInfo]) -> Iterator[Finding]:
    """All that is wrong with the members, before anything is inflated."""
    count = _END.unpack_from(content, content.rfind(b"PK\x05\x06"))[4]
    if len(members) != count:
        yield _whole(f"The ZIP file says that it has {count} members, and has {len(members)}.")
        return
    seen: set[str] = set()
    for member in members:
        yield from _named_wrong(member)
        path = unicodedata.normalize("NFC", member.orig_filename).casefold()
        if path in seen:
            yield _member(member, "Two members have this name.", "Give each a name of its own.")
        seen.add(path)
        if member.flag_bits & _ENCRYPTED:
            yield _member(member, "It is encrypted.", "Send it without a password.")
        elif member.compress_type not in (_STORED, _DEFLATED):
            stated = f"It is compressed by method {member.compress_type}."
            yield _member(member, stated, "Use Deflate, as most programs do by themselves.")
        elif not _agrees(content, member):
            yield _member(member, "Its own header does not say what the directory says.", _AGAIN)
    yield from _overlaps(content, members)
    if (total := sum(member.file_size for member in members)) > MOST_BYTES:
        text = f"Unpacked it would be {total} bytes. At most {MOST_BYTES} are taken."
        yield fault(_RULE, "", text, "Send fewer or smaller files.")


def _named_wrong(member: zipfile.ZipInfo) -> Iterator[Finding]:
    path = member.orig_filename
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        yield _member(member, "It is a link or a device, not a file.", _AGAIN)
    *folders, name = path.removesuffix("/").split("/")
    if not path:
        yield _member(member, "It has no name.", _AGAIN)
    elif any(char in path for char in "\\\0") or re.match("[A-Za-z]:", path):
        yield _member(member, "Its name is a path of a disk.", _AGAIN)
    elif not all(folders) or not {".", ".."}.isdisjoint((*folders, name)):
        yield _member(member, "Its name leads out of the ZIP file.", _AGAIN)
    elif member.is_dir():
        if member.file_size or member.compress_size:
            yield _member(member, "It is a folder, and yet has content.", _AGAIN)
    elif not is_safe_name(name) and not _NOBODYS.search(path):
        fit = safe_name(name)
        yield _member(
            member,
            "It needs a file name: at most 150 characters, none of them invisible, and no full"
            " stop first.",
            f"{fit!r} would do." if fit else _AGAIN,
        )


def _agrees(content: bytes, member: zipfile.ZipInfo) -> bool:
    """Whether the member's own header says what the directory says of it."""
    header = _header(content, member)
    if header is None:
        return False
    flags, method, crc, packed, size, name = header
    encoding = "utf-8" if member.flag_bits & _UTF8 else "cp437"
    same = (
        name == member.orig_filename.encode(encoding)
        and method == member.compress_type
        and flags & (_ENCRYPTED | _FOLLOWING) == member.flag_bits & (_ENCRYPTED | _FOLLOWING)
    )
    told = ((crc, member.CRC), (packed, member.compress_size), (size, member.file_size))
    if flags & _FOLLOWING:  # they stand after the data, and 0 here
        return same and all(own in (0, _UNKNOWN, listed) for own, listed in told)
    return (
        same and told[0][0] == told[0][1] and all(own in (_UNKNOWN, its) for own, its in told[1:])
    )


def _header(
    content: bytes, member: zipfile.ZipInfo
) -> tuple[int, int, int, int, int, bytes] | None:
    """Flags, method, CRC, sizes and name in the member's own header; None where there is none."""
    at = member.header_offset
    if not content.startswith(b"PK\x03\x04", at) or len(content) - at < _LOCAL.size:
        return None
    _, _, flags, method, _, _, crc, packed, size, name, _ = _LOCAL.unpack_from(content, at)
    return flags, method, crc, packed, size, content[at + _LOCAL.size : at + _LOCAL.size + name]


def _span(content: bytes, member: zipfile.ZipInfo) -> tuple[int, int]:
    """Where the data of a member begins and ends."""
    *_, name, extra = _LOCAL.unpack_from(content, member.header_offset)
    start = member.header_offset + _LOCAL.size + name + extra
    return start, start + member.compress_size


def _overlaps(content: bytes, members: Sequence[zipfile.ZipInfo]) -> Iterator[Finding]:
    """Members of which one stands in another, as in a bomb that inflates the same bytes again."""
    free, directory = 0, _END.unpack_from(content, content.rfind(b"PK\x05\x06"))[6]
    for member in sorted(members, key=lambda each: each.header_offset):
        if _header(content, member) is None:
            continue  # told already
        end = _span(content, member)[1]
        if member.header_offset < free or end > directory:
            yield _member(member, "It overlaps with another part of the ZIP file.", _AGAIN)
        free = max(free, end)


def _inflated(content: bytes, member: zipfile.ZipInfo) -> bytes | None:
    """The content of a member: never more than it says. None where it is not what it says."""
    start, end = _span(content, member)
    packed = content[start:end]
    if member.compress_type == _DEFLATED:
        inflating = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            packed = inflating.decompress(packed, member.file_size + 1)
        except zlib.error:
            return None
        if not inflating.eof or inflating.unused_data:
            return None
    whole = len(packed) == member.file_size and zlib.crc32(packed) == member.CRC
    return packed if whole else None


def _member(member: zipfile.ZipInfo, text: str, hint: str) -> Finding:
    name = member.orig_filename
    # What begins with a slash would be taken for a JSON pointer.
    return fault(_RULE, f"ZIP: {name}" if name.startswith("/") else name, text, hint)


def _whole(text: str) -> Finding:
    return fault(_RULE, "", text, _AGAIN)
