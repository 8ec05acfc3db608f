"""Projects in which language clients do what a site says, with nothing but that site to ask.

    project = begin("uv")                        # a fixture of conftest.py
    project.follow(site, "setup", "install")     # the lines that the site's page shows
    assert project.version() == "1.2026.10"
    project.run("uv add acme-certifi==1.2026.10")           # anything else; .attempt() where it may fail

A client's programs are what `_CLIENTS` says: from npm and PyPI, as tests/runtime installs them, or Debian's;
gem and Bundler are also those of Debian 13, in a copy of that system.
"""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from builder.repositories import site as sites
from builder.repositories.ecosystems import ECOSYSTEMS
from tests.repositories.clean import Ran, clean
from tests.runtime.npm.world import BUN, MODULES
from tests.runtime.updates.tools import python_tools
from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from builder.repositories.ecosystem import Instructions
    from tests.repositories.hosts import Host, Hosts
    from tests.repositories.sites import Site

    Begin = Callable[[str], "Project"]

WHEEL, NPM, GEM = "acme-certifi", "@acme/ca", "acme-ca"
_PYPROJECT = '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = []\n'
_NODE = {"package.json": '{"name": "app", "private": true}\n'}
_PYTHON = f"""-c 'import importlib.metadata as m; print(m.version("{WHEEL}"))'"""
_NODEJS = f"""'require("{NPM}/package.json").version'"""
_RUBY = """-e 'puts Gem.loaded_specs["acme-ca"].version'"""


@dataclass(frozen=True)
class LanguageClient:
    """A client: what a new project holds, what its commands run, and how the project says what it has.

    `pinned` asks for one {version}; `public` makes the site at {url} the one that is asked for everything,
    and `plainly` installs from there; `again` installs what the project's lock file says, as a CI job does.
    `shims` are programs by name, each with the line that a shell runs for it.
    """

    ecosystem: str
    version: str
    pinned: str
    public: str
    plainly: str
    again: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    shims: Callable[[], Mapping[str, str]] = dict
    env: Mapping[str, str] = field(default_factory=dict)
    host: str = ""


def _script(path: str | Path) -> str:
    return f'exec {require("node")} {require(str(path))} "$@"'


def _program(path: str | Path) -> str:
    return f'exec {require(str(path))} "$@"'


def _debian_ruby() -> dict[str, str]:
    return {name: _program(name) for name in ("ruby", "gem", "bundle")}


def _debian_13_bundler() -> dict[str, str]:
    return {"bundle": 'exec bundle3.3 "$@"'}


def _python() -> dict[str, str]:
    return {"python3": f'exec {sys.executable} "$@"'}


def _node_client(
    install: str,
    again: str,
    *,
    public: str = "echo 'registry={url}/npm/' >>.npmrc",
    version: str = f"node -p {_NODEJS}",
    files: Mapping[str, str] = _NODE,
    shims: Callable[[], Mapping[str, str]] = dict,
    env: Mapping[str, str] | None = None,
) -> LanguageClient:
    pinned, plainly = f"{install} {NPM}@{{version}}", f"{install} {NPM}"
    return LanguageClient("npm", version, pinned, public, plainly, again, files, shims, env or {})


def _gem_client(shims: Callable[[], Mapping[str, str]]) -> LanguageClient:
    install = f"gem install --no-document {GEM}"
    return LanguageClient(
        "gem",
        version=f"ruby -racme_ca {_RUBY}",
        pinned=f"{install} --version {{version}} --clear-sources --source {{url}}/gem/",
        public="printf ':sources:\\n- {url}/gem/\\n' >.home/.gemrc",
        plainly=install,
        shims=shims,
        env={"GEM_HOME": "{folder}/gems", "PATH+": "{folder}/gems/bin"},
    )


def _bundler_client(shims: Callable[[], Mapping[str, str]]) -> LanguageClient:
    return LanguageClient(
        "gem",
        version=f"bundle exec ruby -rbundler/setup {_RUBY}",
        pinned=f"bundle add {GEM} --version {{version}} --source {{url}}/gem/",
        public="echo 'source \"{url}/gem/\"' >Gemfile",
        plainly=f"bundle add {GEM}",
        again="rm -r vendor && bundle install",
        files={"Gemfile": 'source "http://127.0.0.1:9/"\n'},
        shims=shims,
        env={"BUNDLE_PATH": "vendor"},
    )


