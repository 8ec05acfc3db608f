"""What a proof will take, and whether it can be made at all: found out before anything slow begins."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from builder.errors import UsageError
from builder.prove import testbeds
from builder.render import recipe
from builder.text.faults import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.prove.case import Case
    from builder.prove.testbeds import Opener
    from builder.render.recipe import RecipeSource

_MINUTE = 60


def check(case: Case) -> None:
    """Raise UsageError for a client that no testbed of the case has, or a root that no target can use."""
    modules = dict(_modules(case))
    known = dict.fromkeys(name for module in modules.values() for name in module.NAMES)
    for name in sorted(case.clients - set(known)):
        targets = ", ".join(modules) or "nothing"
        raise UsageError(
            f"--client '{name}': is no client of what is proven: {targets}", hint=nearest(name, known)
        )
    if case.root is None:
        return
    if not case.root.is_dir():
        raise UsageError(f"--root {case.root}: is no folder", hint="name the folder of an unpacked system")
    if not os.path.lexists(case.root / "bin/sh"):
        raise UsageError(
            f"--root {case.root}: holds no unpacked system: there is no bin/sh",
            hint="'trustpack docs prove' shows how to unpack one",
        )


def asks(case: Case, source: RecipeSource) -> bool:
    """Tell whether a target's testbed has a client of those asked for."""
    module = testbeds.opener(recipe.read(source))
    return module is not None and (not case.clients or not case.clients.isdisjoint(module.NAMES))


def outlook(case: Case) -> Iterator[str]:
    """Yield what is asked, about how long that takes, and what is fetched; nothing where no client is."""
    modules = {target: module for target, module in _modules(case) if _asked(case, module)}
    if not modules:
        return
    clients = sum(len(_asked(case, module)) for module in modules.values())
    seconds = sum(
        module.SECONDS[0] + module.SECONDS[1] * len(_asked(case, module)) for module in modules.values()
    )
    count = f"{clients} client{'s' * (clients != 1)} on {len(modules)} target{'s' * (len(modules) != 1)}"
    yield f"asking up to {count}: this takes about {_spoken(seconds)}"
    names = [name for module in modules.values() for name in module.fetched(case.clients)]
    if names and not case.offline:
        yield f"fetching, unless --offline is given: {', '.join(names)}"


def _modules(case: Case) -> Iterator[tuple[str, Opener]]:
    for source in case.sources:
        module = testbeds.opener(recipe.read(source))
        if module is not None:
            yield source.target, module


def _asked(case: Case, module: Opener) -> list[str]:
    return [name for name in module.NAMES if not case.clients or name in case.clients]


def _spoken(seconds: float) -> str:
    minutes = round(seconds / _MINUTE)
    return f"{minutes} minutes" if minutes > 1 else "a minute" if minutes else "half a minute"
