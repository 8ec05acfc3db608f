"""The command line: where the roots are, what is active, and what other programs need exported."""

import argparse
import json
import os
import shlex
import sys

from . import _bundle, where


def main(arguments: "list[str] | None" = None) -> int:
    """Run one command; return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except _bundle.BundleError as error:
        print(f"{__package__}: {error}", file=sys.stderr)
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m {__package__}", description=__doc__)
    commands = parser.add_subparsers(title="commands", required=True, metavar="{env,path,doctor}")

    env = commands.add_parser("env", help="print the variables for programs that ask neither ssl nor certifi")
    env.add_argument(
        "--write",
        metavar="FILE",
        nargs="?",
        const="",
        help="make or refresh the bundle that the variables name: public roots and these "
        f"(default {_bundle.default_path()})",
    )
    env.add_argument("--public", metavar="FILE", help="take the public roots from this PEM file")
    env.add_argument("--json", action="store_true", help="print an object instead of shell lines")
    env.set_defaults(run=_env)

    path = commands.add_parser("path", help="print the path of the PEM file with these roots alone")
    path.set_defaults(run=_path)

    doctor = commands.add_parser("doctor", help="tell what is active, and which settings win over it")
    doctor.add_argument("--json", action="store_true", help="print an object instead of text")
    doctor.set_defaults(run=_doctor)
    return parser


def _env(options: argparse.Namespace) -> int:
    bundle = os.path.abspath(options.write or _bundle.default_path())
    source, text = _bundle.merged(options.public)
    if options.write is not None:
        _bundle.write(bundle, text)
        print(f"{__package__}: wrote {bundle} (public roots from {source})", file=sys.stderr)
    elif not _bundle.current(bundle, text):
        raise _bundle.BundleError(f"{bundle}: is missing or out of date; make it with env --write")
    # A variable that someone has set already says whom to trust: it stays as it is.
    kept = {name: os.environ[name] for name in _bundle.VARIABLES if os.environ.get(name, bundle) != bundle}
    exported = {name: bundle for name in _bundle.VARIABLES if name not in kept}
    if options.json:
        print(json.dumps({"export": exported, "kept": kept, "public": source}, indent=2))
    else:
        print(_shell(exported, kept))
    return 0


def _shell(exported: "dict[str, str]", kept: "dict[str, str]") -> str:
    lines = [f"export {name}={shlex.quote(value)}" for name, value in exported.items()]
    # One comment line each: a value with a newline in it must not become a command.
    lines += [f"# {name} is set already and stays {value!a}" for name, value in kept.items()]
    return "\n".join(lines)


def _path(_: argparse.Namespace) -> int:
    print(where())
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from . import _doctor as doctor

    found = doctor.examine()
    if options.json:
        print(json.dumps({**found, "advice": doctor.advice(found)}, indent=2))
    else:
        print(doctor.render(found))
    return 0 if found["trusted_by_default"] else 1


if __name__ == "__main__":
    sys.exit(main())
