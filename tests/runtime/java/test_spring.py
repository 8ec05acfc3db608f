"""Spring Boot finds the jar on the class path by itself."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from builder.prove.probes import PROBES
from tests import java
from tests.runtime.java.conftest import HERE, OWN, said, verdicts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.runtime.java.conftest import Machine, Servers


def part(jar: Path) -> str:
    """Return the jar that Spring needs, which a dependency brings with it."""
    return str(jar.with_name(f"{jar.stem}-spring.jar"))


@pytest.mark.parametrize("version", java.BOOTS)
def test_an_application_trusts_the_ca_without_any_option(
    machine: Machine, servers: Servers, jar: Path, tmp_path: Path, *, version: str
) -> None:
    """With the jar as a dependency its clients do, and without it they do not."""
    libraries = java.path(java.BOOTS[version])
    probes = str(PROBES / "java")
    sources = [str(HERE / "programs" / "Boot.java")]
    java.compile_into(tmp_path, sources, path=os.pathsep.join((libraries, probes)), release=17)
    for more, expected in ((os.pathsep.join((str(jar), part(jar))), "accepted"), ("", "refused")):
        path = os.pathsep.join(filter(None, (str(tmp_path), probes, libraries, more)))
        done = machine.run("-cp", path, "Boot", *servers.words(*OWN))
        lines = {client: line for client, line in said(done).items() if client in OWN}
        assert verdicts(lines) == dict.fromkeys(OWN, expected), done.stderr[-2000:]


@pytest.mark.parametrize("has_dependency", [False, True], ids=["agent", "dependency-too"])
def test_an_application_that_is_one_jar_starts_with_the_agent(
    machine: Machine, servers: Servers, jar: Path, tmp_path: Path, *, has_dependency: bool
) -> None:
    """Its class loader finds the agent's classes before its own, and Spring's only there."""
    libraries = java.path(java.BOOTS["3.5"])
    probes = str(PROBES / "java")
    for name, path in (("Boot", os.pathsep.join((libraries, probes))), ("Apart", "")):
        (tmp_path / name).mkdir()
        source = str(HERE / "programs" / f"{name}.java")
        java.compile_into(tmp_path / name, [source], path=path, release=17)
    own = [str(jar), part(jar)] if has_dependency else []
    path = os.pathsep.join((str(tmp_path / "Boot"), probes, libraries, *own))
    options = (f"-javaagent:{jar}", "-cp", tmp_path / "Apart")
    done = machine.run(*options, "Apart", path, "Boot", *servers.words("SSLContext"))
    assert "SSLContext accepted" in done.stdout, done.stderr[-2000:]


@pytest.mark.parametrize(
    ("has_agent", "has_dependency"),
    [
        pytest.param(False, True, id="dependency"),
        pytest.param(True, False, id="agent", marks=pytest.mark.long),
        pytest.param(True, True, id="both", marks=pytest.mark.long),
        pytest.param(False, False, id="neither"),
    ],
)
def test_an_executable_jar_trusts_the_ca(
    machine: Machine, servers: Servers, jar: Path, tmp_path: Path, *, has_agent: bool, has_dependency: bool
) -> None:
    """As Spring Boot's plugins make it: its own loader finds the jar inside, without being unpacked."""
    libraries = [Path(one) for one in java.path(java.BOOTS["3.5"]).split(os.pathsep)]
    own = [jar, Path(part(jar))] if has_dependency else []
    path = os.pathsep.join((*map(str, libraries), str(PROBES / "java")))
    java.compile_into(tmp_path / "classes", [str(HERE / "programs" / "Boot.java")], path=path, release=17)
    application = _executable(tmp_path, [*libraries, *own])
    agent = [f"-javaagent:{jar}"] if has_agent else []
    for server in ("good", "stranger"):
        done = machine.run(*agent, "-jar", application, *servers.words(*OWN, server=server))
        lines = {client: line for client, line in said(done).items() if client in OWN}
        trusted = server == "good" and (has_agent or has_dependency)
        assert verdicts(lines) == dict.fromkeys(OWN, "accepted" if trusted else "refused"), done.stderr[
            -2000:
        ]


_MANIFEST = """Manifest-Version: 1.0
Main-Class: org.springframework.boot.loader.launch.JarLauncher
Start-Class: Boot
Spring-Boot-Classes: BOOT-INF/classes/
Spring-Boot-Lib: BOOT-INF/lib/

"""


def _executable(folder: Path, libraries: Sequence[Path]) -> Path:
    """Pack the compiled application, with its libraries as they are, stored."""
    file = folder / "application.jar"
    with zipfile.ZipFile(file, "w") as archive, zipfile.ZipFile(java.path(java.LOADER)) as loader:
        archive.writestr("META-INF/MANIFEST.MF", _MANIFEST.replace("\n", "\r\n"))
        for name in loader.namelist():
            if name.startswith("org/"):
                archive.writestr(name, loader.read(name))
        for name in ("BOOT-INF/", "BOOT-INF/classes/", "BOOT-INF/lib/"):
            archive.writestr(name, b"")
        for one in [*(folder / "classes").glob("*.class"), PROBES / "java" / "Probe.class"]:
            archive.write(one, f"BOOT-INF/classes/{one.name}")
        for one in libraries:
            archive.write(one, f"BOOT-INF/lib/{one.name}")
    return file
