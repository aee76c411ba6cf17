"""What a user is told when something is wrong: where, what, and what to do; everything at once."""

from __future__ import annotations

import difflib
import errno
import gc
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib.util import find_spec
from shutil import which

USER_ERROR = 2
FAILURE = 1
# What a disk says when it takes no more.
DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
# Between two searches for garbage: more than pandas and matplotlib make on import, none of it garbage.
NEW_OBJECTS = 250_000


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with the user's input.

    `what` says what is wrong, `fix` what to do; `file`, `line` (1-based, the header is line 1) and `column`
    say where, as far as it is known.
    """

    what: str
    fix: str = ""
    file: str = ""
    line: int | None = None
    column: str = ""

    def __str__(self) -> str:
        place = self.file + (f":{self.line}" if self.line else "")
        parts = [place, f"column '{self.column}'" if self.column else "", self.what]
        text = ": ".join(part for part in parts if part)
        return f"{text}; {self.fix}" if self.fix else text


class InputError(Exception):
    """The user's input is wrong: one or more problems, reported together. Exit status 2."""

    def __init__(self, *problems: Problem | str) -> None:
        self.problems = [Problem(p) if isinstance(p, str) else p for p in problems]
        super().__init__("\n".join(map(str, self.problems)))


class ToolError(Exception):
    """A program or the data failed although the input was accepted.

    Exit status 1, or that of a program ended by a signal (128 + its number), which Nextflow retries.
    """

    def __init__(self, message: str, exit_status: int = FAILURE) -> None:
        super().__init__(message)
        self.exit_status = exit_status


@dataclass
class Problems:
    """Collects problems (which stop the run) and warnings (which are told and stand in the report)."""

    found: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def add(
        self, what: str, fix: str = "", file: str = "", line: int | None = None, column: str = ""
    ) -> None:
        self.found.append(Problem(what, fix, file, line, column))

    def warn(
        self, what: str, fix: str = "", file: str = "", line: int | None = None, column: str = ""
    ) -> None:
        self.warnings.append(Problem(what, fix, file, line, column))

    def take(self, error: InputError) -> None:
        self.found.extend(error.problems)

    def stop_if_any(self) -> None:
        if self.found:
            raise InputError(*dict.fromkeys(self.found))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean 'x'?` for the known word nearest to `word`; else an empty text."""
    near = nearest(word, known)
    return f"did you mean '{near}'?" if near else ""


def nearest(word: str, known: Iterable[str], cutoff: float = 0.75) -> str | None:
    """The known word nearest to `word`, ignoring case, `-`, `_`, `.` and blanks; None when none is near.

    `cutoff` is difflib's ratio: 1 asks for the same word but for what is ignored.
    """
    plain = {_plain(k): k for k in known}
    near = difflib.get_close_matches(_plain(word), plain, n=1, cutoff=cutoff)
    return plain[near[0]] if near else None


def _plain(word: str) -> str:
    return "".join(c for c in word.lower() if c not in "-_. ")


def require(modules: Iterable[str] = (), programs: Iterable[str] = ()) -> None:
    """Raise InputError when a Python module or a program that the command needs is not there."""
    missing = [m for m in modules if find_spec(m) is None] + [p for p in programs if which(p) is None]
    if missing:
        raise InputError(
            Problem(f"not installed: {', '.join(missing)}", "activate .venv or add -profile docker")
        )


def run_command(main: Callable[[], None]) -> None:
    """Run a command's `main` and end the process: 0 done, 1 tool or data failed, 2 the input is wrong."""
    gc.set_threshold(NEW_OBJECTS)
    try:
        main()
    except InputError as error:
        for problem in error.problems:
            print(f"error: {problem}", file=sys.stderr)
        sys.exit(USER_ERROR)
    except ToolError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_status)
    except FileNotFoundError as error:
        print(f"error: {error.filename}: does not exist; check the path", file=sys.stderr)
        sys.exit(USER_ERROR)
    except ModuleNotFoundError as error:
        print(f"error: not installed: {error.name}; activate .venv or add -profile docker", file=sys.stderr)
        sys.exit(USER_ERROR)
    except OSError as error:
        if not (trouble := disk_trouble(error)):
            raise
        place = error.filename or os.getcwd()
        print(f"error: {place}: {trouble}; make room there, then run again with -resume", file=sys.stderr)
        sys.exit(FAILURE)


def disk_trouble(error: OSError) -> str:
    """What the disk says that an error is about, in the system's words; '' when it is about no disk.

    Libraries (HDF5, Arrow) tell the system's words and not always its number.
    """
    told = [os.strerror(number) for number in DISK_ERRORS if error.errno == number]
    return next(iter(told + [text for text in map(os.strerror, DISK_ERRORS) if text in str(error)]), "")
