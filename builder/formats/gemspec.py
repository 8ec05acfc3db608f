"""A gem's specification in the two forms that an index of gems has: a line of text, and Ruby's Marshal.

RubyGems' compact index API (its guides), and Gem::Specification's _dump in rubygems/specification.rb.
"""

from __future__ import annotations

import datetime as dt
import re
import struct
from typing import TYPE_CHECKING, Any

from builder.formats import rubymarshal
from builder.formats.rubymarshal import RubyDump, RubyInstance, RubyObject, RubySymbol
from builder.formats.unpacked import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_FORMAT = 4  # of the specification, since RubyGems 1.3
_ANY = [(">=", "0")]
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
# What may stand in a line of the compact index, whose signs are , & | : and blanks.
_NAME, _NUMBER = re.compile(r"[A-Za-z0-9._-]+"), re.compile(r"[0-9A-Za-z.-]+")
_OPERATORS, _KINDS = {"=", "!=", ">", "<", ">=", "<=", "~>"}, {"runtime", "development"}

Requirement = list[tuple[str, str]]


def line(fields: Mapping[str, Any], sha256: str) -> str:
    """Return a specification's line of the compact index; `sha256` is the .gem's, in hex."""
    needs = ",".join(
        f"{name}:{_said(rule)}" for name, kind, rule in _dependencies(fields) if kind == "runtime"
    )
    limits = [f"checksum:{sha256}"]
    for key, field in (("ruby", "required_ruby_version"), ("rubygems", "required_rubygems_version")):
        rule = _requirement(fields.get(field))
        limits += [f"{key}:{_said(rule)}"] * (rule != _ANY)
    return f"{fields['version']['version']} {needs}|{','.join(limits)}\n"


def dump(fields: Mapping[str, Any]) -> bytes:
    """Return a specification as Ruby's Marshal has it; `fields` are those that gem.specification() reads."""
    platform = fields.get("platform") or "ruby"
    return rubymarshal.dump(
        RubyDump(
            "Gem::Specification",
            rubymarshal.dump(
                [
                    fields.get("rubygems_version") or "3.0.0",
                    _FORMAT,
                    fields["name"],
                    version(fields["version"]["version"]),
                    _midnight(fields.get("date")),
                    fields.get("summary") or "",
                    _rule(_requirement(fields.get("required_ruby_version"))),
                    _rule(_requirement(fields.get("required_rubygems_version"))),
                    platform,
                    [_dependency(*each) for each in _dependencies(fields)],
                    "",  # a project of RubyForge, which is gone
                    fields.get("email") or None,
                    _texts(fields.get("authors")),
                    fields.get("description") or None,
                    fields.get("homepage") or None,
                    True,  # has documentation
                    platform,
                    _texts(fields.get("licenses")),
                    fields.get("metadata") or {},
                ]
            ),
        )
    )


def version(text: str) -> RubyObject:
    """Return a Gem::Version."""
    return RubyObject("Gem::Version", [text])


def _said(rule: Requirement) -> str:
    return "&".join(f"{operator} {number}" for operator, number in rule)


def _rule(rule: Requirement) -> RubyObject:
    return RubyObject("Gem::Requirement", [[[operator, version(number)] for operator, number in rule]])


def _dependency(name: str, kind: str, rule: Requirement) -> RubyInstance:
    variables = {
        "@name": name,
        "@requirement": _rule(rule),
        "@type": RubySymbol(kind),
        "@prerelease": False,
        "@version_requirements": _rule(rule),
    }
    return RubyInstance("Gem::Dependency", variables)


def _requirement(value: Any) -> Requirement:
    """Read a Gem::Requirement as YAML has it; where there is none, any version will do."""
    if not value:
        return _ANY
    try:
        pairs = [(operator, number["version"]) for operator, number in value["requirements"]]
    except (TypeError, KeyError, ValueError):
        pairs = [("", "")]
    if not all(
        isinstance(number, str) and operator in _OPERATORS and _NUMBER.fullmatch(number)
        for operator, number in pairs
    ):
        raise Malformed("metadata.gz: a requirement is none")
    return pairs or _ANY


def _dependencies(fields: Mapping[str, Any]) -> Iterator[tuple[str, str, Requirement]]:
    for each in fields.get("dependencies") or ():
        if not isinstance(each, dict) or not isinstance(each.get("name"), str):
            raise Malformed("metadata.gz: a dependency has no name")
        name, kind = each["name"], str(each.get("type", "runtime")).lstrip(":")
        if kind not in _KINDS or not _NAME.fullmatch(name):
            raise Malformed("metadata.gz: a dependency is none")
        yield name, kind, _requirement(each.get("requirement"))


def _texts(value: Any) -> Sequence[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def _midnight(value: Any) -> RubyDump:
    """Return the day of a specification's date as Time's _dump writes it: eight bytes, in UTC."""
    found = _DAY.match(str(value))
    try:
        day = dt.date.fromisoformat(found[0] if found else "")
    except ValueError:
        raise Malformed("metadata.gz: its date is not a valid date") from None
    high = 1 << 31 | 1 << 30 | (day.year - 1900) << 14 | (day.month - 1) << 10 | day.day << 5
    return RubyDump("Time", struct.pack("<II", high, 0))
