"""The names that CAs are limited to, by their owner or by their own constraints, and who keeps to that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from builder.model.domains import told
from builder.model.recipe import UNENFORCED, Keeping
from builder.text.quoting import visible
from builder.x509.constraints import NameConstraints, worded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from builder.model import Bundle, CertificateSummary, Recipe

# As people read each.
WORDS: Mapping[Keeping, str] = {
    "enforced": "trusted for its domains only",
    "allowed": f"cannot keep to domains: trusted for all names, as {UNENFORCED} allows",
    "refused": f"cannot keep to domains: not built, unless settings.TARGET.{UNENFORCED} is allow",
}


def keeping(recipe: Recipe, settings: Mapping[str, str]) -> Keeping:
    """Return what becomes of domains on a recipe's target with the settings that are chosen for it."""
    if recipe.keeps_domains:
        return "enforced"
    return "allowed" if settings.get(UNENFORCED) == "allow" else "refused"


class Constrained(msgspec.Struct, frozen=True):
    """A CA whose own certificate constrains names, to those permitted and but for those excluded."""

    sha256: str
    subject: str
    permitted: tuple[str, ...]
    excluded: tuple[str, ...]

    @property
    def constraints(self) -> NameConstraints:
        """The same without whose they are."""
        return NameConstraints(self.permitted, self.excluded)


class Undone(msgspec.Struct, frozen=True):
    """A CA for all names through which a limited one, by its SHA-256, is trusted for all names, too.

    It is the limited CA's key that is certified twice, or another CA that the limited one has issued.
    """

    sha256: str
    subject: str
    limited: str
    why: Literal["same key", "issued by it"]


class Limits(msgspec.Struct, frozen=True):
    """The CAs that are not for all names, and who keeps to that.

    `meant` have domains that their owner gives them, and `targets` what becomes of these on each target.
    `undone` are the CAs for all names that let limited ones vouch for all.
    `constrained` say it themselves; the runtimes in `kept_by` keep to that, and those in `ignored_by` not.
    """

    meant: tuple[CertificateSummary, ...] = ()
    targets: Mapping[str, Keeping] = msgspec.field(default_factory=dict)
    constrained: tuple[Constrained, ...] = ()
    kept_by: tuple[str, ...] = ()
    ignored_by: tuple[str, ...] = ()
    undone: tuple[Undone, ...] = ()

    def __bool__(self) -> bool:
        """Whether any CA is limited."""
        return bool(self.meant or self.constrained)


def undone(bundle: Bundle) -> Iterator[Undone]:
    """Yield each CA without domains by which one that has some could vouch for any name."""
    free = {one.spki_sha256 for one in bundle.certificates if not one.domains and one.self_issued}
    for limited in bundle.certificates:
        for one in bundle.certificates if limited.domains else ():
            if not one.domains and one.spki_sha256 == limited.spki_sha256:
                yield Undone(one.sha256, one.subject, limited.sha256, "same key")
            elif not one.domains and one.spki_sha256 not in free and one.issuer == limited.subject:
                yield Undone(one.sha256, one.subject, limited.sha256, "issued by it")


def lines(limits: Limits) -> Iterator[str]:
    """Yield the limits as people read them, after an empty line; nothing where there are none."""
    if limits.meant:
        yield from ("", "CAs that are meant for some names only:")
        yield from (f"  {_named(one)}: {told(one.domains)}" for one in limits.meant)
        yield from (f"  not held to that, for {_why(one)} and has no domains" for one in limits.undone)
        yield "What becomes of that on each target:"
        width = max(map(len, limits.targets), default=0)
        for target, kept in limits.targets.items():
            yield f"  {target:<{width}}  {WORDS[kept].replace('TARGET', target)}"
    if limits.constrained:
        yield from ("", "CAs whose own certificate constrains names:")
        for one in limits.constrained:
            yield f"  {_named(one)}: {visible(worded(one.constraints))}"
        yield f"Kept to by {', '.join(limits.kept_by)}."
        yield f"Not by {', '.join(limits.ignored_by) or 'none that was measured'}."


def value(limits: Limits) -> dict[str, Any]:
    """Return the limits as JSON has them."""
    return {
        "meant": [
            {"sha256": one.sha256, "subject": one.subject, "domains": list(one.domains)}
            for one in limits.meant
        ],
        "targets": dict(limits.targets),
        "constrained": [msgspec.to_builtins(one) for one in limits.constrained],
        "kept_by": list(limits.kept_by),
        "ignored_by": list(limits.ignored_by),
        "undone": [msgspec.to_builtins(one) for one in limits.undone],
    }


def _why(one: Undone) -> str:
    said = "has the same key as" if one.why == "same key" else "is issued by"
    return f"{_named(one)} {said} {one.limited}"


def _named(one: CertificateSummary | Constrained | Undone) -> str:
    return visible(f"{one.subject or 'no name'} ({one.sha256})")
