r"""Clients of language ecosystems, run in an environment that knows of this machine nothing but its programs.

    ran = clean(tmp_path, "npm", "install", "@acme/ca", files={".npmrc": f"registry={site.url}/npm/\n"})
    assert ran.code == 0, ran.out

Whatever a client asks for outside of 127.0.0.1 goes to a proxy that is not there, so it fails at once. HOME
is in `folder`, and so is every cache: a new folder is a new client, `forget(folder)` makes it one again.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECONDS = 120
# Nobody listens on the discard port.
_PROXIES = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_NOWHERE = {**dict.fromkeys(_PROXIES, "http://127.0.0.1:9"), "no_proxy": "127.0.0.1,localhost"}


@dataclass(frozen=True)
class Ran:
    """How a program ended: its exit status, and all it said."""

    code: int
    out: str


def clean(
    folder: Path,
    *command: str | Path,
    files: Mapping[str, str] | None = None,
    env: Mapping[str, str] | None = None,
    path: tuple[Path, ...] = (),
) -> Ran:
    """Run a program in `folder`, in which `files` are written first; `path` are more folders of programs.

    A program that is not there skips the test on a laptop, and fails it with CI=true.
    """
    home = folder / ".home"
    home.mkdir(parents=True, exist_ok=True)
    for name, text in (files or {}).items():
        (folder / name).write_text(text, "utf-8")
    words = [str(word) for word in command]
    program = shutil.which(words[0], path=os.pathsep.join(map(str, (folder, *path)))) or require(words[0])
    search = os.pathsep.join(map(str, (*path, Path(program).parent, "/usr/bin", "/bin")))
    # root's yarn 1 would keep its cache outside of HOME.
    own = {"PATH": search, "HOME": str(home), "LANG": "C.UTF-8", "YARN_CACHE_FOLDER": str(home / "yarn")}
    done = subprocess.run(
        [program, *words[1:]],
        cwd=folder,
        env=own | _NOWHERE | dict(env or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=_SECONDS,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode("utf-8", "replace"))


def forget(folder: Path) -> None:
    """Remove what clients in `folder` keep between two runs."""
    shutil.rmtree(folder / ".home", ignore_errors=True)
