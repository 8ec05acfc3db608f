"""Templates: plain files copied as they are, and Jinja's in a sandbox, where every value must be quoted."""

from __future__ import annotations

import traceback
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.errors import ConfigError
from builder.render.shipped import ROOT
from builder.text import files
from builder.text.quoting import FILTERS, finalize

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import Environment


@lru_cache(maxsize=256)
def static(path: Path) -> bytes:
    """Return a file that is copied byte for byte."""
    return files.read(path)


@lru_cache(maxsize=64)
def _environment(templates: Path) -> Environment:
    import jinja2
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    from builder.render.bytecode import Compiled
    from builder.render.template_errors import Undefined

    # Sandboxed: a CI job that renders a contributor's templates must not run their code.
    environment = ImmutableSandboxedEnvironment(  # no autoescape: finalize enforces each language's quoting
        loader=jinja2.FileSystemLoader(templates),
        undefined=Undefined,
        finalize=finalize,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        bytecode_cache=Compiled(templates) if templates.is_relative_to(ROOT / "templates") else None,
    )
    environment.filters.clear()
    environment.filters.update(FILTERS)
    return environment


def rendered(templates: Path, name: str, scope: Mapping[str, Any]) -> bytes:
    """Render the template `name` with the values of `scope`; raise ConfigError naming file and line."""
    from jinja2 import TemplateError

    try:
        return _environment(templates).get_template(name).render(scope).encode("utf-8")
    except (
        ConfigError,
        TemplateError,
        ArithmeticError,
        LookupError,
        TypeError,
        ValueError,
        RecursionError,
    ) as error:
        from builder.render.template_errors import explained

        said, hint = explained(error, scope)
        raise ConfigError(f"{_where(error, templates) or templates / name}: {said}", hint=hint) from error


def _where(error: BaseException, templates: Path) -> str:
    """Return "file:line" of the innermost template that `error` is about or has passed, if there is any.

    Jinja says where syntax is wrong, and puts the templates that it runs into the traceback.
    """
    file, line = getattr(error, "filename", None), getattr(error, "lineno", None)
    if file and line:
        return f"{file}:{line}"
    steps = [(f.f_code.co_filename, line) for f, line in traceback.walk_tb(error.__traceback__)]
    passed = [f"{file}:{line}" for file, line in steps if Path(file).is_relative_to(templates)]
    return passed[-1] if passed else ""
