"""Where start-up files run and where not, and who else may be there."""

from __future__ import annotations

import os
import shutil
import sys
import zipapp
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import releases
from tests.runtime.wheel.world import (
    STRANGER,
    TRUSTED,
    TRUSTS,
    Environment,
    environment,
    interpreters,
    run,
    trusts,
)

if TYPE_CHECKING:
    from tests.runtime.wheel.conftest import Authorities, Wheels

_FINDERS = "import sys; print([f.__name__ for f in sys.meta_path if 'certifi' in getattr(f, '__name__', '')])"


def test_a_virtual_environment_watches_once(any_installed: Environment) -> None:
    """Python reads .pth files twice in virtual environments; the second time changes nothing."""
    assert any_installed.say(_FINDERS) == "['_acme_certifi']"


def test_system_site_packages_reach_inside(tmp_path: Path, wheels: Wheels, urls: dict[str, str]) -> None:
    """A wheel outside is active inside a --system-site-packages environment, and one inside it wins."""
    outer = environment(tmp_path / "outer")
    outer.pip("install", "--no-index", "--no-deps", wheels.acme)
    # An environment made by another one's Python has that one's base, so the outer folder is named by hand.
    inner = environment(tmp_path / "inner", options=("--system-site-packages",))
    (inner.site / "outer.pth").write_text(f"import site; site.addsitedir({str(outer.site)!r})\n")
    assert trusts(inner, urls["good"]) == TRUSTED
    inner.pip("install", "--no-index", "--no-deps", "--ignore-installed", wheels.next)
    assert (trusts(inner, urls["good"]), trusts(inner, urls["globex"])) == (STRANGER, TRUSTED)
    assert inner.say(_FINDERS) == "['_acme_certifi']"


def test_two_organisations_are_both_active(fresh: Environment, wheels: Wheels, urls: dict[str, str]) -> None:
    """Two organisations' wheels trust both; removing one leaves the other."""
    names = ["urllib", "requests", "certifi.contents", "truststore", "aiohttp"]
    servers = {name: urls[name] for name in ("good", "globex", "unrelated")}

    def asked() -> object:
        return fresh.ask("clients.py", {"urls": servers, "clients": names})

    fresh.pip("install", "--no-index", "--no-deps", wheels.acme, wheels.globex)
    both = {"good": "accepted", "globex": "accepted", "unrelated": "refused"}
    assert asked() == dict.fromkeys(names, both)
    fresh.pip("uninstall", "--yes", "acme-certifi")
    one = {"good": "refused", "globex": "accepted", "unrelated": "refused"}
    assert asked() == dict.fromkeys(names, one)


def test_names_that_differ_by_a_sign_share_nothing(
    fresh: Environment, authorities: Authorities, urls: dict[str, str], tmp_path: Path
) -> None:
    """acme-2's wheel and acme2's have files, modules and switches of their own."""
    asked = {"acme-2": "good", "acme2": "globex"}
    holds = {"acme-2": authorities.acme, "acme2": authorities.globex}
    for slug, authority in holds.items():
        [wheel] = releases.build(tmp_path / slug, slug, [authority], target="wheel")
        fresh.pip("install", "--no-index", "--no-deps", wheel)
    switches = {"": None, "ACME_2_CERTIFI_DISABLE": "acme-2", "ACME2_CERTIFI_DISABLE": "acme2"}
    for switch, off in switches.items():
        for slug, name in asked.items():
            expected = STRANGER if slug == off else TRUSTED
            assert trusts(fresh, urls[name], env={switch: "1"} if switch else {}) == expected


def test_explicit_activation_waits_to_be_asked(
    fresh: Environment, wheels: Wheels, urls: dict[str, str]
) -> None:
    """A wheel built with activation: explicit changes nothing until a program calls activate()."""
    fresh.pip("install", "--no-index", "--no-deps", wheels.explicit)
    assert trusts(fresh, urls["good"]) == STRANGER
    assert fresh.say("import sys; print([name for name in sys.modules if 'acme' in name])") == "[]"
    # Late, when the clients have been imported, and twice: both must do.
    late = "import requests, ssl, truststore, urllib3, acme_certifi as a; a.activate(); a.activate()\n"
    assert fresh.run("-c", late + TRUSTS, urls["good"]).stdout.strip() == TRUSTED
    code = "import sys, requests as r, acme_certifi as a; a.activate(); print(r.get(sys.argv[1]).status_code)"
    assert fresh.run("-c", code, urls["good"]).stdout.strip() == "200"


@pytest.mark.parametrize("version", interpreters())
def test_archives_activate_by_a_call(
    version: str, tmp_path: Path, wheels: Wheels, urls: dict[str, str]
) -> None:
    """No start-up file runs in a zipapp: one call activates, and where() names a real file while it runs."""
    report = "print(open(acme_certifi.where()).read() == acme_certifi.contents(), acme_certifi.where())\n"
    activate = f"import acme_certifi; acme_certifi.activate()\n{report}"
    app = _zipapp(tmp_path, wheels.acme, activate + TRUSTS)
    said = run([interpreters()[version], "-I", app, urls["good"]]).stdout.splitlines()
    same, path = said[0].split(" ", 1)
    assert (same, said[1]) == ("True", TRUSTED)
    assert not Path(path).exists()


