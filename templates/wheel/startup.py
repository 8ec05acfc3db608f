"""What every interpreter start runs: the .pth and .start files beside it call install().

It is one file, outside its package, and imports nothing, because every program pays for it; the rest is
loaded when a program first imports a module that decides whom TLS clients trust. It never fails, because
site.py would report that at every start.
"""

import os
import sys

TYPE_CHECKING = False  # type checkers take it for typing's, whose import costs more than all of this file
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from typing import Any

PACKAGE = __name__[1:]
DISABLE = f"{PACKAGE.upper()}_DISABLE"

# In others the standard library may be another one below the same names: these are tried with each release.
ENGINES = ("cpython", "pypy")

# The modules that decide whom clients trust, and the function of _patch.py that extends each.
WATCHED = {
    "ssl": "extend_ssl",
    "certifi": "extend_certifi",
    "truststore": "extend_truststore",
    "OpenSSL.SSL": "extend_pyopenssl",
    "pip._vendor.certifi": "extend_certifi",
    "pip._vendor.truststore": "extend_truststore",
}


def install() -> bool:
    """Extend the watched modules, each when it is imported; return False where that is switched off.

    Calling it again changes nothing: site.py reads .pth files twice in virtual environments.
    """
    if disabled() or not known():
        return False
    if not installed():
        sys.meta_path.insert(0, sys.modules[__name__])  # type: ignore[arg-type]
    for name in WATCHED:
        if name in sys.modules:
            _ask("extend", name)
    return True


def installed() -> bool:
    """Tell whether this module watches imports; each organisation's module watches for itself."""
    return sys.modules[__name__] in sys.meta_path


def known() -> bool:
    """Tell whether this is a Python that the package is proven with."""
    return sys.implementation.name in ENGINES


def disabled() -> bool:
    """Tell whether the environment switches this package off for the process."""
    return os.environ.get(DISABLE, "") not in ("", "0")


def find_spec(name: str, path: "Any" = None, target: "Any" = None) -> "ModuleSpec | None":
    """Return the specification of a watched module; None leaves a module to the finders after this.

    The module itself is the finder: to make a class costs a start more than all else here.
    """
    return _ask("find", sys.modules[__name__], name, path, target) if name in WATCHED else None


def _ask(question: str, *arguments: "Any") -> "Any":
    try:
        return getattr(__import__(f"{PACKAGE}._imports", fromlist=["_"]), question)(*arguments)
    except Exception:  # TLS stays as strict as it was; `python -m … doctor` tells what is missing
        return None
