"""What the doctor says of Java's stores, made by keytool, held to what a JVM then does."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import java, releases
from tests.doctor.asking import accepts
from tests.doctor.machine import Machine, here, state
from tests.tools import require

if TYPE_CHECKING:
    from builder.prove.authority import Authority
    from builder.prove.server import Listener

_ASK = """
public class Ask {
    public static void main(String[] words) throws Exception {
        new java.net.URL(words[0]).openConnection().getInputStream().close();
    }
}
"""


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile a client that does what most do."""
    folder = tmp_path_factory.mktemp("classes")
    (folder / "Ask.java").write_text(_ASK)
    java.compile_into(folder, [str(folder / "Ask.java")])
    return folder


def _jdk(folder: Path) -> Path:
    """Make what the doctor takes for a JDK; its store is where the caller puts one."""
    home = folder / "jdk"
    (home / "lib/security").mkdir(parents=True)
    (home / "release").write_text('JAVA_VERSION="17.0.15"\n')
    return home


def _keytool(store: Path, pem: Path, *options: str) -> None:
    words = [require("keytool"), "-importcert", "-noprompt", "-alias", "acme", "-file", str(pem)]
    done = subprocess.run(
        [*words, "-keystore", str(store), *options], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


_STORES = {
    "JKS": ("-storetype", "JKS", "-storepass", "changeit"),
    "PKCS#12 without a password": (
        "-storetype", "PKCS12", "-storepass", "changeit", "-J-Dkeystore.pkcs12.certProtectionAlgorithm=NONE",
        "-J-Dkeystore.pkcs12.macAlgorithm=NONE",
    ),
    "PKCS#12 with a password": ("-storetype", "PKCS12", "-storepass", "changeit"),
}  # fmt: skip


def test_a_damaged_store_is_a_row_like_others(tmp_path: Path, acme: Authority) -> None:
    """Whoever may write one silences no other: it holds nothing, and it is said why."""
    home = _jdk(tmp_path)
    (home / "lib/security/cacerts").write_text("-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n")
    row = here(home).row("java", "Java 17.0.15", acme)
    assert (row["certificates"], state(row)) == (0, "missing")
    assert "certificate 1 is damaged" in row["problem"] + row["note"]


@pytest.mark.parametrize("form", _STORES)
def test_a_store_of_keytools_is_read_as_java_reads_it(  # noqa: PLR0917
    tmp_path: Path, acme: Authority, other: Authority, server: Listener, pem: Path, classes: Path, form: str
) -> None:
    """What is valid in a store Java accepts with it, and what is missing it refuses; none is guessed."""
    home = _jdk(tmp_path)
    store = home / "lib/security/cacerts"
    _keytool(store, pem, *_STORES[form])
    row = here(home).row("java", "Java 17.0.15", acme)
    ask: list[str | Path] = [
        require("java"),
        f"-Djavax.net.ssl.trustStore={store}",
        "-cp",
        classes,
        "Ask",
        "{url}",
    ]
    if "with a" in form:
        assert (row["effective"], state(row)) == (None, "absent")
        assert "encrypted" in row["note"]
        return
    assert (row["effective"], state(row), row["certificates"]) == (True, "valid", 1)
    assert accepts(server, ask, {})
    (tmp_path / "other.pem").write_bytes(other.pem)
    store.unlink()
    _keytool(store, tmp_path / "other.pem", *_STORES[form])
    assert state(here(home).row("java", "Java 17.0.15", acme)) == "missing"
    assert not accepts(server, ask, {})


@pytest.mark.parametrize("variable", ["JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"])
def test_a_variable_shadows_a_jdks_store(
    tmp_path: Path, acme: Authority, server: Listener, pem: Path, classes: Path, variable: str
) -> None:
    """Where a variable names a trust store, a JDK's own is not effective, and that one is what counts."""
    store = tmp_path / "named.jks"
    _keytool(store, pem, *_STORES["JKS"])
    home = _jdk(tmp_path)
    shutil.copy(store, home / "lib/security/cacerts")
    chosen = {variable: f"-Dsome.thing=1 -Djavax.net.ssl.trustStore={store}"}
    row = here(home, **chosen).row("java", "Java 17.0.15", acme)
    assert row["effective"] is False
    assert row["shadowed_by"] == f"{variable} in this environment: {store}"
    ask: list[str | Path] = [require("java"), "-cp", classes, "Ask", "{url}"]
    assert not accepts(server, ask, {})
    assert accepts(server, ask, chosen)


@pytest.mark.long  # a JDK is copied
def test_jssecacerts_wins_over_cacerts(
    tmp_path: Path, acme: Authority, server: Listener, pem: Path, classes: Path
) -> None:
    """A real JDK takes jssecacerts, and no longer the cacerts beside it."""
    program = Path(require("java")).resolve()
    home = tmp_path / "jdk"
    shutil.copytree(program.parents[1], home, symlinks=True)
    ask: list[str | Path] = [home / "bin/java", "-cp", classes, "Ask", "{url}"]
    folder = home / "lib/security"
    (folder / "cacerts").unlink()
    _keytool(folder / "cacerts", pem, *_STORES["JKS"])
    assert [row["effective"] for row in here(home).rows("java", acme)] == [True]
    assert accepts(server, ask, {})
    (tmp_path / "other.pem").write_bytes(Path("/etc/ssl/certs/ca-certificates.crt").read_bytes())
    _keytool(folder / "jssecacerts", tmp_path / "other.pem", *_STORES["JKS"])
    rows = {Path(row["where"]).name: row for row in here(home).rows("java", acme)}
    assert (rows["cacerts"]["effective"], rows["jssecacerts"]["effective"]) == (False, True)
    assert (state(rows["cacerts"]), state(rows["jssecacerts"])) == ("valid", "missing")
    assert not accepts(server, ask, {})


def test_our_jar_as_an_agent_makes_up_for_a_store(
    tmp_path: Path, acme: Authority, server: Listener, classes: Path
) -> None:
    """With the agent a JVM accepts, and its store is no finding; a trust store that is named wins over it."""
    built = releases.build(tmp_path / "built", "acme", [acme], target="maven", release="2026.1")
    home = _jdk(tmp_path)
    shutil.copy("/etc/ssl/certs/java/cacerts", home / "lib/security/cacerts")
    agent = {"JAVA_TOOL_OPTIONS": f"-javaagent:{built[-1]}"}
    machine = here(home, **agent)
    row = machine.row("java", "agent of ours", acme)
    assert (row["effective"], state(row)) == (True, "valid")
    assert state(machine.row("java", "Java 17", acme)) == "absent"
    ask: list[str | Path] = [require("java"), "-cp", classes, "Ask", "{url}"]
    assert accepts(server, ask, agent)
    named = {**agent, "_JAVA_OPTIONS": f"-Djavax.net.ssl.trustStore={home}/lib/security/cacerts"}
    assert here(home, **named).row("java", "agent of ours", acme)["effective"] is False
    assert not accepts(server, ask, named)


def test_an_agent_that_is_gone_is_a_problem(tmp_path: Path, acme: Authority) -> None:
    """No JVM starts with it, and the doctor says so."""
    gone = {"JAVA_TOOL_OPTIONS": f"-javaagent:{tmp_path}/gone.jar"}
    row = here(tmp_path, **gone).row("java", "agent", acme)
    assert re.search("no JVM starts", row["problem"])
    done = subprocess.run(
        [require("java"), "-version"], env=gone, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0


def test_jdks_that_share_a_store_are_one_row(tmp_path: Path, acme: Authority) -> None:
    """Debian's JDKs have links to one store: it is told once, with all that read it."""
    etc = tmp_path / "etc/ssl/certs/java"
    etc.mkdir(parents=True)
    (etc / "cacerts").write_bytes(acme.pem)
    for name, version in (("a", "17.0.1"), ("b", "21.0.2")):
        security = tmp_path / f"usr/lib/jvm/{name}/lib/security"
        security.mkdir(parents=True)
        (security / "cacerts").symlink_to("/etc/ssl/certs/java/cacerts")
        (security.parents[1] / "release").write_text(f'JAVA_VERSION="{version}"\n')
    row = Machine(str(tmp_path)).row("java", "Java", acme)
    assert (row["what"], row["where"]) == ("Java 17.0.1, 21.0.2", "/etc/ssl/certs/java/cacerts")
    assert "/usr/lib/jvm/a, /usr/lib/jvm/b" in row["note"]