@pytest.mark.parametrize("version", interpreters())
def test_an_archives_file_lives_as_long_as_its_process(version: str, tmp_path: Path, wheels: Wheels) -> None:
    """A zipapp has one file; a forked child leaves it to its parent, and has its own after its parent."""
    code = """if True:
        import os, sys
        from acme_certifi import contents, where
        path = where()
        child = os.fork()
        if not child:
            assert where() == path
            sys.exit()  # as a program ends, running what is registered for it
        assert os.waitpid(child, 0)[1] == 0
        assert where() == path and open(path).read() == contents()
        read, write = os.pipe()
        if not os.fork():
            os.close(write)
            os.read(read, 1)  # until the parent is gone
            print(path, where(), open(where()).read() == contents())
    """
    app = _zipapp(tmp_path, wheels.acme, code)
    done = run([interpreters()[version], "-I", app], env={"TMPDIR": str(tmp_path)})
    first, second, same = done.stdout.split()
    assert (first != second, same, done.stderr) == (True, "True", "")
    assert list(tmp_path.glob("*.pem")) == []


@pytest.mark.parametrize("version", interpreters())
def test_an_archives_file_may_be_gone_at_the_end(version: str, tmp_path: Path, wheels: Wheels) -> None:
    """After a cleaner of temporary files, where() makes another file, and the process ends in silence."""
    code = "import os, acme_certifi as a\nfor _ in range(2): os.unlink(a.where())\n"
    done = run([interpreters()[version], "-I", _zipapp(tmp_path, wheels.acme, code)])
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize("version", interpreters())
def test_an_archives_file_of_another_user_is_not_taken(version: str, tmp_path: Path, wheels: Wheels) -> None:
    """What somebody puts where a cleaner of temporary files has been is not read; there is another file."""
    if os.geteuid() != 0:
        pytest.skip("only root gives files to others")
    code = (
        "import os, acme_certifi as a\nold = a.where()\nos.chown(old, 65534, 65534)\nprint(a.where() != old)"
    )
    assert run([interpreters()[version], "-I", _zipapp(tmp_path, wheels.acme, code)]).stdout == "True\n"


def _zipapp(folder: Path, wheel: Path, code: str) -> Path:
    source, app = folder / "app", folder / "app.pyz"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(source)
    (source / "__main__.py").write_text(code)
    zipapp.create_archive(source, app)
    return app


def test_a_target_folder_activates_by_a_call(
    fresh: Environment, tmp_path: Path, wheels: Wheels, urls: dict[str, str]
) -> None:
    """PYTHONPATH and `pip install --target` run no start-up file: a call activates there."""
    target = tmp_path / "target"
    fresh.pip("install", "--no-index", "--no-deps", "--target", target, wheels.acme)
    env = {"PYTHONPATH": str(target)}
    assert trusts(fresh, urls["good"], env=env) == STRANGER
    call = "import acme_certifi; acme_certifi.activate()\n"
    assert fresh.run("-c", call + TRUSTS, urls["good"], env=env).stdout.strip() == TRUSTED


def test_beside_truststore(installed: Environment, urls: dict[str, str]) -> None:
    """A program that injects truststore trusts these roots too, whichever comes first, and no stranger."""
    orders = {
        "inject first": "import truststore; truststore.inject_into_ssl()\n",
        "ssl first": "import ssl, truststore; truststore.inject_into_ssl()\n",
        "call after": "import truststore as t; t.inject_into_ssl(); import acme_certifi as a; a.activate()\n",
    }
    for name in ("good", "unrelated"):
        found = {
            order: installed.run("-c", code + TRUSTS, urls[name]).stdout.strip()
            for order, code in orders.items()
        }
        assert found == dict.fromkeys(orders, TRUSTED if name == "good" else STRANGER)


def test_beside_pip_system_certs(
    fresh: Environment, wheels: Wheels, urls: dict[str, str], tmp_path: Path
) -> None:
    """pip-system-certs, which injects truststore at each start, and this wheel are both at work."""
    download: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--dest",
        tmp_path,
    ]
    run([*download, "pip-system-certs==5.3"], env=os.environ)
    fresh.pip("install", "--no-index", "--no-deps", *tmp_path.glob("*.whl"), wheels.acme)
    assert fresh.say("import ssl; print(ssl.SSLContext.__module__)").endswith("truststore._api")
    asked = {"urls": {name: urls[name] for name in ("good", "unrelated")}, "clients": ["urllib", "requests"]}
    expected = {"good": "accepted", "unrelated": "refused"}
    assert fresh.ask("clients.py", asked) == dict.fromkeys(asked["clients"], expected)


