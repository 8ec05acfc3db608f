"""Programs in Go that import the modules of two organisations, in a root folder that holds little else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.x509.oid import ExtendedKeyUsageOID

from builder.prove.authority import create, issue
from tests import golang, releases
from tests.tools import require, require_mounts

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from builder.prove.authority import Authority, Leaf

PROBE = Path(__file__).parent / "probe"
VERSIONS = Path(__file__).parent / "versions"
HOST = "localhost"
_FALLBACK = "golang.org/x/crypto/x509roots/fallback"
_SYSTEM = "etc/ssl/certs/ca-certificates.crt"


@dataclass(frozen=True)
class Answers:
    """What a program printed: which servers its clients accept, which clients its servers, and the rest."""

    clients: Mapping[str, Mapping[str, str]]
    servers: Mapping[str, Mapping[str, str]]
    seen: Mapping[str, str]
    said: str

    def accepted(self, client: str) -> set[str]:
        """Return the names of the servers that a client accepts."""
        return {name for name, why in self.clients[client].items() if not why}

    def served(self, server: str) -> set[str]:
        """Return whose clients a server accepts."""
        return {name for name, why in self.servers[server].items() if not why}


@dataclass(frozen=True)
class Authorities:
    """The two organisations' CAs, one that the system trusts, and one that nobody does."""

    acme: Authority
    globex: Authority
    public: Authority
    stranger: Authority
    now: dt.datetime

    @classmethod
    def made(cls, now: dt.datetime) -> Authorities:
        """Make them."""
        names = ("acme", "globex", "public", "stranger")
        return cls(**{name: create(f"{name} Root CA", now=now) for name in names}, now=now)

    def client(self, name: str) -> Leaf:
        """Issue a client's certificate of one of the CAs."""
        return issue(getattr(self, name), [HOST], now=self.now, usage=ExtendedKeyUsageOID.CLIENT_AUTH)


def go(version: str) -> str:
    """Return the path of Go: of the one that is installed, or a newer one; or of the one that is pinned."""
    return golang.compiler(PROBE) if version == "machine" else golang.prebuilt(VERSIONS / f"{version}.txt")


@dataclass(frozen=True)
class Programs:
    """Programs that are compiled in a folder with one Go, from the module of each organisation."""

    go: str
    folder: Path

    def write(
        self, authorities: Authorities, domains: tuple[str, ...] = (), more: tuple[Authority, ...] = ()
    ) -> None:
        """Build both organisations' modules, and lay them where the program's go.mod looks for them.

        Acme's CA has these domains, and the other's beside it in acme's module none; `more` CAs of acme's
        have them, too.
        """
        shutil.copytree(PROBE, self.folder / "probe")
        for slug in ("acme", "globex"):
            trusted = [getattr(authorities, slug), *([authorities.globex, *more] if domains else [])]
            (module,) = releases.build(
                self.folder / slug,
                slug,
                list(dict.fromkeys(trusted)),
                target="go",
                release="1",
                limited={one.pem: domains for one in (authorities.acme, *more)},
            )
            unpack(module, self.folder / "probe" / slug)

    def compiled(self, *tags: str) -> Path:
        """Return the program with these build tags, without symbols, as most are shipped."""
        program = self.folder / f"program-{'-'.join(tags)}"
        if not program.exists():
            options = ("-tags", ",".join(tags), "-ldflags", "-s -w")
            golang.build(self.go, self.folder / "probe", ".", program, *options)
        return program

    def compiled_late(self, *tags: str) -> Path:
        """Return it with an x509roots/fallback that imports what the module does, and so is ready no earlier.

        Go then orders by path: as if that package had grown, or Go had another order.
        """
        program = self.folder / "program-late"
        probe, changed = self.folder / "probe", self.folder / "late"
        words = [self.go, "mod", "download", "-json", _FALLBACK]
        said = subprocess.run(words, cwd=probe, env=golang.environment(), capture_output=True, check=True)
        shutil.copytree(json.loads(said.stdout)["Dir"], changed)
        (changed / "late.go").write_text('package fallback\n\nimport _ "net/http"\n', "ascii")
        replaced = f"\nreplace {_FALLBACK} => {changed}\n"
        (probe / "late.mod").write_text((probe / "go.mod").read_text("ascii") + replaced, "ascii")
        shutil.copy(probe / "go.sum", probe / "late.sum")
        options = ("-tags", ",".join((*tags, "fallback")), "-modfile", "late.mod")
        return golang.build(self.go, probe, ".", program, *options)


def unpack(module: Path, folder: Path) -> None:
    """Unpack a module's zip below a folder, without what all its paths begin with."""
    with zipfile.ZipFile(module) as archive:
        for member in archive.infolist():
            path = folder / member.filename.partition("@")[2].partition("/")[2]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(archive.read(member))


@dataclass(frozen=True)
class Root:
    """A folder that a program runs in as in an image made from scratch, and the servers that it asks."""

    folder: Path
    urls: Mapping[str, str]

    def write(self, authorities: Authorities, *, system: bool = True, hosts: tuple[str, ...] = ()) -> None:
        """Lay certificates of a server and of clients into it, and the system's roots where it has them.

        It knows this machine by the names of `hosts`, too.
        """
        require_mounts()  # only root may change the root
        (self.folder / "etc").mkdir(parents=True)
        (self.folder / "etc/hosts").write_text(f"127.0.0.1 {' '.join(('localhost', *hosts))}\n")
        self.put("files/leaf.pem", issue(authorities.acme, [HOST], now=authorities.now))
        for name in ("acme", "public", "stranger"):
            self.put(f"files/client-{name}.pem", authorities.client(name))
        (self.folder / "stranger.pem").write_bytes(authorities.stranger.pem)
        if system:
            (self.folder / _SYSTEM).parent.mkdir(parents=True)
            (self.folder / _SYSTEM).write_bytes(authorities.public.pem)

    def put(self, path: str, leaf: Leaf) -> None:
        """Write a certificate and its key into one file."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(leaf.chain + leaf.key)

    def run(
        self, program: Path, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Let a program ask every server, with no environment but this."""
        shutil.copy(program, self.folder / "program")
        chroot = shutil.which("chroot", path=os.pathsep.join((os.defpath, "/usr/sbin", "/sbin")))
        command = [chroot or require("chroot"), str(self.folder), "/program", "/files", *self.urls.values()]
        return subprocess.run(
            command, env=dict(environment or {}), capture_output=True, text=True, check=False, timeout=120
        )

    def ask(self, program: Path, environment: Mapping[str, str] | None = None) -> Answers:
        """Return what a program says of every server, by the servers' names, and of clients by their CAs'."""
        done = self.run(program, environment)
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        names = {url: name for name, url in self.urls.items()}
        clients = {
            client: {names[url]: why for url, why in said.items()}
            for client, said in found["clients"].items()
        }
        servers = {
            server: {file.removeprefix("client-").removesuffix(".pem"): why for file, why in said.items()}
            for server, said in found["servers"].items()
        }
        return Answers(clients, servers, found["seen"], done.stderr)
