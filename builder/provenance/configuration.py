"""trustpack.yaml as far as packages are made by it: what others may read, and build by.

Not where the bundle comes from, nor what signs and publishes, nor comments: these may tell what is secret.
Of `publish` there is what packages say in themselves: where they may go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from builder.config import MARKED
from builder.text import urls
from builder.text.quoting import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from builder.config import Config, PublishSection
    from builder.lifecycle.approvers import Approvers

_HEAD = "# What the packages are made by, of the organisation's trustpack.yaml.\n"
_KEPT = (
    "organisation", "bundle", "lifecycle", "release", "site", "npm_scope", "targets", "names", "settings",
)  # fmt: skip


def text(config: Config, paths: Sequence[str], approvers: Approvers | None = None) -> str:
    """Return the file, whose bundle is at `paths`: the same text for the same values.

    The approvers' keys stand in it, wherever they were.
    """
    values: dict[str, Any] = msgspec.to_builtins(config)
    values["bundle"]["paths"] = list(paths)
    kept = {key: values[key] for key in _KEPT} | {
        "publish": _marked(config.publish),
        "approvals": approvers.section if approvers else None,
    }
    found = _HEAD + "".join(f"{line}\n" for line in _lines(kept, ""))
    return urls.anonymous(found)


def _marked(section: PublishSection) -> dict[str, Any]:
    """Return what marks packages as private: which registries are public, and the addresses of own ones."""
    public = [name for name in section.public if name in MARKED]
    own = {"npm": section.npm.url, "rubygems": section.rubygems.url}
    addresses = {name: {"url": url} for name, url in own.items() if url and name not in public}
    return ({"public": public} if public else {}) | addresses


def _lines(value: dict[str, Any], pad: str) -> Iterator[str]:
    """Yield the lines of a mapping; what is not given, or empty, is left out."""
    for key, each in value.items():
        name = key if key.isidentifier() else yaml(key)
        if each is None or each in ({}, []):
            continue
        if isinstance(each, dict):
            yield f"{pad}{name}:"
            yield from _lines(each, f"{pad}  ")
        elif isinstance(each, list):
            yield f"{pad}{name}:"
            for item in each:
                if isinstance(item, dict):
                    first, *rest = _lines(item, f"{pad}    ")
                    yield f"{pad}  - {first.strip()}"
                    yield from rest
                else:
                    yield f"{pad}  - {yaml(item)}"
        else:
            yield f"{pad}{name}: {yaml(each)}"
