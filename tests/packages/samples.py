"""Two packages of each format for nfpm to write, too: a built-in recipe's, and one of all a format takes."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from builder import render
from builder.model import File, Package, Revision
from builder.model.release import Release
from builder.render import recipe as recipes
from tests.unit import bundles

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from builder.model import Bundle

_EPOCH = 1_795_478_400
_RELEASE = "20261124"
_HISTORY = (
    Revision(_RELEASE, "2026-11-24", ("Trust CN=Acme Two (0123456789abcdef).",)),
    Revision("20261101", "2026-11-01", ("Trust CN=Acme One (fedcba9876543210).", "Distrust CN=Old (00).")),
)


@lru_cache
def _bundle() -> Bundle:
    return bundles.bundle("Acme One", "Acme Two")


def recipe(target: str) -> Package:
    """Return the package that a built-in recipe makes."""
    source = recipes.sources()[target]
    read = recipes.read(source)
    found = render.target_release(
        read, source.templates, bundles.organisation(), _bundle(), Release(_RELEASE), epoch=_EPOCH
    )
    found = msgspec.structs.replace(found, history=_HISTORY)
    return render.package(found, read.outputs[0], digests={}, filenames={})


_RELATIONS: Mapping[str, Mapping[str, Any]] = {
    "deb": {
        "depends": ["ca-certificates (>= 2020)", "libc6 | musl"],
        "breaks": ["acme-old (<< 2)"],
        "section": "net",
        "priority": "optional",
    },
    "rpm": {"depends": ["ca-certificates >= 1", "/bin/sh"]},
    "apk": {"depends": ["ca-certificates>=2020", "musl"]},
}


def full(target: str) -> Package:
    """Return a package with all that a format has room for."""
    shared: dict[str, Any] = {
        "replaces": ["acme-old"],
        "provides": ["acme-roots"],
        "conflicts": ["acme-older"],
    }
    if target != "apk":
        shared |= {
            "recommends": ["p11-kit"],
            "suggests": ["openssl"],
            "description": "Synopsis\nMore.\n\nAnd more.",
        }
    return Package(
        target=target,
        container=target,
        name="acme-full",
        version="2026.10.1",
        filename=f"acme-full.{target}",
        epoch=_EPOCH,
        organisation=bundles.organisation(),
        files=(
            File("/etc/acme/acme.conf", b"setting\n"),
            File("/usr/bin/acme", b"#!/bin/sh\n", 0o755),
            File("/usr/share/acme", b"", 0o755, "dir"),
            File("/usr/share/acme/ünï * [x].pem", b"x" * 5000),
            File("/usr/share/acme/" + "d" * 80 + "/" + "n" * 99, b"long\n"),
        ),
        scripts={
            name: f"#!/bin/sh\n# {name}\nexit 0\n".encode()
            for name in ("preinstall", "postinstall", "preremove", "postremove")
        },
        metadata={**shared, **_RELATIONS[target], "release": "2"},
        history=_HISTORY,
    )


PACKAGES: Mapping[str, Callable[[str], Package]] = {"recipe": recipe, "full": full}
