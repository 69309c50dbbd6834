"""Damage to the content of files, drawn by hypothesis."""

import copy
import io
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

VALUES = [None, True, -1, 0, 7, 1.5, float("inf"), 10**30, "", "a", "../a", "é{}", [], {}, [[1]]]
WORDS = [b"", b"null", b"-1", b"1e999", b"9" * 30, b"../a", b"a/b", b"\xc3\xa9", b"\0", b"[{", b'"']
WORD = re.compile(rb"[^\s,;:=<>\[\]{}\"]+")
NAMES = ["", "../a", "/a", "a", "a/b", ".", "a\\b", "n" * 300, "é\n", "labels.npy"]
OTHERS = [
    b"",
    b"\n",
    b"<!DOCTYPE html><html>Sign in</html>",
    b"{}",
    b"\xff\xfea\0",
    b"\0" * 600,
    b"\x80\x04N.",
    b"PK\x05\x06" + bytes(18),
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff\xe0",
    b"II*\0\x08\0\0\0",
    b"\x1f\x8b\x08",
]
Content = st.SearchStrategy[bytes]


@st.composite
def broken(draw: st.DrawFn, content: bytes) -> bytes:
    """One to three times: bytes flipped, inserted, left out, zeroed, repeated, or the end cut."""
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(content)))
        end = start + draw(st.sampled_from([1, 1, 2, 4, 16, 600]))
        before, struck, after = content[:start], content[start:end], content[end:]
        match draw(st.sampled_from(["flip", "insert", "omit", "zero", "repeat", "cut"])):
            case "flip":
                bit = 1 << draw(st.integers(0, 7))
                content = before + bytes(byte ^ bit for byte in struck[:4]) + struck[4:] + after
            case "insert":
                content = before + draw(st.binary(min_size=1, max_size=8)) + struck + after
            case "omit":
                content = before + after
            case "zero":
                content = before + bytes(len(struck)) + after
            case "repeat":
                content = before + struck * 2 + after
            case "cut":
                content = before
    return content


@st.composite
def retyped(draw: st.DrawFn, content: bytes) -> bytes:
    """A word of a text gives way to another, or to one of another type."""
    words = list(WORD.finditer(content))
    word = draw(st.sampled_from(words))
    other = draw(st.sampled_from(WORDS) | st.sampled_from(words).map(lambda found: found[0]))
    return content[: word.start()] + other + content[word.end() :]


def _places(node: Any) -> list[tuple[Any, Any]]:
    """Every item of nested lists and mappings: what holds it, and its index or key there."""
    keys = node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    return [place for key in keys for place in ((node, key), *_places(node[key]))]


@st.composite
def rearranged(draw: st.DrawFn, tree: Any, written: Callable[[Any], str]) -> bytes:
    """An item of nested lists and mappings is replaced by another value, moved here or left out."""
    tree = copy.deepcopy(tree)
    places = _places(tree)
    holder, key = draw(st.sampled_from(places))
    other_holder, other_key = draw(st.sampled_from(places))
    match draw(st.sampled_from(["value", "value", "copy", "omit"])):
        case "value":
            holder[key] = draw(st.sampled_from(VALUES))
        case "copy":
            holder[key] = copy.deepcopy(other_holder[other_key])
        case "omit":
            del holder[key]
    return written(tree).encode()


@st.composite
def rezipped(draw: st.DrawFn, content: bytes) -> bytes:
    """A part of a zip file is damaged, and all check sums are right again."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(written, "w") as new:
        parts = [(part, old.read(part)) for part in old.infolist()]
        chosen = draw(st.integers(0, len(parts) - 1))
        damage = draw(st.sampled_from(["content", "content", "content", "name", "twice", "omit"]))
        for number, (part, inside) in enumerate(parts):
            name = part.filename
            if number == chosen:
                if damage == "omit":
                    continue
                if damage == "content":
                    inside = draw(broken(inside))
                if damage == "name":
                    name = draw(st.sampled_from(NAMES)) or name.rpartition("/")[0] + "/"
                if damage == "twice":
                    new.writestr(f"{name}/a", inside, part.compress_type)
            new.writestr(name, inside, part.compress_type)
    return written.getvalue()


@st.composite
def retarred(draw: st.DrawFn, content: bytes) -> bytes:
    """A member of a tar file is damaged, and its check sum is right again."""
    written = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(content)) as old, tarfile.open(None, "w", written) as new:
        members = old.getmembers()
        chosen = draw(st.integers(0, len(members) - 1))
        for number, member in enumerate(members):
            stream = old.extractfile(member)
            inside = b"" if stream is None else stream.read()
            if number == chosen:
                match draw(st.sampled_from(["content", "name", "type", "twice"])):
                    case "content":
                        inside = draw(broken(inside))
                        member.size = len(inside)
                    case "name":
                        member.name = draw(st.sampled_from(NAMES))
                    case "type":
                        member.type = draw(st.sampled_from([*b"0123456SLx"])).to_bytes()
                        member.linkname = draw(st.sampled_from(NAMES))
                    case "twice":
                        below = copy.copy(member)
                        below.name += "/a"
                        new.addfile(below, io.BytesIO(inside))
            new.addfile(member, io.BytesIO(inside))
    return written.getvalue()


@st.composite
def repainted(draw: st.DrawFn, content: bytes) -> bytes:
    """A chunk of a PNG is damaged, and its check sum is right again."""
    chunks, start = [], 8
    while start < len(content):
        (length,) = struct.unpack(">I", content[start : start + 4])
        chunks.append(content[start + 4 : start + 8 + length])
        start += 12 + length
    chosen = draw(st.integers(0, len(chunks) - 1))
    inside = chunks[chosen][4:]
    if chunks[chosen][:4] == b"IDAT" and draw(st.booleans()):
        inside = zlib.compress(draw(broken(zlib.decompress(inside))))
    else:
        inside = draw(broken(inside))
    chunks[chosen] = chunks[chosen][:4] + inside
    return content[:8] + b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        for chunk in chunks
    )
