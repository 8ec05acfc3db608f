"""Whatever changes a file goes through the one atomic write, a folder for scratch, or a site's store."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_BUILDER = Path(__file__).parents[2] / "builder"
_SEAMS = ("release/atomic.py", "release/scratch.py")
_METHODS = {
    "write_bytes", "write_text", "rename", "unlink", "mkdir", "rmdir", "chmod", "touch", "symlink_to",
    "hardlink_to",
}  # fmt: skip
_FUNCTIONS = {
    "os": {
        "rename", "replace", "link", "symlink", "unlink", "remove", "mkdir", "makedirs", "rmdir", "chmod",
        "truncate", "utime", "mkfifo",
    },
    "shutil": {"copy", "copy2", "copyfile", "copytree", "move", "rmtree", "make_archive", "unpack_archive"},
    "tempfile": {"TemporaryDirectory", "mkdtemp", "mkstemp", "NamedTemporaryFile", "TemporaryFile"},
    "io": {"FileIO"},
}  # fmt: skip
_SCRATCH = "in a folder of scratch"
_FOLDERS = "makes or removes folders or files around an atomic write"
# What else changes files, and why it may.
_EXCEPTIONS = {
    "batch/outputs.py": _FOLDERS,
    "batch/repo.py": _FOLDERS,
    "batch/work.py": _SCRATCH,
    "prove/": "in a testbed, a folder of scratch",
    "cli/__init__.py": "opens /dev/null for streams that are closed",
    "cli/demo": "in the demo's folder, which is of scratch",
    "cli/environment.py": "opens the terminal, to see whether there is one",
    "cli/repo_serve.py": "writes nothing but a throw-away CA in a folder of scratch",
    "cli/verify.py": _SCRATCH,
    "provenance/rebuild.py": _SCRATCH,
    "provenance/verify_site.py": _SCRATCH,
    "signing/opinion.py": _SCRATCH,
    "signing/gpgv.py": _SCRATCH,
    "signing/person.py": _SCRATCH,
    "repositories/staging.py": _SCRATCH,
    "render/bytecode.py": "keeps compiled templates as Python keeps modules; Jinja writes each atomically",
    "release/folder.py": _FOLDERS,
    "cli/init.py": _FOLDERS,
    "cli/recipes.py": _FOLDERS,
    "signing/replacing.py": "removes what its journal names",
    "signing/new.py": "renames a folder that is complete",
    "repositories/stores/folder.py": "is a store, which removes what a site has no more",
}


def _changes(tree: ast.AST) -> Iterator[str]:
    """Yield each call that changes a file, as it is written."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _is_change(node):
            yield f"{node.lineno}: {ast.unparse(node.func)}"
        elif (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.attr in _FUNCTIONS.get(node.value.id, ())
        ):
            yield f"{node.lineno}: {ast.unparse(node)}"


def _is_change(call: ast.Call) -> bool:
    match call.func:
        case ast.Attribute(attr=name) if name in _METHODS:
            return True
        case ast.Attribute(attr="replace"):  # a text's has two arguments, and a struct's names
            return len(call.args) == 1 and not call.keywords
        case ast.Name(id="open"):
            return _writes(call.args[1:2], call.keywords)
        case ast.Attribute(attr="open", value=ast.Name(id="os")):
            return any(flag in ast.unparse(call) for flag in ("O_WRONLY", "O_RDWR", "O_CREAT"))
        case ast.Attribute(attr="open"):
            return _writes(call.args[:1], call.keywords)
    return False


def _writes(mode: list[ast.expr], keywords: list[ast.keyword]) -> bool:
    modes = [*mode, *(one.value for one in keywords if one.arg == "mode")]
    texts = [one.value for one in modes if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    return any(set(text) <= set("rwxab+t") and set(text) & set("wxa+") for text in texts)


def test_nothing_else_changes_files() -> None:
    """What does has its reason in the table, and each reason is needed."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(_BUILDER.rglob("*.py")):
        name = path.relative_to(_BUILDER).as_posix()
        if name not in _SEAMS and (calls := [*_changes(ast.parse(path.read_text("utf-8")))]):
            found[next((start for start in _EXCEPTIONS if name.startswith(start)), name)] += calls
    assert {} == {name: calls for name, calls in found.items() if name not in _EXCEPTIONS}
    assert sorted(found) == sorted(_EXCEPTIONS)


def test_the_seam_changes_files() -> None:
    """Else this test looks for nothing."""
    for name in _SEAMS:
        assert len({*_changes(ast.parse((_BUILDER / name).read_text("utf-8")))}) > 1
