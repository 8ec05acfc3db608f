"""What a program or its user chose explicitly keeps its meaning beside the package."""

from __future__ import annotations

import json
import ssl
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.runtime.npm import world
from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.runtime.npm.conftest import Authorities, Ports

_FLAGS = ("--require", "acme-ca/register")
_OPENSSL = "--use-openssl-ca"
_SYSTEM_CA = ("22", "24", "26")
_ASKING: dict[str, tuple[Sequence[str], str]] = {
    "option": ([_OPENSSL, *_FLAGS], ""),
    "option with underscores": (["--use_openssl_ca", *_FLAGS], ""),
    "NODE_OPTIONS": (_FLAGS, _OPENSSL),
    "NODE_OPTIONS, quoted": ([], f'--require acme-ca/register "{_OPENSSL}"'),
}
_PLACES = {"SSL_CERT_FILE": "globex.pem", "SSL_CERT_DIR": "globex"}


@pytest.fixture(scope="session")
def roots(tmp_path_factory: pytest.TempPathFactory, authorities: Authorities) -> Path:
    """Write the other parties' roots, each to its file, and one to a folder as OpenSSL reads them."""
    folder = tmp_path_factory.mktemp("roots")
    for name in ("globex", "unrelated"):
        (folder / f"{name}.pem").write_bytes(getattr(authorities, name).pem)
    (folder / "globex").mkdir()
    (folder / "globex/globex.pem").write_bytes(authorities.globex.pem)
    subprocess.run([require("openssl"), "rehash", folder / "globex"], check=True)
    (folder / "none").mkdir()
    return folder


def _choices(
    program: Sequence[str | Path],
    project: Path,
    roots: Path,
    servers: Ports,
    env: dict[str, str] | None = None,
) -> Any:
    chosen = {name: servers[name] for name in ("acme", "globex", "unrelated")}
    argv: list[str | Path] = [
        *program,
        world.PROGRAMS / "choices.mjs",
        json.dumps(chosen),
        roots / "unrelated.pem",
    ]
    return world.answer(argv, cwd=project, env=env)


@pytest.mark.parametrize("release", world.NODES)
def test_a_program_s_choices_keep_their_meaning(
    release: str, project: Path, roots: Path, servers: Ports
) -> None:
    """Who names CAs, or other defaults, gets only those; roots added to the defaults stay, beside ours."""
    env = {"NODE_EXTRA_CA_CERTS": str(roots / "globex.pem")}
    beside = "acme globex"
    expected = {
        "tls.DEFAULT_CIPHERS": "ECDHE-ECDSA-CHACHA20-POLY1305",
        "nothing": beside,
        "a ca": "unrelated",
        "a list of ca": "unrelated",
        "an empty list of ca": "",
        "ca: undefined": beside,
        "ca: ''": beside,
        "an agent with a ca": "unrelated",
        "a context without a ca": beside,
        "a context with a ca": "unrelated",
        "a context with an inherited ca": "unrelated",
        # Node 18 and 20 themselves lose NODE_EXTRA_CA_CERTS there.
        "a context with a root added": "unrelated" if release in {"18", "20"} else "globex unrelated",
    }
    if release not in {"18", "20"}:
        expected |= {
            "the default roots as ca": beside,
            "the default roots in one text": beside,
            "a context with the default roots and theirs": "acme globex unrelated",
            "default: no list": beside,
            "default: all and theirs": "acme globex unrelated",
            "default: all as bytes and theirs": "acme globex unrelated",
            "default: theirs": "unrelated",
            "default: theirs again": "unrelated",
            "default: all again": beside,
            "default: all but one": "",
            "default: all without the package's": beside,
            "default: none": "",
            "a context from before": "globex",
        }
    program = [world.node(release), world.IPV4, *_FLAGS]
    assert expected == _choices(program, project, roots, servers, env)


@pytest.mark.parametrize("release", world.NODES)
@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
@pytest.mark.parametrize("way", _ASKING)
def test_an_openssl_store_somebody_chose_stays_alone(
    way: str, variable: str, release: str, project: Path, roots: Path, servers: Ports
) -> None:
    """With --use-openssl-ca, who sets SSL_CERT_FILE or SSL_CERT_DIR gets the roots there, and no others."""
    words, options = _ASKING[way]
    env = {variable: str(roots / _PLACES[variable]), "NODE_OPTIONS": options}
    found = _choices([world.node(release), world.IPV4, *words], project, roots, servers, env)
    assert (found["nothing"], found["a ca"]) == ("globex", "unrelated")


