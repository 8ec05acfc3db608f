"""The strict PEM scanner (RFC 7468): every BEGIN and END is accounted for, and every byte between them.

Lax spellings that cannot be misread are normalised with a warning; all others are errors.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from builder.model import Origin
from builder.rules import found

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from builder.model import Finding

_BOM = b"\xef\xbb\xbf"
# A marker as RFC 7468 has it, or else anything that a person would take for one. Repeats are bounded,
# so that a file of dashes costs no more than any other; the common first dashes make the search fast.
_MARKER = re.compile(
    rb"--(?:---(?P<kind>BEGIN|END) (?P<label>[!-,.-~](?:[ !-,.-~]{0,62}[!-,.-~])?)-----"
    rb"|-{0,7}+[ \t]{0,9}+(?i:BEGIN|END)\b)"
)
_HEADER = re.compile(rb"^[A-Za-z][A-Za-z0-9-]*:", re.MULTILINE)
# Twice what a bundle of the largest size needs.
_MAX_MARKERS = 4000
_LINE_ENDS = re.compile(rb"\r\n?")
# Windows ends lines in CR LF, which every client reads.
_CR_ALONE = re.compile(rb"\r(?!\n)")
_SAID = {
    "line-ends": "lines end in CR alone",
    "bom": "a byte order mark stands before the text",
    "joined-markers": "an END marker and the next BEGIN marker share a line",
    "whitespace": "lines are indented, padded or blank inside a certificate",
    "text-outside": "text stands outside the certificates and is left out",
    "no-final-newline": "the last line has no newline",
}


class Block(msgspec.Struct, frozen=True):
    """One PEM block: its label and what its base64 says."""

    label: str
    origin: Origin
    data: bytes

    def __repr__(self) -> str:
        """Leave out what it holds, which may be a private key."""
        return f"Block({self.label!r}, {self.origin!r})"


class _Marker(msgspec.Struct, frozen=True):
    """One marker; `kind` is BEGIN or END, or empty where it is not written exactly."""

    kind: str
    label: str
    start: int
    end: int
    line: int


def looks_like(data: bytes) -> bool:
    """Tell whether `data` has anything that a person would take for a PEM marker."""
    return _MARKER.search(data) is not None


def scan(data: bytes, path: str) -> tuple[tuple[Block, ...], tuple[Finding, ...]]:
    """Return every PEM block of `data` in order, and what is wrong with or odd about the text."""
    text = _LINE_ENDS.sub(b"\n", data)
    markers = tuple(islice(_markers(text), _MAX_MARKERS + 1))
    if len(markers) > _MAX_MARKERS:
        return (), (found("too-many", Origin(path, markers[-1].line), f"has over {_MAX_MARKERS} markers"),)
    pairs, findings = _pair([marker for marker in markers if marker.kind], path)
    decoded = [_decode(begin, text[begin.end : end.start], path) for begin, end in pairs]
    odd = [("line-ends", 1)] if _CR_ALONE.search(data) else []
    odd += _layout(text, pairs)
    inexact = [marker.line for marker in markers if not marker.kind]
    inexact += [line for rule, line in odd if rule == "malformed-marker"]
    findings += [
        found(
            "malformed-marker", Origin(path, line), "a BEGIN or END marker is not alone on its line and exact"
        )
        for line in inexact
    ]
    findings += [item for item in decoded if not isinstance(item, Block)]
    findings += _said(odd, path)
    return tuple(item for item in decoded if isinstance(item, Block)), tuple(findings)


def embedded(data: bytes, path: str, labels: frozenset[str]) -> Iterator[Block | Finding]:
    """Yield each block of these `labels` in a file that may be a program, and what is wrong with one.

    Only a whole line opens a block: code that mentions a label inside a string has none.
    """
    text = _LINE_ENDS.sub(b"\n", data)
    begun = None
    for marker in _markers(text):
        if begun:
            if (marker.kind, marker.label) == ("END", begun.label):
                yield _decode(begun, text[begun.end : marker.start], path)
            else:
                yield _unbalanced(path, begun, "no END")
            begun = None
        if marker.kind == "BEGIN" and marker.label in labels and _is_whole_line(text, marker):
            begun = marker
    if begun:
        yield _unbalanced(path, begun, "no END")


def _is_whole_line(text: bytes, marker: _Marker) -> bool:
    stop = text.find(b"\n", marker.end)
    behind = text[marker.end : stop if stop >= 0 else len(text)]
    return text[marker.start - 1 : marker.start] in {b"", b"\n"} and not behind.strip(b" \t")


def _markers(text: bytes) -> Iterator[_Marker]:
    line, counted = 1, 0
    for match in _MARKER.finditer(text):
        line += text.count(b"\n", counted, match.start())
        counted = match.start()
        kind, label = match["kind"] or b"", match["label"] or b""
        yield _Marker(kind.decode(), label.decode(), match.start(), match.end(), line)


def _pair(markers: Sequence[_Marker], path: str) -> tuple[list[tuple[_Marker, _Marker]], list[Finding]]:
    pairs, findings, begun = [], [], None
    for marker in markers:
        if marker.kind == "BEGIN":
            if begun:
                findings.append(_unbalanced(path, begun, "no END before the next BEGIN"))
            begun = marker
        elif not begun:
            findings.append(_unbalanced(path, marker, "no BEGIN"))
        else:
            if begun.label == marker.label:
                pairs.append((begun, marker))
            else:
                findings.append(_unbalanced(path, begun, "an END of another kind"))
            begun = None
    if begun:
        findings.append(_unbalanced(path, begun, "no END"))
    return pairs, findings


def _unbalanced(path: str, marker: _Marker, what: str) -> Finding:
    return found("unbalanced-markers", Origin(path, marker.line), f"{marker.kind} {marker.label} has {what}")


def _decode(begin: _Marker, body: bytes, path: str) -> Block | Finding:
    origin = Origin(path, begin.line)
    if _HEADER.search(body):
        return found("pem-headers", origin, f"the {begin.label} block has header lines")
    packed = body.translate(None, b" \t\n")
    if not packed:
        return found("empty", origin, f"the {begin.label} block is empty")
    try:
        data = binascii.a2b_base64(packed, strict_mode=True)
    except binascii.Error:
        data = b""
    # Encoding it again catches what strict mode lets pass: bits behind the last octet.
    if base64.b64encode(data) != packed:
        return found("bad-base64", origin, f"the {begin.label} block is not valid base64")
    return Block(begin.label, origin, data)


def _layout(text: bytes, pairs: Sequence[tuple[_Marker, _Marker]]) -> list[tuple[str, int]]:
    """Return rule and line of everything odd around and between the blocks."""
    odd, at, line = [], 0, 1
    for begin, end in pairs:
        odd += _gap(text[at : begin.start], line, begin.line, first=at == 0)
        body = text[begin.end : end.start]
        head, _, rest = body.partition(b"\n")
        if head.strip(b" \t") or body.rpartition(b"\n")[2].strip(b" \t"):
            odd.append(("malformed-marker", begin.line))
        elif head or b" " in rest or b"\t" in rest or b"\n\n" in body:
            odd.append(("whitespace", begin.line))
        at, line = end.end, end.line
    tail = text[at:]
    odd += _gap(tail + b"\n", line, line, first=not pairs)
    if not text.endswith(b"\n"):
        odd.append(("no-final-newline", text.count(b"\n") + 1))
    return odd


def _gap(gap: bytes, line: int, begin_line: int, *, first: bool) -> list[tuple[str, int]]:
    """Return rule and line of everything odd in `gap`, which starts on `line` and ends before a BEGIN."""
    odd = []
    if _BOM in gap:
        odd.append(("bom", line))
        gap = gap.replace(_BOM, b"")
    behind, newline, rest = gap.partition(b"\n") if not first else (b"", b"\n", gap)
    between, _, before = rest.rpartition(b"\n")
    if behind.strip(b" \t") or before.strip(b" \t"):
        odd.append(("malformed-marker", begin_line if before else line))
    elif not newline:
        odd.append(("joined-markers", line))
    elif before:
        odd.append(("whitespace", begin_line))
    if between.strip():
        skipped = len(between) - len(between.lstrip())
        odd.append(("text-outside", line + (not first) + between.count(b"\n", 0, skipped)))
    return odd


def _said(odd: Sequence[tuple[str, int]], path: str) -> Iterator[Finding]:
    """Yield one warning for each rule: the same oddity a hundred times is one habit of one tool."""
    times = Counter(rule for rule, _ in odd)
    lines = dict(reversed(odd))
    for rule in [rule for rule in _SAID if rule in times]:
        more = f" (first of {times[rule]})" if times[rule] > 1 else ""
        yield found(rule, Origin(path, lines[rule]), _SAID[rule] + more)
