"""Runs code after another module's import, without importing that module for it (the hooks of PEP 302)."""

import sys
from importlib import import_module

from . import _patch, _startup

TYPE_CHECKING = False  # see __init__.py
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any


def find(asked: "Any", name: str, path: "Any", target: "Any") -> "ModuleSpec | None":
    """Return what the finders after `asked` know of a module, made so that it is extended after it has run.

    Asking only the later ones lets several organisations' finders stand in one row.
    """
    for finder in sys.meta_path[sys.meta_path.index(asked) + 1 :]:
        find_spec = getattr(finder, "find_spec", None)
        spec: ModuleSpec | None = find_spec and find_spec(name, path, target)
        if spec is not None:
            if hasattr(spec.loader, "exec_module"):
                spec.loader = _Loader(spec.loader)  # type: ignore[assignment]
            return spec
    return None


def extend(name: str) -> None:
    """Extend the module `name`, once it is complete."""
    _extend(import_module(name))  # waits for a thread that is still importing it


def _extend(module: "ModuleType") -> None:
    try:
        getattr(_patch, _startup().WATCHED[module.__name__])(module)
    except Exception:  # TLS stays as strict as it was; `python -m … doctor` tells what is missing
        pass


class _Loader:
    """Runs a module by its own loader, then extends it; in all else it is that loader."""

    def __init__(self, loader: "Any") -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> "Any":
        # Who copies this asks before it has a loader.
        return getattr(vars(self).get("_loader"), name)

    def exec_module(self, module: "ModuleType") -> None:
        """Run `module`, then extend it."""
        # A module reads its resources through its loader: it gets back the one it would have had.
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        _extend(module)
