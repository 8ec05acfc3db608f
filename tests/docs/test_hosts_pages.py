"""What the pages about many hosts show runs as it stands, with a doctor that trustpack has built."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import msgspec
import pytest

from builder.doctor.schema import HostJson
from tests.cli.conftest import PROGRAM
from tests.docs.blocks import Block, blocks
from tests.docs.test_console import BUNDLE
from tests.tools import require

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def doctor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the doctor of a bundle that no store here has."""
    out = tmp_path_factory.mktemp("doctor") / "dist"
    words = ("build", BUNDLE / "roots.pem", "--org", "acme", "--target", "doctor", "--out", out, "--quiet")
    subprocess.run([PROGRAM, *words, "--release", "20261201"], check=True, env={"PATH": os.defpath})
    return out / "acme-trust-doctor-20261201.pyz"


def _block(page: str, first: str) -> Block:
    """Return a page's block by a part of its text."""
    (found,) = (block for block in blocks(page) if first in block.text)
    return found


def _run(text: str, folder: Path, **environment: Path | str) -> subprocess.CompletedProcess[str]:
    """Run a script of a page with nothing but what it lets be set."""
    script = folder / "script"
    script.write_text(text)
    return subprocess.run(
        ["sh", script],
        env={"PATH": os.defpath} | {name: str(value) for name, value in environment.items()},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def _report(doctor: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-I", doctor, *words], env={}, capture_output=True, text=True, check=False
    )
    assert done.returncode in {0, 1, 3}, done.stderr
    return done.stdout


@pytest.mark.parametrize("stage", sorted(path.name for path in (BUNDLE / "reports").iterdir()))
def test_the_guides_reports_are_what_a_doctor_prints(stage: str) -> None:
    """Each of its hosts, by the schema of the doctor."""
    for line in (BUNDLE / "reports" / stage).read_bytes().splitlines():
        msgspec.json.decode(line, type=HostJson)


def test_the_job_of_cron_writes_both_files_whole(doctor: Path, tmp_path: Path) -> None:
    """What was there before stays where the doctor cannot run."""
    (tmp_path / "metrics").mkdir()
    script = _block("hosts-cron", "look() {").text
    places = {"METRICS": tmp_path / "metrics", "REPORTS": tmp_path / "reports"}
    done = _run(script, tmp_path, DOCTOR=doctor, **places)
    assert (done.returncode, done.stderr) == (0, "")
    written = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert written == ["metrics/trust.prom", "reports/report.json", "script"]
    assert json.loads((tmp_path / "reports/report.json").read_text())["organisation"] == "acme"
    before = (tmp_path / "metrics/trust.prom").read_bytes()
    assert _run(script, tmp_path, DOCTOR=tmp_path / "nothing.pyz", **places).returncode == 2
    assert (tmp_path / "metrics/trust.prom").read_bytes() == before
    assert len(list(tmp_path.rglob("*.prom*"))) == 1


def test_prometheus_reads_the_metrics_and_the_alerts(doctor: Path, tmp_path: Path) -> None:
    """Of one host, of many, and the rules of the page: by Prometheus' own tool."""
    promtool = require("promtool")
    (tmp_path / "host.json").write_text(_report(doctor, "--json"))
    many = subprocess.run(
        [PROGRAM, "doctor", "report", tmp_path / "host.json", "--openmetrics", "-"],
        env={}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert many.returncode == 1
    for metrics in (_report(doctor, "--openmetrics"), many.stdout):
        done = subprocess.run(
            [promtool, "check", "metrics"], input=metrics, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    rules = tmp_path / "rules.yaml"
    rules.write_text(_block("hosts-cron", "alert:").text)
    subprocess.run([promtool, "check", "rules", rules], capture_output=True, check=True)


def test_ansible_brings_reports_back_and_has_a_fact(doctor: Path, tmp_path: Path) -> None:
    """By its own program, on this machine: the playbook, and the fact that another one asks."""
    program = require("ansible-playbook")
    (tmp_path / "dist").mkdir()
    (tmp_path / "reports").mkdir()
    (tmp_path / "facts").mkdir()
    shutil.copy(doctor, tmp_path / "dist")
    (tmp_path / "trust.yml").write_text(_block("hosts-ansible", "ansible.builtin.command").text)
    (tmp_path / "hosts.ini").write_text("web-1 ansible_connection=local\n")
    fact = tmp_path / "facts/trust.fact"
    fact.write_text(_block("hosts-ansible", "case $? in").text)
    fact.chmod(0o755)
    (tmp_path / "fact.yml").write_text(
        f"- hosts: all\n  gather_facts: false\n  tasks:\n"
        f"    - ansible.builtin.setup: {{filter: [ansible_local], fact_path: {tmp_path}/facts}}\n"
        "    - ansible.builtin.assert: {that: ansible_local.trust.counts.missing > 0}\n"
    )
    for words in (["trust.yml", "-e", "as_root=false", "-e", f"doctor={tmp_path}/doctor.pyz"], ["fact.yml"]):
        done = subprocess.run(
            [program, "-i", "hosts.ini", *words],
            cwd=tmp_path,
            env={
                "PATH": os.defpath, "HOME": str(tmp_path), "LANG": "C.UTF-8",
                "DOCTOR": str(tmp_path / "doctor.pyz"),
                "ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3",
            },
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
    report = subprocess.run(
        [PROGRAM, "doctor", "report", "reports", "--json"],
        cwd=tmp_path, env={}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert [one["name"] for one in json.loads(report.stdout)["hosts"]] == [socket.gethostname()]


def test_osquery_would_read_the_findings(doctor: Path, tmp_path: Path) -> None:
    """The file that it takes for a table has the columns of its configuration, and answers both queries."""
    (tmp_path / "fill.py").write_text(_block("hosts-osquery", "sqlite3.connect").text)
    report = json.loads(_report(doctor, "--json"))
    report["rows"][0]["extra"] = [{"sha256": "d" * 64, "subject": "CN=Acme '; drop table x"}]
    (tmp_path / "report.json").write_text(json.dumps(report))
    for _ in range(2):  # a second run replaces what the first one made
        subprocess.run(
            [sys.executable, "-I", "fill.py", "report.json", "trust.sqlite"], cwd=tmp_path, env={}, check=True
        )
    table = json.loads(_block("hosts-osquery", "auto_table_construction").text)
    made, scheduled = (table[key]["trust_stores"] for key in ("auto_table_construction", "schedule"))
    with sqlite3.connect(tmp_path / "trust.sqlite") as opened:
        found = opened.execute(made["query"])
        assert [one[0] for one in found.description] == made["columns"]
        withdrawn = opened.execute(
            _block("hosts-osquery", "select kind, location, subject\n").text
        ).fetchall()
        assert [subject for *_, subject in withdrawn] == ["CN=Acme '; drop table x"]
        assert opened.execute(_block("hosts-osquery", "not exists").text).fetchall() == []
        states = {row[-1] for row in opened.execute(scheduled["query"])}
        opened.execute("delete from trust_stores where state not in ('valid', 'absent')")
        assert opened.execute(_block("hosts-osquery", "not exists").text).fetchall() == [(1,)]
    assert states == {"missing", "extra"}


def test_the_extension_attribute_is_one_short_element(doctor: Path, tmp_path: Path) -> None:
    """Whatever the doctor says, or does not."""
    script = _block("hosts-mdm", "<result>").text
    python = shutil.which("python3", path=os.defpath) or sys.executable
    hostile = tmp_path / "hostile.py"
    hostile.write_text('print(\'{"counts": {"</result><x>": 1}, "complete": false}\')')
    broken = tmp_path / "broken.py"
    broken.write_text("raise SystemExit(2)")
    cases = {
        doctor: "missing",
        hostile: "1 /resultx, incomplete",
        broken: "no report",
        tmp_path / "x": "no doctor",
    }
    for name, said in cases.items():
        done = _run(script, tmp_path, DOCTOR=name, PYTHON=python)
        assert done.returncode == 0
        assert done.stdout.startswith("<result>")
        assert done.stdout.endswith("</result>\n")
        assert said in done.stdout
        assert done.stdout.count("<") == 2
