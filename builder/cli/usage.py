"""What is wrong with a command line, in our own words: the library that parses it has others."""

from __future__ import annotations

from typing import Any

from builder.errors import UsageError
from builder.text.faults import nearest


def told(error: Any, command: str = "") -> UsageError:
    """Return what typer raises as an error of ours; its class is known by name alone, as typer moves it.

    `command` is the one that was called, for errors that do not know it.
    """
    context = getattr(error, "ctx", None)
    message, hint = _KINDS.get(type(error).__name__, _other)(error, context)
    called = _path(context) if context is not None else f"trustpack {command}".rstrip()
    return UsageError(message, hint=hint or f"'{called} --help' lists what it takes")


def _no_such_option(error: Any, context: Any) -> tuple[str, str]:
    parts = context.command.params if context is not None else ()
    # Without the dashes, which are alike in all of them.
    known = [name[2:] for part in parts if not part.hidden for name in part.opts if name.startswith("--")]
    close = nearest(error.option_name.lstrip("-"), known)
    # A list of all options would be as long as the help.
    hint = close.replace("'", "'--", 1) if "?" in close else ""
    return f"{error.option_name}: there is no such option", hint


def _missing(error: Any, _context: Any) -> tuple[str, str]:
    return f"{_name(error.param)}: is missing", ""


def _bad_use(error: Any, _context: Any) -> tuple[str, str]:
    takes_none = "does not take a value" in str(error.message)
    return f"{error.option_name}: {'takes no value' if takes_none else 'needs a value'}", ""


def _bad_value(error: Any, _context: Any) -> tuple[str, str]:
    """Tell of a value that is no choice, no number, or what our own code says of it."""
    text, kind = str(error.message), error.param.type
    choices = getattr(kind, "choices", None)
    if choices and text.startswith("'"):
        value = text.split("'")[1]
        close = nearest(value, choices)  # without a near one, the message itself lists them all
        known = ", ".join(choices)
        return f"{_name(error.param)} '{value}': is not one of {known}", close if "?" in close else ""
    if "int" in str(kind.name):
        return f"{_name(error.param)}: is not a whole number that it takes", ""
    return f"{_name(error.param)}: {_as_message(text)}", ""


def _other(error: Any, context: Any) -> tuple[str, str]:
    text = str(error.message)
    if text.startswith("No such command"):
        name = text.split("'")[1]
        return f"{name}: there is no such command", nearest(name, context.command.commands)
    if text.startswith("Got unexpected extra argument"):
        return f"{text[text.rindex('(') + 1 : -1]}: is more than '{_path(context)}' takes", ""
    if text.startswith("Missing command"):
        return f"{_path(context)}: which command?", ""
    return _as_message(text), ""


_KINDS = {
    "NoSuchOption": _no_such_option,
    "MissingParameter": _missing,
    "BadOptionUsage": _bad_use,
    "BadParameter": _bad_value,
}


def _path(context: Any) -> str:
    """Return the command as it was called, without the program's own folder."""
    words: list[str] = []
    while context is not None and context.parent is not None:
        words.insert(0, context.info_name)
        context = context.parent
    return " ".join(["trustpack", *words])


def _name(param: Any) -> str:
    """Return what an option or argument is called on the command line."""
    return str(param.opts[0]) if param.param_type_name == "option" else str(param.name).upper()


def _as_message(text: str) -> str:
    return text[:1].lower() + text[1:].rstrip(".")
