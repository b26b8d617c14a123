"""Bytes to text: the encoding is found from the bytes alone, and where they do not tell it, refused.

A mark at the front decides. Else UTF-8 is what decodes as UTF-8; zeros at every second byte are UTF-16; pairs
of bytes that are frequent Chinese characters are GB18030; single bytes between ASCII are Latin-1 as Windows
writes it.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

from .problems import problems

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_PAIR: Final = re.compile(rb"[\x81-\xfe][\x40-\x7e\x80-\xfe]")
_FREQUENT: Final = re.compile(rb"[\xb0-\xd7][\xa1-\xfe]|[\xa1-\xa9][\xa1-\xfe]")
"""Characters and signs of the first level of GB 2312: nearly all of a Chinese text."""
_LEAST_FREQUENT: Final = 0.7
_ALLOWED: Final = "text in UTF-8, UTF-16, GB18030 or Latin-1 (save as CSV UTF-8, or as XLSX)"


def text_of(raw: bytes, source: str) -> tuple[str, str]:
    """The text, and the name of its encoding where that was guessed, else an empty name.

    Raises:
        InputError: bytes that are no text, or of an encoding that they do not tell, with row and column of
            the first of them.
    """
    for mark, name in _MARKS:
        if raw.startswith(mark):
            return _decoded(raw, name, source), ""
    if b"\0" in raw:
        wide = _sixteen(raw)
        if wide is None:
            raise problems(source, [(_place(raw, raw.index(b"\0")), "a byte 0: no text", _ALLOWED)])
        return _decoded(raw, wide, source), "UTF-16"
    try:
        return raw.decode("utf-8"), ""
    except UnicodeDecodeError as error:
        first = error.start
    if _is_chinese(raw):
        return _decoded(raw, "gb18030", source), "GB18030"
    if _is_western(raw):
        return _decoded(raw, "cp1252", source), "Latin-1"
    raise problems(source, [(_place(raw, first), f"the byte 0x{raw[first]:02x}", _ALLOWED)])


def _decoded(raw: bytes, name: str, source: str) -> str:
    try:
        return raw.decode(name).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        found = f"bytes that are not {name.upper()}"
        raise problems(source, [(_place(raw, error.start), found, _ALLOWED)]) from None


def _sixteen(raw: bytes) -> str | None:
    """UTF-16 without a mark: most second bytes are zero, on one side only."""
    if len(raw) % 2:
        return None
    sides = [raw[start::2].count(0) / (len(raw) / 2) for start in (0, 1)]
    if min(sides) > 0.05 or max(sides) < 0.3:
        return None
    return "utf-16-be" if sides[0] > sides[1] else "utf-16-le"


def _is_chinese(raw: bytes) -> bool:
    try:
        raw.decode("gb18030")
    except UnicodeDecodeError:
        return False
    pairs = _PAIR.findall(raw)
    frequent = sum(1 for pair in pairs if _FREQUENT.fullmatch(pair))
    return frequent >= _LEAST_FREQUENT * len(pairs)


def _is_western(raw: bytes) -> bool:
    """No long runs of bytes beyond ASCII, none that are UTF-8, none without a letter in Windows."""
    runs = re.findall(rb"[\x80-\xff]+", raw)
    if any(len(run) > 2 for run in runs) or re.search(rb"[\x81\x8d\x8f\x90\x9d]", raw):
        return False
    return not any(_is_utf8(run) for run in runs)


def _is_utf8(run: bytes) -> bool:
    try:
        run.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _place(raw: bytes, at: int) -> str:
    before = raw[:at]
    cell = len(re.findall(rb"[,;\t]", before.rpartition(b"\n")[2])) + 1
    return f"row {before.count(bytes([10])) + 1}, column {cell}"
