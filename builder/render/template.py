"""Templates: plain files copied as they are, and Jinja's in a sandbox, where every value must be quoted."""

from __future__ import annotations

import base64
import hashlib
import traceback
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.errors import ConfigError
from builder.render.shipped import ROOT
from builder.text import files
from builder.text.quoting import Quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jinja2 import Environment


@lru_cache(maxsize=256)
def static(path: Path) -> bytes:
    """Return a file that is copied byte for byte."""
    return files.read(path)


@lru_cache(maxsize=1024)
def static_in(templates: Path, name: str) -> bytes:
    """Return such a file of a folder: a built-in one is asked for in each package of each organisation."""
    return static(templates / name)


def inline(path: Path) -> Quoted:
    """Return a file of ours that stands inside a page as it is; no value of anybody's is in it."""
    return Quoted(static(path).decode("utf-8"))


def source_hash(path: Path) -> str:
    """Return what a page's Content-Security-Policy allows: the text between two tags, and no other."""
    digest = hashlib.sha256(static(path)).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"


@lru_cache(maxsize=64)
def environment(templates: Path) -> Environment:
    """Return what the templates of a folder are loaded and run in."""
    import jinja2

    from builder.render.bytecode import Compiled
    from builder.render.sandbox import TemplateSandbox
    from builder.render.template_errors import Undefined

    return TemplateSandbox(
        loader=jinja2.FileSystemLoader(templates),
        undefined=Undefined,
        auto_reload=False,
        bytecode_cache=Compiled(templates) if templates.is_relative_to(ROOT / "templates") else None,
    )


def rendered(templates: Path, names: Sequence[str], scope: Mapping[str, Any]) -> dict[str, bytes]:
    """Render templates with the values of `scope`, by their names; raise ConfigError naming file and line."""
    if not names or templates.is_relative_to(ROOT / "templates"):
        return {name: page(templates, name, scope) for name in names}
    from builder.render import apart

    return apart.rendered(templates, names, scope)


def page(templates: Path, name: str, scope: Mapping[str, Any]) -> bytes:
    """Render one template in this process; raise ConfigError naming file and line."""
    from jinja2 import TemplateError

    try:
        return environment(templates).get_template(name).render(scope).encode("utf-8")
    except (
        ConfigError,
        TemplateError,
        ArithmeticError,
        LookupError,
        TypeError,
        ValueError,
        RecursionError,
        MemoryError,
        AttributeError,
        SyntaxError,
    ) as error:
        from builder.render.template_errors import explained

        where = _where(error, templates)
        said, hint = explained(error, scope)
        if isinstance(error, RecursionError) and not where:  # while it was read, and not while it ran
            said = "is nested too deeply"
        raise ConfigError(f"{where or templates / name}: {said}", hint=hint) from error


def _where(error: BaseException, templates: Path) -> str:
    """Return "file:line" of the innermost template that `error` is about or has passed, if there is any.

    Jinja says where syntax is wrong, and puts the templates that it runs into the traceback.
    """
    file, line = getattr(error, "filename", None), getattr(error, "lineno", None)
    if file and line and not isinstance(error, SyntaxError):  # whose lines are those of what Jinja compiled
        return f"{file}:{line}"
    steps = [(f.f_code.co_filename, line) for f, line in traceback.walk_tb(error.__traceback__)]
    passed = [f"{file}:{line}" for file, line in steps if Path(file).is_relative_to(templates)]
    return passed[-1] if passed else ""
