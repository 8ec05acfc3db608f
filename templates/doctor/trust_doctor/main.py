"""The command: python3 -I FILE.pyz [--json | --openmetrics] [--root DIR] [--bundle FILE] [--run]."""

import argparse
import os
import signal
import sys
import time
import zipfile

from trust_doctor import VERSION, expected, files, output, scan

_USAGE = 2
_LAST = 30  # seconds beyond its own limit, after which the system ends it: a file system may never answer


def main(arguments):
    """Run the doctor; return the exit status: 0 fine, 1 findings, 2 usage, 3 something could not be read."""
    options = _parser().parse_args(arguments)
    if options.run and hasattr(os, "geteuid") and os.geteuid() == 0:
        return _refuse("--run starts interpreters that anybody may have put there: not as root")
    if not os.path.isdir(options.root):
        return _refuse("{}: is no folder".format(options.root))
    try:
        wanted = _bundle(options.bundle) if options.bundle else _release()
    except (OSError, expected.ReleaseError) as error:
        return _refuse("{}: {}".format(options.bundle or "this file", error))
    if hasattr(signal, "alarm"):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(options.seconds + _LAST)
    host = scan.host_of(options.root, seconds=options.seconds, may_run=options.run)
    found = scan.examine(host, wanted, time.time())
    print_as = (
        output.as_json if options.json else output.as_openmetrics if options.openmetrics else output.as_text
    )
    try:
        sys.stdout.buffer.write(print_as(found).encode("utf-8", "backslashreplace"))
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, AttributeError) as error:  # a full disk; no output at all, where it is closed
        sys.stdout = None
        why = getattr(error, "strerror", None) or "there is no standard output"
        return _refuse("the findings cannot be written: {}".format(why))
    return scan.status(found)


def _parser():
    parser = argparse.ArgumentParser(
        prog="trust-doctor",
        description="Tell what this machine really trusts. Nothing is written or changed.",
    )
    parser.add_argument("--version", action="version", version="trust-doctor " + VERSION)
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--json", action="store_true", help="print the findings as JSON")
    shown.add_argument("--openmetrics", action="store_true", help="print the findings as OpenMetrics")
    parser.add_argument(
        "--root", default=os.sep, metavar="DIR", help="look at the machine whose files lie here"
    )
    parser.add_argument(
        "--bundle", metavar="FILE", help="the roots to look for, in the place of the release's"
    )
    parser.add_argument("--run", action="store_true", help="ask each interpreter, too; not as root")
    parser.add_argument(
        "--seconds",
        type=_seconds,
        default=60,
        metavar="N",
        help="how long it may take, 1 to 3600; 60 if not given",
    )
    return parser


def _seconds(text):
    value = int(text) if text.isdigit() else 0
    if not 1 <= value <= 3600:
        raise argparse.ArgumentTypeError("is not between 1 and 3600")
    return value


def _refuse(message):
    sys.stderr.write("trust-doctor: {}\n".format(output.visible(message)))
    return _USAGE


def _bundle(path):
    with open(path, "rb") as file:
        return expected.of_bundle(file.read(files.LIMIT))


def _release():
    """Return what the archive that this runs from says."""
    archive = getattr(globals().get("__loader__"), "archive", None)
    if archive is None:
        raise expected.ReleaseError("holds no release: name a file of roots with --bundle")
    with zipfile.ZipFile(archive) as opened:
        return expected.of_archive(
            {name: opened.read(name) for name in opened.namelist() if not name.endswith(".py")}
        )
