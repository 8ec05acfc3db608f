"""The sandbox in which templates run: none of this machine's code or state, and the same text in every build.

A CI job that renders a contributor's templates must not run their code. What has no text of its own prints
where it lies in memory: so only texts, numbers and dates become part of a text.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

from jinja2 import pass_context
from jinja2.compiler import CodeGenerator
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from builder.errors import ConfigError
from builder.text.quoting import FILTERS, finalize, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from jinja2 import nodes
    from jinja2.compiler import Frame
    from jinja2.runtime import Context

_RANDOM = ("lipsum",)  # of the functions that Jinja gives to templates
_CLOCKS = frozenset({"now", "today", "utcnow"})


class _Compiling(CodeGenerator):
    """Compiles ~ to a call of the sandbox's own function, and no block that escapes by itself."""

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802  the name is Jinja's
        self.write("environment.joined((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")

    def visit_ScopedEvalContextModifier(  # noqa: N802  the name is Jinja's
        self, node: nodes.ScopedEvalContextModifier, frame: Frame
    ) -> None:
        """Refuse autoescape: its texts escape, and so print, whatever is joined with them."""
        del frame
        self.fail("there is no autoescape: a filter quotes each value", node.lineno)


class TemplateSandbox(ImmutableSandboxedEnvironment):
    """Jinja with our filters alone, which quote for each language: there is no autoescape."""

    code_generator_class = _Compiling
    intercepted_binops = frozenset("%-")

    def __init__(self, **options: Any) -> None:
        # Nothing is computed while it is compiled: not past these rules, nor where no line can be told of it.
        super().__init__(
            finalize=_finalized,
            optimized=False,
            keep_trailing_newline=True,
            trim_blocks=True,
            lstrip_blocks=True,
            **options,
        )
        self.filters.clear()
        self.filters.update(FILTERS)
        for name in _RANDOM:
            del self.globals[name]

    def joined(self, values: Iterable[Any]) -> str:
        """Return values as one text; raise ConfigError for one that has none."""
        return "".join(map(plain, values))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Compute `left operator right`; with a text on its left, % puts values into it.

        With bytes, % prints where a value lies in memory, and - makes sets, which are in the order of that.
        """
        if isinstance(left, bytes | AbstractSet) or isinstance(right, AbstractSet):
            raise ConfigError(f"{operator} computes with numbers, dates and text alone")
        if operator == "%" and isinstance(left, str):
            right = tuple(map(_printable, right)) if isinstance(right, tuple) else _printable(right)
        return super().call_binop(context, operator, left, right)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Refuse str.format, which reads attributes too, and prints whatever they are; ~ does without."""
        if super().wrap_str_format(value) is not None:
            raise SecurityError
        return None

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Tell whether a template may read an attribute."""
        if isinstance(obj, dt.date) and attr in _CLOCKS:
            return False
        return super().is_safe_attribute(obj, attr, value)


@pass_context  # which there is none of before a template runs
def _finalized(_: Context, value: Any) -> Any:
    return finalize(value)


def _printable(value: Any) -> Any:
    """Return a value that % may print, or raise ConfigError."""
    return value if isinstance(value, int | float) else plain(value)
