"""Releases that tests install: built as `trustpack build` builds them, from CAs that the test has made."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from msgspec.structs import replace

from builder import config
from builder.lint import Policy, lint, refuse
from builder.load import load
from builder.model import Bundle
from builder.model.release import stored
from builder.pipeline import build as pipeline
from builder.pipeline.request import BuildRequest
from builder.render import recipe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from builder.model import Certificate
    from builder.prove.authority import Authority


def build(  # noqa: PLR0913  a release has as many parts
    folder: Path,
    slug: str,
    authorities: Sequence[Authority],
    *,
    target: str,
    release: str | None = None,
    settings: Mapping[str, str] | None = None,
    site: str = "",
    distrusted: Sequence[Authority] = (),
    limited: Mapping[bytes, tuple[str, ...]] | None = None,
) -> list[Path]:
    """Build one target for an organisation into `folder`; return its files in the recipe's order.

    A release may have three numbers, as old ones have. `limited` has the domains of CAs, by their PEM.
    """
    folder.mkdir(parents=True, exist_ok=True)
    now = dt.datetime.now(dt.UTC)
    bundle, blocked = (_accepted(folder / "roots.pem", each, now) for each in (authorities, distrusted))
    order = BuildRequest(
        organisation=replace(config.organisation(config.minimal(slug, ["roots.pem"])), site=site),
        bundle=Bundle(_within(bundle, limited or {}), blocked.certificates),
        sources=recipe.select(recipe.sources(), [target]),
        today=now.date(),
        release=stored(release) if release else None,
        settings={target: settings or {}},
    )
    manifest = pipeline.build(order, folder / "dist")
    return [folder / "dist" / entry.file for entry in manifest.artifacts]


def _within(bundle: Bundle, limited: Mapping[bytes, tuple[str, ...]]) -> tuple[Certificate, ...]:
    domains = {pem.decode(): value for pem, value in limited.items()}
    return tuple(replace(one, domains=domains.get(one.pem, ())) for one in bundle.certificates)


def _accepted(file: Path, authorities: Sequence[Authority], now: dt.datetime) -> Bundle:
    """Return the bundle of these CAs, read from a file that is written first, as a build reads it."""
    if not authorities:
        return Bundle(())
    file.write_bytes(b"".join(authority.pem for authority in authorities))
    loading = load([file])
    bundle, findings = lint(loading.certificates, now=now, policy=Policy())
    refuse(loading.findings + findings)
    return bundle
