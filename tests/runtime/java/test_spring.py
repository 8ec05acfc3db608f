"""Spring Boot finds the jar on the class path by itself."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from builder.prove.probes import PROBES
from tests import java
from tests.runtime.java.conftest import HERE, OWN, said, verdicts

if TYPE_CHECKING:
    from pathlib import Path

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