_UV = {"UV_PYTHON": sys.executable, "UV_PYTHON_DOWNLOADS": "never"}
_NO_PIP = {"POETRY_VIRTUALENVS_OPTIONS_NO_PIP": "true"}
_CLIENTS = {
    "pip": LanguageClient(
        "pypi",
        version=f"python3 {_PYTHON}",
        pinned=f"python3 -m pip install --index-url {{url}}/pypi/simple/ {WHEEL}=={{version}}",
        public="printf '[global]\\nindex-url = {url}/pypi/simple/\\n' >venv/pip.conf",
        plainly=f"python3 -m pip install {WHEEL}",
        shims=_python,
        env={"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PATH+": "{folder}/venv/bin"},
    ),
    "uv": LanguageClient(
        "pypi",
        version=f".venv/bin/python {_PYTHON}",
        pinned=f"uv add {WHEEL}=={{version}}",
        public="printf '\\n[[tool.uv.index]]\\ndefault = true\\nurl = \"%s\"\\n' {url}/pypi/simple/ "
        ">>pyproject.toml",
        plainly=f"uv add {WHEEL}",
        again="rm -r .venv && uv sync --locked",
        files={"pyproject.toml": _PYPROJECT},
        shims=lambda: {"uv": _program(python_tools() / "bin" / "uv")},
        env=_UV,
    ),
    "poetry": LanguageClient(
        "pypi",
        version=f".venv/bin/python {_PYTHON}",
        pinned=f"poetry add --source acme {WHEEL}=={{version}}",
        public="poetry source add --priority=primary public {url}/pypi/simple/",
        plainly=f"poetry add {WHEEL}",
        again="rm -r .venv && poetry install",
        files={"pyproject.toml": f"{_PYPROJECT}\n[tool.poetry]\npackage-mode = false\n"},
        shims=lambda: {"poetry": _program(python_tools() / "bin" / "poetry")},
        env={"POETRY_VIRTUALENVS_IN_PROJECT": "true", "POETRY_KEYRING_ENABLED": "false", **_NO_PIP},
    ),
    "npm": _node_client(
        "npm install", "rm -r node_modules && npm ci", env={"npm_config_update_notifier": "false"}
    ),
    "pnpm": _node_client(
        "pnpm add",
        "rm -r node_modules && pnpm install --frozen-lockfile",
        shims=lambda: {"pnpm": _program(MODULES / "@pnpm/exe.linux-x64/pnpm")},
        env={"pnpm_config_fetch_retries": "0"},  # it would wait for more than a minute
    ),
    "yarn": _node_client(
        "yarn add",
        "rm -r .yarn .pnp.cjs && yarn install --immutable",
        public="yarn config set npmRegistryServer {url}/npm",
        version=f"yarn node -p {_NODEJS}",
        files={**_NODE, "yarn.lock": ""},
        shims=lambda: {"yarn": _script(MODULES / "@yarnpkg/cli-dist/bin/yarn.js")},
        env={"YARN_UNSAFE_HTTP_WHITELIST": "127.0.0.1", "YARN_ENABLE_TELEMETRY": "false"},
    ),
    "yarn1": _node_client(
        "yarn add",
        "rm -r node_modules && yarn install --frozen-lockfile",
        shims=lambda: {"yarn": _script(MODULES / "yarn/bin/yarn.js")},
    ),
    "bun": _node_client(
        "bun add",
        "rm -r node_modules && bun install --frozen-lockfile",
        shims=lambda: {"bun": _program(BUN), "bunx": f'exec {BUN} x "$@"'},
    ),
    "gem": _gem_client(_debian_ruby),
    "gem of Debian 13": replace(_gem_client(dict), host="apt-trixie"),
    "bundler": _bundler_client(_debian_ruby),
    "bundler of Debian 13": replace(_bundler_client(_debian_13_bundler), host="apt-trixie"),
}
PYTHON = ("pip", "uv", "poetry")
NODE = ("npm", "pnpm", "yarn", "yarn1", "bun")
RUBY = ("gem", "gem of Debian 13", "bundler", "bundler of Debian 13")


