"""The tools by which people add a library to a project and update it, and the projects they do it in."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.roots import folder
from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Mapping

_HERE = Path(__file__).resolve().parent
_MODULES = _HERE.parent / "npm" / "node_modules"
_SECONDS = 120
_SYSTEM = ("node", "npm", "ruby", "bundle")
# Whatever else a tool may ask for goes to a proxy that is not there: nobody listens on the discard port.
_PROXIES = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
_LOOPBACK_ONLY = {**dict.fromkeys(_PROXIES, "http://127.0.0.1:9"), "no_proxy": "127.0.0.1"}

# What a project says of the library that it has: its version and its roots, in JSON.
_JAVASCRIPT = (
    "console.log(JSON.stringify([require('acme-ca/package.json').version, require('acme-ca').pem()]))"
)
_PYTHON = (
    "import acme_certifi, importlib.metadata as metadata, json;"
    "print(json.dumps([metadata.version('acme-certifi'), acme_certifi.contents()]))"
)
_RUBY = (
    "require 'acme_ca'; require 'json';"
    "puts JSON.generate([Gem.loaded_specs['acme-ca'].version.to_s, AcmeCa.pem])"
)
_NODE = '{\n  "private": true\n}\n'
_PYPROJECT = '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = []\n'


@dataclass(frozen=True, slots=True)
class Tool:
    """How one tool adds a library, updates it and runs a program; `{url}` is the registry's.

    `written` is what adding the first release writes into `file`: of a date's, and of a year and month's.
    """

    target: str
    program: tuple[str, ...]
    add: str
    update: str
    file: str
    written: tuple[str, str]
    ask: tuple[str, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)


def _node_tool(program: tuple[str, ...], update: str, **files: str) -> Tool:
    return Tool(
        target="npm",
        program=program,
        add="install acme-ca" if program == ("npm",) else "add acme-ca",
        update=update,
        file="package.json",
        written=('"acme-ca": "^1.20261128.0"', '"acme-ca": "^1.2026.10"'),
        ask=("node", "-e", _JAVASCRIPT),
        files={"package.json": _NODE, ".npmrc": "registry={url}/\n", **files},
        env={"npm_config_audit": "false", "npm_config_update_notifier": "false"},
    )


_YARN = ("node", str(_MODULES / "yarn/bin/yarn.js"))
_YARN_4 = ("node", str(_MODULES / "@yarnpkg/cli-dist/bin/yarn.js"))
_YARNRC = {
    ".yarnrc.yml": 'npmRegistryServer: "{url}"\nunsafeHttpWhitelist: ["127.0.0.1"]\nenableTelemetry: false\n',
    "yarn.lock": "",
}


def _yarn_4(update: str) -> Tool:
    tool = _node_tool(_YARN_4, update, **_YARNRC)
    return replace(tool, ask=(*_YARN_4, "node", "-e", _JAVASCRIPT))


TOOLS = {
    "npm update": _node_tool(("npm",), "update"),
    "yarn upgrade": _node_tool(_YARN, "upgrade"),
    "yarn up": _yarn_4("up acme-ca"),
    "yarn up --recursive": _yarn_4("up --recursive acme-ca"),
    # By name: from 12.20 on, an update of everything finds its lock file in order and asks no registry.
    "pnpm update": _node_tool((str(_MODULES / "@pnpm/exe.linux-x64/pnpm"),), "update acme-ca"),
    "poetry update": Tool(
        target="wheel",
        program=("poetry",),
        add="add acme-certifi",
        update="update",
        file="pyproject.toml",
        written=("acme-certifi (>=1.20261128,<2.0)", "acme-certifi (>=1.2026.10,<2.0.0)"),
        ask=(".venv/bin/python", "-c", _PYTHON),
        files={
            "pyproject.toml": f"{_PYPROJECT}\n[tool.poetry]\npackage-mode = false\n\n"
            '[[tool.poetry.source]]\nname = "acme"\nurl = "{url}/simple/"\npriority = "primary"\n'
        },
        env={"POETRY_VIRTUALENVS_IN_PROJECT": "true", "POETRY_KEYRING_ENABLED": "false"},
    ),
    "uv sync --upgrade": Tool(
        target="wheel",
        program=("uv",),
        add="add acme-certifi",
        update="sync --upgrade",
        file="pyproject.toml",
        written=("acme-certifi>=1.20261128", "acme-certifi>=1.2026.10"),
        ask=(".venv/bin/python", "-c", _PYTHON),
        files={
            "pyproject.toml": f'{_PYPROJECT}\n[[tool.uv.index]]\nurl = "{{url}}/simple/"\ndefault = true\n'
        },
        env={"UV_PYTHON": sys.executable, "UV_PYTHON_DOWNLOADS": "never"},
    ),
    "bundle update": Tool(
        target="gem",
        program=("bundle",),
        add="add acme-ca",
        update="update --all",
        file="Gemfile",
        written=('gem "acme-ca", "~> 1.20261128"', 'gem "acme-ca", "~> 1.2026"'),
        ask=("bundle", "exec", "ruby", "-e", _RUBY),
        files={"Gemfile": 'source "{url}"\n'},
        env={"BUNDLE_PATH": "vendor"},
    ),
}


@dataclass(frozen=True, slots=True)
class Project:
    """A folder in which a tool works, with nothing of this machine's environment and no way but loopback."""

    tool: Tool
    folder: Path

    @classmethod
    def create(cls, tool: Tool, folder: Path, url: str) -> Project:
        """Make a project that has no dependency yet and knows one registry; its tool must be there."""
        for word in tool.program:
            if "/" in word:
                require(word)
        (folder / "home").mkdir()
        project = cls(tool, folder / "project")
        project.folder.mkdir()
        for name, text in tool.files.items():
            (project.folder / name).write_text(text.replace("{url}", url))
        return project

    def add(self) -> str:
        """Add the library as people do; return the file in which the tool notes which releases may come."""
        self._run(*self.tool.program, *self.tool.add.split())
        return (self.folder / self.tool.file).read_text()

    def extend(self, name: str, text: str) -> None:
        """Add to one of its files."""
        with (self.folder / name).open("a") as file:
            file.write(text)

    def update(self) -> None:
        """Ask the tool for newer releases."""
        self._run(*self.tool.program, *self.tool.update.split())

    def ask(self) -> tuple[str, str]:
        """Return the library's version and roots, as a program in the project sees them."""
        version, pem = json.loads(self._run(*self.tool.ask))
        return version, pem

    def _run(self, *command: str) -> str:
        home = self.folder.parent / "home"
        folders = [python_tools() / "bin", *(Path(require(name)).parent for name in _SYSTEM), Path("/bin")]
        path = os.pathsep.join(map(str, folders))
        # root's yarn 1 would keep its cache outside of HOME.
        own = {"PATH": path, "HOME": str(home), "LANG": "C.UTF-8", "YARN_CACHE_FOLDER": str(home / "yarn")}
        found = shutil.which(self.folder / command[0]) or shutil.which(command[0], path=path) or command[0]
        done = subprocess.run(
            [found, *command[1:]],
            cwd=self.folder,
            env=own | _LOOPBACK_ONLY | self.tool.env,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout


def python_tools() -> Path:
    """Return a virtual environment with poetry and uv, made once for each version of Python."""
    wanted = _HERE / "python-tools.txt"
    name = hashlib.sha256(f"{sys.version}\n{wanted.read_text()}".encode()).hexdigest()[:8]
    home = folder() / f"python-tools-{name}"
    folder().mkdir(parents=True, exist_ok=True)
    with (folder() / f"{home.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "complete").exists():
            subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
            # With this machine's own environment: it may say which mirror of PyPI to ask, and how.
            pip = (str(home / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
            subprocess.run([*pip, "--require-hashes", "--requirement", str(wanted)], check=True)
            (home / "complete").touch()
    return home
