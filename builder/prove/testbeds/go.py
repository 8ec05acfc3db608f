"""The testbed of the Go module: a program of its own, compiled anew whenever what it imports changes."""

from __future__ import annotations

import contextlib
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from builder.errors import ProofError, ToolError
from builder.formats import gomodule
from builder.prove.probes import PROBES, find, start
from builder.prove.testbed import Client, Ran

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Mapping, Sequence

    from builder.model import Recipe

_SOURCES = PROBES / "go"
# By what a program imports: what that reaches.
_CLIENTS = {"trust": ("http.Get", "Transport.Clone"), "trust/everywhere": ("http.Transport", "tls.Dial")}
_GRPC = "grpc-go"
_EVERYWHERE = "trust/everywhere"
NAMES = (*(name for names in _CLIENTS.values() for name in names), _GRPC)
SECONDS = (40, 2)  # to compile net/http takes most of it, the first time
_COMPILING = 900  # on a machine of one core that has more to do, net/http takes some minutes
_OLDEST = (1, 22)  # as the module's go.mod says
_VERSION = re.compile(r"\bgo(\d+)\.(\d+)(\.\d+)?")
_IMPORT = 'package main\n\nimport _ "{0}"\n'


def fetched(only: frozenset[str]) -> tuple[str, ...]:
    """Return the one library that go is asked for."""
    return ("google.golang.org/grpc",) if not only or _GRPC in only else ()


@contextlib.contextmanager
def open_testbed(
    *,
    recipe: Recipe,  # noqa: ARG001  one testbed for all
    name: str,
    root: Path | None,  # noqa: ARG001  a language target
    folder: Path,
    offline: bool,
    only: frozenset[str],
    settings: Mapping[str, str],  # noqa: ARG001  no setting changes what is asked here
) -> Iterator[GoProgram]:
    """Make a program in `folder`, with gRPC where that can be fetched; see testbeds.Opener."""
    go = find("go")
    said = start([go, "version"], folder=folder, environment={"GOTOOLCHAIN": "local"}, check=True).stdout
    found = _VERSION.search(said)
    if found is None or tuple(map(int, found.groups()[:2])) < _OLDEST:
        what = found[0] if found else "an unknown version"
        raise ToolError(f"go: is {what}, and the module is for Go {'.'.join(map(str, _OLDEST))} and later")
    program = GoProgram(name, folder, go, found[0].removeprefix("go"))
    program.write(grpc=bool(fetched(only)) and not offline)
    yield program