@dataclass(frozen=True)
class Project:
    """A folder in which one client works."""

    name: str
    client: LanguageClient
    folder: Path
    host: Host | None = None

    @property
    def told(self) -> str:
        """Which of the site's instructions are for this client."""
        return self.name.split()[0]

    def follow(self, site: Site, *parts: str) -> str:
        """Run the lines of the site's instructions for this client; return what they say."""
        told = instructions(site, self.client.ecosystem)[self.told]
        return "".join(self.run(getattr(told, part)) for part in parts)

    def pin(self, site: Site, version: str) -> Ran:
        """Ask for one version, come what may."""
        return self.attempt(self.client.pinned.format(url=site.url, version=version))

    def version(self) -> str:
        """Return the version that a program in the project gets."""
        return self.run(self.client.version).split()[-1]

    def write(self, name: str, text: str, *, mode: int = 0o644) -> None:
        """Write a file of the project's."""
        path = self.folder / name
        if self.host is not None:
            self.host.sandbox.copy_in(str(path), text.encode())
            self.host.run(f"chmod {mode:o} {path}")
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def run(self, lines: str) -> str:
        """Run shell lines, which must succeed; return what they say."""
        ran = self.attempt(lines)
        assert ran.code == 0, f"{lines}\n{ran.out}"
        return ran.out

    def attempt(self, lines: str) -> Ran:
        """Run shell lines, come what may."""
        env = {key: value.format(folder=self.folder) for key, value in self.client.env.items()}
        more = [Path(env.pop("PATH+"))] if "PATH+" in env else []
        path = (*more, self.folder / "shims")
        if self.host is None:
            return clean(
                self.folder, "sh", "-euc", lines, env=env, path=(*path, Path(require("node")).parent)
            )
        env |= {"PATH": ":".join(map(str, (*path, "/usr/bin", "/bin"))), "HOME": f"{self.folder}/.home"}
        words = [f"{key}={value}" for key, value in env.items()]
        script = shlex.join(["env", "-i", *words, "LANG=C.UTF-8", "sh", "-euc", lines])
        done = self.host.run(f"mkdir -p {self.folder}/.home && cd {self.folder} && {script}", check=False)
        return Ran(done.code, done.out)


def start(name: str, folder: Path, hosts: Hosts) -> Project:
    """Begin a project without dependencies in a new folder of `folder`, or in a system of its own."""
    client = _CLIENTS[name]
    if client.host:
        project = Project(name, client, Path("/srv/project"), hosts.open(client.host))
    else:
        project = Project(name, client, folder / f"project-{len(list(folder.iterdir()))}")
    for program, line in client.shims().items():
        project.write(f"shims/{program}", f"#!/bin/sh\n{line}\n", mode=0o755)
    for file, text in client.files.items():
        project.write(file, text)
    if name == "pip":
        project.run(f"{sys.executable} -m venv --without-pip venv")
        _give_pip(project.folder / "venv")
    return project


def _give_pip(venv: Path) -> None:
    """Lend a virtual environment a pip, in a tenth of the time that `python -m venv` takes for its own."""
    [there] = python_tools().glob("lib/*/site-packages")
    [here] = venv.glob("lib/*/site-packages")
    lent = venv / "lent"
    lent.mkdir()
    (lent / "pip").symlink_to(there / "pip")
    # No link in site-packages: pip takes a folder with nothing but links and its package for its package's.
    (here / "lent.pth").write_text(f"{lent}\n")


def instructions(site: Site, ecosystem: str) -> dict[str, Instructions]:
    """Return what the site tells people of an ecosystem, by client."""
    found = sites.read(site.folder, site.keys)
    assert found is not None
    told = ECOSYSTEMS[ecosystem].instructions(found.shelf(ecosystem), site.publication)
    return {one.id: one for one in told}
