"""What is wrong with a template, in plain words: neither Jinja's nor Python's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import jinja2
from jinja2.exceptions import SecurityError
from jinja2.utils import missing

from builder.errors import ConfigError
from builder.text.faults import nearest
from builder.text.quoting import FILTERS, visible

if TYPE_CHECKING:
    from collections.abc import Iterable

# What a calculation of a template can end in, the special before the general.
_FAILURES: tuple[tuple[type[BaseException], str], ...] = (
    (UnicodeDecodeError, "is not UTF-8 text"),
    (UnicodeEncodeError, "prints a character that text cannot hold"),
    (SecurityError, "reads what a template may not read"),
    (RecursionError, "includes or calls itself without end"),
    (MemoryError, "takes more memory than there is for it"),
    (SyntaxError, "is nested too deeply"),
    (ZeroDivisionError, "divides by zero"),
    (ArithmeticError, "computes a number that is too large"),
    (LookupError, "asks for an item that is not there"),
    (TypeError, "combines or calls values of the wrong kind"),
    (ValueError, "calls something with a value that does not fit"),
)
# Jinja finds some of these as it reads a template, others as it runs one.
_UNKNOWN = re.compile(r"No (?P<kind>filter|test) named '(?P<name>[^']*)'")


class Missing(jinja2.UndefinedError):
    """A name or a field that is not there: `name`, asked of `owner` (None: of the template's own names)."""

    def __init__(self, owner: object, name: object) -> None:
        super().__init__()
        self.owner = owner
        self.name = name


class Undefined(jinja2.StrictUndefined):
    """What stands for a missing value in a template: using it raises Missing."""

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = missing,
        name: str | None = None,
        exc: type[jinja2.TemplateRuntimeError] = jinja2.UndefinedError,
    ) -> None:
        # What the sandbox forbids has a hint of its own and keeps its own kind of error.
        kind: Any = exc if hint else lambda _: Missing(None if obj is missing else obj, name)
        super().__init__(hint, obj, name, kind)


def explained(error: BaseException, scope: Mapping[str, Any]) -> tuple[str, str]:
    """Return what is wrong, without a place, and a hint; `scope` are the values that the template sees."""
    if isinstance(error, ConfigError):
        return str(error), error.hint
    if isinstance(error, Missing):
        return _missing(error, scope)
    if isinstance(error, jinja2.TemplateNotFound):
        return f"there is no template '{visible(str(error.name))}'", ""
    if unknown := _UNKNOWN.match(str(error)):
        kind, name = unknown["kind"], visible(unknown["name"])
        return f"there is no {kind} '{name}'", nearest(name, FILTERS) if kind == "filter" else ""
    if isinstance(error, jinja2.TemplateSyntaxError):
        said = str(error.message or "")
        return f"not a valid template: {said[:1].lower()}{said[1:].rstrip('.')}", ""
    said = next((said for kind, said in _FAILURES if isinstance(error, kind)), "cannot be rendered")
    return said, ""


def _missing(error: Missing, scope: Mapping[str, Any]) -> tuple[str, str]:
    if error.owner is None:
        return f"there is no '{error.name}'", nearest(str(error.name), scope)
    owner = _named(error.owner, scope)
    if isinstance(error.name, int):
        return f"{owner} has no item {error.name}", ""
    fields = list(_fields(error.owner))
    return f"{owner} has no '{visible(str(error.name))}'", nearest(str(error.name), fields) if fields else ""


def _named(value: object, scope: Mapping[str, Any]) -> str:
    """Return what a template calls a value that it sees."""
    for name, known in scope.items():
        if known is value:
            return name
        if isinstance(known, list | tuple) and any(item is value for item in known):
            return f"an item of {name}"
    return "text" if isinstance(value, str) else "this value"


def _fields(value: object) -> Iterable[str]:
    """Return the names by which a template may ask a value of ours: Python's own methods are not offered."""
    if isinstance(value, Mapping):
        return map(str, value)
    ours = type(value).__module__.startswith("builder.")
    return (name for name in dir(value) if ours and not name.startswith("_"))