@dataclass(frozen=True, slots=True)
class GoProgram:
    """An open program; see trial.Testbed. `compiled` has what was compiled, by what it imports."""

    name: str
    folder: Path
    go: str
    version: str
    stand_in: str = ""
    compiled: dict[str, Path] = field(default_factory=dict)

    def write(self, *, grpc: bool) -> None:
        """Write the program without the module, and fetch gRPC where asked for: the proof goes on without."""
        for file in ("client.go", "go.mod"):
            shutil.copy(_SOURCES / file, self.folder)
        if grpc:
            with contextlib.suppress(ProofError):
                self._fetch()
        self._compile(there=False)

    def _fetch(self) -> None:
        for kind in ("mod", "sum"):
            shutil.copy(_SOURCES / f"grpc.{kind}", self.folder / f"go.{kind}")
        try:
            self._run("mod", "download")
        except ProofError:
            shutil.copy(_SOURCES / "go.mod", self.folder)
            (self.folder / "go.sum").unlink()
            raise
        shutil.copy(_SOURCES / "grpc.go", self.folder)

    def clients(self) -> Sequence[Client]:
        """Return Go's own clients, and gRPC's where it is there."""
        found = [
            Client(name, (imported, name, "{url}"), note=f"with import of {imported}", version=self.version)
            for imported, names in _CLIENTS.items()
            for name in names
        ]
        if self._has_grpc:
            command = (_EVERYWHERE, _GRPC, "{url}")
            required = (self.folder / "go.mod").read_text("utf-8")
            version = re.search(r"google.golang.org/grpc v(\S+)", required)
            found.append(
                Client(
                    _GRPC,
                    command,
                    note=f"with import of {_EVERYWHERE}",
                    version=version[1] if version else "",
                    http2_only=True,
                )
            )
        return found

    def absent(self) -> Sequence[str]:
        """Return gRPC where it was not fetched."""
        return [] if self._has_grpc else [f"{_GRPC}: it was not fetched"]

    def run(self, client: Client, url: str) -> Ran:
        """Let a client open `url`, in the program that imports what it needs while the module is there."""
        imported, name, _ = client.command
        done = start([str(self.compiled[imported]), name, url], folder=self.folder)
        return Ran(done.returncode, done.stdout + done.stderr)

    def install(self, package: Path) -> None:
        """Lay the module's zip where a proxy's folder has it, and get it from there."""
        data = package.read_bytes()
        module = gomodule.unpack(package.name, data)
        for path, content in gomodule.proxied(module, data).items():
            place = self.folder / "goproxy" / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        own = {"GOPROXY": f"file://{self.folder}/goproxy", "GONOSUMDB": self.name}
        self._run("get", f"{module.name}@{module.version}", more=own)
        self._compile(there=True)

    def upgrade(self, package: Path) -> None:
        """Get a newer one in the same way."""
        self.install(package)

    def remove(self) -> None:
        """Take the import out of the program, and the module out of what it requires."""
        self._run("get", f"{self.name}@none", more={"GOPROXY": "off"})
        self._compile(there=False)

    @property
    def manager(self) -> str:
        """Which instructions are typed here."""
        return "go"

    def know_nothing(self) -> None:
        """Ask no other proxy, and no public database of sums."""
        empty = f"GOPROXY=file://{self.folder}/nothing"
        self._run("env", "-w", empty, "GOFLAGS=-modcacherw", f"GOMODCACHE={self.folder}/modules")

    def type_in(self, lines: str, *, there: bool) -> None:
        """Run shell lines in the program's folder, and compile it with what is there."""
        start(["/bin/sh", "-ec", lines], folder=self.folder, environment=self._path, check=True)
        self._compile(there=there)

    @property
    def _path(self) -> Mapping[str, str]:
        return {"PATH": f"{Path(self.go).parent}:/usr/local/bin:/usr/bin:/bin", "GOTOOLCHAIN": "local"}

    def trust(self) -> Mapping[str, object]:
        """Return what the program requires, and what it imports."""
        texts = (self.folder / name for name in ("go.mod", "imports.go"))
        return {text.name: text.read_text("utf-8") for text in texts if text.exists()}

    def roots(self) -> Mapping[str, frozenset[str]]:
        """Return the subjects of the roots by default, in a program with either import, as digests."""
        found = {}
        for imported, program in self.compiled.items():
            said = start([str(program), "roots"], folder=self.folder, check=True).stdout
            for line in said.splitlines():
                store, *roots = line.split()
                found[f"{store} with {imported}"] = frozenset(roots)
        return found

    @property
    def _has_grpc(self) -> bool:
        return (self.folder / "grpc.go").exists()

    def _compile(self, *, there: bool) -> None:
        """Compile a program for each of the packages, or one without any."""
        imports = self.folder / "imports.go"
        if not there:
            imports.unlink(missing_ok=True)
            program = self._built("program")
            self.compiled.update(dict.fromkeys(_CLIENTS, program))
            return
        for imported in _CLIENTS:
            imports.write_text(_IMPORT.format(f"{self.name}/{imported}"), "utf-8")
            self.compiled[imported] = self._built(f"program-{Path(imported).name}")

    def _built(self, name: str) -> Path:
        self._run("build", "-trimpath", "-o", name, ".", more={"GOPROXY": "off", "GOFLAGS": "-mod=mod"})
        return self.folder / name

    def _run(self, *words: str, more: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        environment = {
            **self._path,
            "CGO_ENABLED": "0",
            "GOCACHE": str(Path.home() / ".cache" / "trustpack" / "go-build"),
            "GOFLAGS": "-modcacherw",
            "GOMODCACHE": str(self.folder / "modules"),
            "GOTOOLCHAIN": "local",
        }
        return start(
            [self.go, *words],
            folder=self.folder,
            environment={**environment, **(more or {})},
            check=True,
            seconds=_COMPILING,
        )