def test_children_trust(any_installed: Environment, urls: dict[str, str]) -> None:
    """Processes that multiprocessing spawns or forks trust as their parent does."""
    code = """if True:
        import multiprocessing, sys
        if __name__ == "__main__":
            call = "__import__('urllib.request').request.urlopen(%r).status" % sys.argv[1]
            for way in ("fork", "spawn"):
                with multiprocessing.get_context(way).Pool(1) as pool:
                    print(pool.apply(eval, [call]))
    """
    assert any_installed.run("-c", code, urls["good"]).stdout.split() == ["200", "200"]


def test_threads_may_all_be_first(any_installed: Environment, urls: dict[str, str]) -> None:
    """Threads that import the first client and call activate() at the same moment all trust."""
    code = """if True:
        import sys, threading
        ready, found = threading.Barrier(16), []
        def call(number):
            ready.wait()
            if number % 2:
                import acme_certifi
                acme_certifi.activate()
            import urllib.request
            found.append(urllib.request.urlopen(sys.argv[1], timeout=15).status)
        threads = [threading.Thread(target=call, args=[number]) for number in range(16)]
        [thread.start() for thread in threads], [thread.join() for thread in threads]
        print(set(found), len(found))
    """
    assert any_installed.run("-c", code, urls["good"]).stdout.strip() == "{200} 16"


def test_subinterpreters_trust(any_installed: Environment, urls: dict[str, str]) -> None:
    """A subinterpreter runs start-up files of its own and trusts too."""
    code = """if True:
        import os, sys
        try:
            import _interpreters as interpreters
        except ImportError:
            import _xxsubinterpreters as interpreters
        read, write = os.pipe()
        code = '''import os, urllib.request
os.write(%d, str(urllib.request.urlopen(%r, timeout=15).status).encode())''' % (write, sys.argv[1])
        interpreters.run_string(interpreters.create(), code)
        print(os.read(read, 10).decode(), flush=True)
        os._exit(0)  # CPython 3.12.1 aborts at the end of any process whose subinterpreter used ssl
    """
    assert any_installed.run("-c", code, urls["good"]).stdout.strip() == "200"


def test_a_broken_package_stops_nobody(fresh: Environment, wheels: Wheels, urls: dict[str, str]) -> None:
    """Where parts of the package are lost, programs run as without it, silently, and trust nothing more."""
    fresh.pip("install", "--no-index", "--no-deps", wheels.acme)
    read = "import certifi; assert certifi.contents().count('BEGIN') > 100\n"

    def asked(before: str = "") -> tuple[str, str]:
        done = fresh.run("-W", "error", "-c", before + read + TRUSTS, urls["good"])
        return done.stdout.strip(), done.stderr

    # What packers of programs load modules with need not read files; OpenSSL reads its own.
    assert asked("import acme_certifi; acme_certifi.__spec__.loader = object()\n") == (TRUSTED, "")
    for damaged in ("roots.pem", "anchors.pem"):
        (fresh.site / "acme_certifi" / damaged).write_text("é", "utf-8")
    assert asked() == (STRANGER, "")
    for lost in (
        "acme_certifi/roots.pem",
        "acme_certifi/anchors.pem",
        "acme_certifi/_patch.py",
        "acme_certifi/__init__.py",
    ):
        (fresh.site / lost).unlink()
        shutil.rmtree(fresh.site / "acme_certifi" / "__pycache__", ignore_errors=True)
        assert asked() == (STRANGER, "")


def test_a_realm_lives_beside_its_organisation(
    fresh: Environment, authorities: Authorities, urls: dict[str, str], tmp_path: Path
) -> None:
    """Both wheels trust their own CAs; each is upgraded and removed alone."""
    (tmp_path / "roots.pem").write_bytes(authorities.acme.pem)
    (tmp_path / "staging.pem").write_bytes(authorities.globex.pem)
    (tmp_path / "trustpack.yaml").write_text(
        "organisation: {slug: acme}\nbundle: {paths: [roots.pem]}\ntargets: [wheel]\n"
        "realms: {staging: {bundle: {paths: [staging.pem]}}}\n"
    )
    program = Path(sys.executable).with_name("trustpack")

    def install(release: str, *words: str) -> None:
        out, config = tmp_path / release, tmp_path / "trustpack.yaml"
        run([program, "build", "-q", "--config", config, "--release", release, "--out", out, *words])
        fresh.pip("install", "--no-index", "--no-deps", *out.glob("*.whl"))

    def trusted() -> set[str]:
        return {name for name in ("good", "globex", "unrelated") if trusts(fresh, urls[name]) == TRUSTED}

    install("1")
    install("2", "--realm", "staging")
    assert trusted() == {"good", "globex"}
    (tmp_path / "staging.pem").write_bytes(authorities.unrelated.pem)
    install("3", "--realm", "staging")
    assert trusted() == {"good", "unrelated"}
    fresh.pip("uninstall", "--yes", "acme-certifi")
    assert trusted() == {"unrelated"}
    fresh.pip("uninstall", "--yes", "acme-staging-certifi")
    assert trusted() == set()
