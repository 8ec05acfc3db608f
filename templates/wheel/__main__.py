"""The command line: where the roots are, what is active, and what other programs need exported."""

import argparse
import json
import os
import shlex
import sys

from . import _bundle, _path, _public


def main(arguments: "list[str] | None" = None) -> int:
    """Run one command; return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
    except _bundle.BundleError as error:
        print(f"{__package__}: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # `| head` has read enough; Python would complain once more at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
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
    _formats(env, "shell lines")
    env.set_defaults(run=_env)

    path = commands.add_parser("path", help="print the path of the PEM file with these roots alone")
    path.set_defaults(run=_where)

    doctor = commands.add_parser("doctor", help="tell what is active, and which settings win over it")
    _formats(doctor, "text for people")
    doctor.set_defaults(run=_doctor)
    return parser


def _formats(command: argparse.ArgumentParser, text: str) -> None:
    what = f"print {text} (the default), or an object"
    command.add_argument("--format", choices=("text", "json"), default="text", help=what)
    short = "the same as --format json"
    command.add_argument("--json", dest="format", action="store_const", const="json", help=short)


def _env(options: argparse.Namespace) -> int:
    bundle = os.path.abspath(options.write or _bundle.default_path())
    source, text = _bundle.merged(options.public)
    if options.write is not None:
        _bundle.write(bundle, text)
        print(f"{__package__}: wrote {bundle} (public roots from {source})", file=sys.stderr)
    elif not _bundle.current(bundle, text):
        raise _bundle.BundleError(f"{bundle}: is missing or out of date; make it with env --write")
    # A variable that names other roots says whom to trust: it stays as it is.
    kept = {name: os.environ[name] for name in _bundle.VARIABLES if _chosen(name, bundle)}
    exported = {name: bundle for name in _bundle.VARIABLES if name not in kept}
    if options.format == "json":
        print(json.dumps({"export": exported, "kept": kept, "public": source}, indent=2))
    else:
        print(_shell(exported, kept))
    return 0


def _chosen(name: str, bundle: str) -> bool:
    return _public.is_set(name) and os.environ[name] != bundle and not _public.named(name, os.environ[name])


def _shell(exported: "dict[str, str]", kept: "dict[str, str]") -> str:
    lines = [f"export {name}={shlex.quote(value)}" for name, value in exported.items()]
    # One comment line each: a value with a newline in it must not become a command.
    lines += [f"# {name} is set already and stays {value!a}" for name, value in kept.items()]
    return "\n".join(lines)


def _where(_: argparse.Namespace) -> int:
    path = _path("roots.pem")
    if not os.path.exists(path):  # a copy would be gone when this ends
        raise _bundle.BundleError(f"{path}: lies in an archive; write a file with env --write FILE")
    print(path)
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from . import _doctor as doctor

    found = doctor.examine()
    print(json.dumps(found, indent=2) if options.format == "json" else doctor.render(found))
    return 0 if found["active"] and not found["problems"] else 1


if __name__ == "__main__":
    sys.exit(main())
