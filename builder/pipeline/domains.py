"""CAs that are meant for some names only: which targets keep to that, and that no other ships one unasked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.errors import ConfigError
from builder.lifecycle.keeping import Constrained, Limits, keeping, undone
from builder.lifecycle.states import plain
from builder.lint.limits import heeding, name_constraints
from builder.model import summarise
from builder.model.domains import told
from builder.model.recipe import UNENFORCED
from builder.render import recipe
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from builder.model import Bundle
    from builder.model.recipe import Keeping
    from builder.pipeline.project import Project


def kept_domains(project: Project, sources: Iterable[recipe.RecipeSource]) -> dict[str, Keeping]:
    """Return what becomes of domains on each target."""
    chosen = project.config.settings
    return {one.target: keeping(recipe.read(one), chosen.get(one.target, {})) for one in sources}


def targets(project: Project) -> list[recipe.RecipeSource]:
    """Return the targets that a project builds where none is named; raises UsageError or ConfigError."""
    return recipe.select(recipe.sources(project.beside), project.config.targets)


def limits(bundle: Bundle, project: Project | None, sources: Iterable[recipe.RecipeSource]) -> Limits:
    """Return which CAs of a bundle are not for all names, and who keeps to that."""
    meant = tuple(summarise(item) for item in bundle.certificates if item.domains)
    constrained = tuple(
        Constrained(item.sha256, item.subject, found.permitted, found.excluded)
        for item in bundle.certificates
        if (found := name_constraints(item))
    )
    kept_by, ignored_by = heeding() if constrained else ((), ())
    targets = kept_domains(project, sources) if project and meant else {}
    return Limits(meant, targets, constrained, kept_by, ignored_by, tuple(undone(bundle)))


def refuse_unkept(project: Project, bundle: Bundle, sources: Iterable[recipe.RecipeSource]) -> None:
    """Raise ConfigError, with file and line, where a target would trust a CA for more than its domains.

    But for targets that the configuration allows it.
    """
    limited = [item for item in bundle.certificates if item.domains]
    if not limited:
        return
    kept_by = kept_domains(project, sources)
    _refuse_undone(project, bundle, [name for name, kept in kept_by.items() if kept == "enforced"])
    refused = [name for name, kept in kept_by.items() if kept == "refused"]
    if not refused:
        return
    first = limited[0]
    raise ConfigError(
        f"{_where(project, first.sha256)}: {visible(first.label)} is meant for {told(first.domains)}, and "
        f"{', '.join(refused)} would trust it for all names",
        hint=f"build other targets, or set settings.{refused[0]}.{UNENFORCED} (and so on) to allow: "
        "'trustpack plan' says what becomes of domains on each target",
    )


def _refuse_undone(project: Project, bundle: Bundle, targets: Iterable[str]) -> None:
    """Raise ConfigError where targets that keep to domains would trust a CA for more, by another one."""
    first = next(undone(bundle), None)
    if not first or not targets:
        return
    known = {one.sha256: one for one in bundle.certificates}
    limited, other = known[first.limited], known[first.sha256]
    said = "has the same key" if first.why == "same key" else "is issued by it"
    raise ConfigError(
        f"{_where(project, limited.sha256)}: {visible(limited.label)} is meant for {told(limited.domains)}, "
        f"and {other.origin}: {visible(other.label)} {said}, and would be trusted for all names",
        hint=f"give {other.sha256} domains, too, or leave it out of the bundle",
    )


def _where(project: Project, fingerprint: str) -> str:
    written = project.config.lifecycle.authorities
    key = next((one for one in written if plain(one) == fingerprint), fingerprint)
    return project.where(("lifecycle", "authorities", key, "domains"))
