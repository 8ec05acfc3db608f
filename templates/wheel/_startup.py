"""What every interpreter start runs, through the .pth and .start files beside this package.

It imports nothing: the roots are added when a client's own module is first imported (_patch.py), so a
program without TLS pays for this file only. It never fails: site.py would report that at every start.
"""

import os
import sys

TYPE_CHECKING = False  # see __init__.py
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

DISABLE = f"{__package__.upper()}_DISABLE"

# The modules that decide what clients trust, and what _patch.py does to each once it has been imported.
_WATCHED = {
    "ssl": "extend_ssl",
    "certifi": "extend_certifi",
    "truststore": "extend_truststore",
    "pip._vendor.certifi": "extend_certifi",
    "pip._vendor.truststore": "extend_truststore",
}


def install() -> bool:
    """Watch for the modules that decide what clients trust; return False where that is switched off.

    Calling it again changes nothing: site.py runs .pth files twice in virtual environments.
    """
    if disabled():
        return False
    if not installed():
        sys.meta_path.insert(0, _Finder())  # type: ignore[arg-type]
    for name in _WATCHED:
        if name in sys.modules:
            _extend(name)
    return True


def installed() -> bool:
    """Tell whether this package watches imports; another organisation's package has a finder of its own."""
    return any(type(finder).__module__ == __name__ for finder in sys.meta_path)


def disabled() -> bool:
    """Tell whether the environment switches this package off for the process."""
    return os.environ.get(DISABLE, "") not in ("", "0")


def _extend(name: str) -> None:
    try:
        from . import _patch

        __import__(name)  # waits for a thread that is still importing it
        getattr(_patch, _WATCHED[name])(sys.modules[name])
    except Exception:  # without these roots TLS is as strict as before; `python -m … doctor` tells
        pass


class _Finder:
    """Finds a watched module as the finders after this one do, and extends it after it has run."""

    def find_spec(self, name: str, path: "Any" = None, target: "Any" = None) -> "ModuleSpec | None":
        if name not in _WATCHED:
            return None
        # Asking only the later finders lets several organisations' finders stand in one row.
        for finder in sys.meta_path[sys.meta_path.index(self) + 1 :]:  # type: ignore[arg-type]
            find_spec = getattr(finder, "find_spec", None)
            spec: "ModuleSpec | None" = find_spec and find_spec(name, path, target)
            if spec is not None:
                if hasattr(spec.loader, "exec_module"):
                    spec.loader = _Loader(spec.loader)  # type: ignore[assignment]
                return spec
        return None


class _Loader:
    """Runs a module by its own loader, then extends it; in all else it is that loader."""

    def __init__(self, loader: "Any") -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> "Any":
        return getattr(self.__dict__["_loader"], name)

    def exec_module(self, module: "ModuleType") -> None:
        # A module reads its resources through its loader: it gets back the one it would have had.
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        _extend(module.__name__)