_SYSTEM = "/etc/ssl/certs/ca-certificates.crt"  # Debian's
_PUBLIC = """
    const { rootCertificates } = require('node:tls');
    console.log(JSON.stringify(rootCertificates));
"""


@pytest.fixture(scope="session")
def named(tmp_path_factory: pytest.TempPathFactory, authorities: Authorities) -> Path:
    """Write what variables name: links to the system's roots; public roots, some of them, and one more."""
    folder = tmp_path_factory.mktemp("named")
    (folder / "link.pem").symlink_to(_SYSTEM)
    (folder / "link to the folder").symlink_to("/etc/ssl/certs")
    # Of the newest Node.js, so that the older ones do not have them all themselves.
    public = world.answer([world.node("26"), "--eval", _PUBLIC], cwd=folder)
    (folder / "public.pem").write_text("\n".join(public))
    for kind in ("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"):
        # OpenSSL reads it by each of these names.
        one = authorities.globex.pem.decode().replace(" CERTIFICATE", f" {kind}")
        (folder / f"public and one {kind}.pem").write_text("\n".join([*public, one]))
    (folder / "selected.pem").write_text("\n".join(public[:10]))
    fewer = [root for root in public if b"ISRG Root X1" not in ssl.PEM_cert_to_DER_cert(root)]
    (folder / "all but one.pem").write_text("\n".join(fewer))
    return folder


@pytest.mark.parametrize("release", ["18", "26"])
@pytest.mark.parametrize(
    ("choice", "ours"),
    [
        (("SSL_CERT_FILE", _SYSTEM), True),
        (("SSL_CERT_FILE", "link.pem"), True),
        (("SSL_CERT_FILE", "public.pem"), True),
        (("SSL_CERT_FILE", "public and one CERTIFICATE.pem"), False),
        (("SSL_CERT_FILE", "public and one X509 CERTIFICATE.pem"), False),
        (("SSL_CERT_FILE", "public and one TRUSTED CERTIFICATE.pem"), False),
        (("SSL_CERT_FILE", "/dev/zero"), False),
        (("SSL_CERT_FILE", "selected.pem"), False),
        (("SSL_CERT_FILE", "all but one.pem"), False),
        (("SSL_CERT_FILE", "nothing.pem"), False),
        (("SSL_CERT_FILE", ""), False),
        (("SSL_CERT_DIR", "/etc/ssl/certs"), True),
        (("SSL_CERT_DIR", "link to the folder:/usr/lib/ssl/certs/"), True),
        (("SSL_CERT_DIR", "/etc/ssl/certs:."), False),
        (("SSL_CERT_DIR", "."), False),
    ],
)
def test_a_variable_that_names_what_is_used_anyway_chooses_nothing(
    choice: tuple[str, str], ours: bool, release: str, named: Path, project: Path, servers: Ports
) -> None:
    """With --use-openssl-ca, ours stay beside the system's roots, by any name, and beside all public ones."""
    register = str(project / "node_modules/acme-ca/register.js")
    program = [world.node(release), world.IPV4, _OPENSSL, "--require", register]
    argv = [*program, str(world.PROGRAMS / "probe.mjs"), "https", json.dumps({"acme": servers["acme"]})]
    found = world.answer(argv, cwd=named, env=dict([choice]))
    assert (found["acme"]["https"] == "ok") == ours


@pytest.mark.parametrize("release", ["18", "26"])
def test_a_pipe_is_left_to_openssl(
    release: str, project: Path, servers: Ports, authorities: Authorities
) -> None:
    """SSL_CERT_FILE may name what can be read once, as a shell's `<(…)` does: it holds a choice."""
    names = json.dumps({name: servers[name] for name in ("acme", "globex")})
    argv = [world.node(release), world.IPV4, _OPENSSL, *_FLAGS, str(world.PROGRAMS / "probe.mjs"), "https"]
    env = {"SSL_CERT_FILE": "/dev/stdin"}
    found = world.answer([*argv, names], cwd=project, env=env, question=authorities.globex.pem.decode())
    assert (found["acme"]["https"] != "ok", found["globex"]["https"]) == (True, "ok")


@pytest.mark.parametrize("release", _SYSTEM_CA)
@pytest.mark.parametrize("openssl", [True, False])
def test_node_s_configuration_file_asks_for_openssl_s_store_too(
    openssl: bool, release: str, project: Path, roots: Path, servers: Ports, tmp_path: Path
) -> None:
    """What SSL_CERT_FILE names is chosen where `nodeOptions` has use-openssl-ca, and else is not read."""
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"nodeOptions": {"use-openssl-ca": openssl}}))
    program = [
        world.node(release),
        world.IPV4,
        "--no-warnings",
        f"--experimental-config-file={file}",
        *_FLAGS,
    ]
    env = {"SSL_CERT_FILE": str(roots / "globex.pem")}
    found = _choices(program, project, roots, servers, env)
    assert found["nothing"] == ("globex" if openssl else "acme")


@pytest.mark.parametrize("release", ["18", "26"])
@pytest.mark.parametrize(
    ("value", "outcome"), [(_SYSTEM, "ok"), ("public.pem", "ok"), ("selected.pem", world.REFUSED)]
)
def test_grpc_s_variable_is_judged_alike(
    value: str, outcome: str, release: str, named: Path, both: Path, servers: Ports
) -> None:
    """GRPC_DEFAULT_SSL_ROOTS_FILE_PATH that names the public roots leaves room for those of all packages."""
    flags = [flag for name in ("acme-ca", "@globex/ca") for flag in ("--require", f"{name}/register")]
    chosen = {name: servers[name] for name in ("acme", "globex", "unrelated")}
    argv = [world.node(release), world.IPV4, *flags, str(world.PROGRAMS / "probe.mjs"), "grpc"]
    env = {"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(named / value)}
    found = world.answer([*argv, json.dumps(chosen)], cwd=both, env=env)
    expected = {"acme": outcome, "globex": outcome, "unrelated": world.REFUSED}
    assert expected == {name: clients["grpc"] for name, clients in found.items()}


@pytest.mark.parametrize("release", world.NODES)
def test_the_openssl_store_of_the_system_stays_beside_the_package(
    release: str, project: Path, roots: Path, servers: Ports
) -> None:
    """With --use-openssl-ca alone, the package's bundle is trusted too, until a program sets others."""
    program = [world.node(release), world.IPV4, _OPENSSL, *_FLAGS]
    found = _choices(program, project, roots, servers, {"NODE_EXTRA_CA_CERTS": str(roots / "globex.pem")})
    assert (found["nothing"], found["a ca"]) == ("acme globex", "unrelated")
    if release not in {"18", "20"}:
        assert found["default: all and theirs"] == "acme globex unrelated"
        assert found["default: theirs"] == "unrelated"


@pytest.mark.parametrize("release", world.NODES)
@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_variables_that_node_does_not_read_choose_nothing(
    variable: str, release: str, project: Path, roots: Path, servers: Ports
) -> None:
    """Without --use-openssl-ca, Node heeds neither variable, so neither switches the package off."""
    env = {variable: str(roots / _PLACES[variable])}
    found = _choices([world.node(release), world.IPV4, *_FLAGS], project, roots, servers, env)
    assert (found["nothing"], found["a ca"]) == ("acme", "unrelated")


@pytest.mark.parametrize("release", _SYSTEM_CA)
def test_the_default_roots_are_listed_with_the_bundle(release: str, project: Path) -> None:
    """Each entry is a plain certificate; the list cannot be changed, and is the same at each call."""
    program = """
        const { X509Certificate } = require('node:crypto');
        const tls = require('node:tls');
        const before = tls.getCACertificates('default');
        require('acme-ca').register();
        const after = tls.getCACertificates('default');
        const added = after.slice(before.length).map((pem) => ({
            subject: new X509Certificate(pem).subject,
            der: new X509Certificate(pem).raw.toString('base64')
                === pem.replace(/-----[^-]+-----|\\s/g, ''),
        }));
        console.log(JSON.stringify({
            added,
            kept: before.every((pem, index) => pem === after[index]),
            frozen: Object.isFrozen(after),
            again: tls.getCACertificates() === after,
            others: [tls.getCACertificates('bundled').length === tls.rootCertificates.length,
                tls.getCACertificates('extra').length],
        }));
    """
    assert world.answer([world.node(release), "--eval", program], cwd=project) == {
        "added": [{"subject": "CN=Acme Root", "der": True}],
        "kept": True,
        "frozen": True,
        "again": True,
        "others": [True, 0],
    }


@pytest.mark.parametrize("release", world.NODES)
def test_register_tells_of_a_choice(release: str, project: Path, roots: Path) -> None:
    """`register()` returns false as long as the user or the program has chosen the default roots."""
    program = """
        const tls = require('node:tls');
        const { register } = require('acme-ca');
        const before = tls.connect;
        const told = [register()];
        const wrapped = tls.connect !== before;
        const set = tls.setDefaultCACertificates;
        for (const list of set ? [[], [...tls.rootCertificates], []] : []) {
            set(list);
            told.push(register());
        }
        console.log(JSON.stringify({ told, wrapped, name: set?.name, length: set?.length }));
    """
    node = world.node(release)
    old = release in {"18", "20"}
    names = {} if old else {"name": "setDefaultCACertificates", "length": 1}
    told = [True] if old else [True, False, True, False]
    found = world.answer([node, "--eval", program], cwd=project)
    assert found == {"told": told, "wrapped": True, **names}
    env = {"SSL_CERT_FILE": str(roots / "globex.pem")}
    found = world.answer([node, _OPENSSL, "--eval", program], cwd=project, env=env)
    assert found == {"told": [False] * len(told), "wrapped": False, **names}


@pytest.mark.parametrize("release", world.NODES)
def test_a_worker_keeps_to_its_process_s_choice(release: str, project: Path, roots: Path) -> None:
    """A worker without the process's options and variables has its store, and register is off there too."""
    program = """
        const { Worker } = require('node:worker_threads');
        const code = "require('node:worker_threads').parentPort.postMessage(require('acme-ca').register())";
        const worker = new Worker(code, { eval: true, execArgv: [], env: {} });
        worker.on('message', (told) => console.log(JSON.stringify(told)));
    """
    argv = [world.node(release), *_FLAGS, "--eval", program]
    assert world.answer(argv, cwd=project) is True
    env = {"SSL_CERT_FILE": str(roots / "globex.pem")}
    argv.insert(1, _OPENSSL)
    assert world.answer(argv, cwd=project, env=env) is False


@pytest.mark.parametrize("release", _SYSTEM_CA)
def test_new_defaults_hold_for_all_organisations_however_often_loaded(
    release: str, both: Path, roots: Path, servers: Ports
) -> None:
    """Two packages, one of them loaded twice, add their roots to a longer list and stop at one's own."""
    program = [world.node(release), world.IPV4, *_FLAGS, "--require", "@globex/ca/register"]
    again = both / "again.cjs"
    again.write_text(
        "for (const key of Object.keys(require.cache)) delete require.cache[key];\n"
        "require('acme-ca/register');\n"
    )
    found = _choices([*program, "--require", again], both, roots, servers)
    names = ("nothing", "default: all and theirs", "default: theirs", "default: all again", "default: none")
    both_of_them = "acme globex"
    assert [found[name] for name in names] == [
        both_of_them,
        f"{both_of_them} unrelated",
        "unrelated",
        both_of_them,
        "",
    ]


@pytest.mark.parametrize("release", _SYSTEM_CA)
def test_the_system_store_stays_beside_the_package(
    release: str, project: Path, roots: Path, servers: Ports
) -> None:
    """With --use-system-ca, the system's roots are trusted, and so is the package's bundle."""
    env = {"SSL_CERT_FILE": str(roots / "globex.pem"), "SSL_CERT_DIR": str(roots / "none")}
    program = [world.node(release), world.IPV4, "--use-system-ca", *_FLAGS]
    found = _choices(program, project, roots, servers, env)
    assert (found["nothing"], found["a ca"]) == ("acme globex", "unrelated")


@pytest.mark.parametrize("runtime", ["bun", "deno"])
def test_bun_and_deno_keep_a_program_s_choices(
    runtime: str, project: Path, roots: Path, servers: Ports
) -> None:
    """A `ca` of their own means the same to Bun and Deno with the package as to Node."""
    program = [*world.other(runtime), "--preload", "./node_modules/acme-ca/register.js"]
    found = _choices(program, project, roots, servers)
    kept = ("nothing", "a ca", "a list of ca", "ca: undefined", "a context with a ca")
    assert [found[key] for key in kept] == ["acme", "unrelated", "unrelated", "acme", "unrelated"]
    env = {"NODE_EXTRA_CA_CERTS": str(roots / "globex.pem")}
    # Deno's https then names all its roots as an explicit `ca`, which stays as it is.
    beside = {"bun": "acme globex", "deno": "globex"}[runtime]
    assert _choices(program, project, roots, servers, env)["nothing"] == beside
