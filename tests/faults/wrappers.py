"""Programs that break on demand: shell scripts that stand before the real ones on PATH."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from shutil import which

# What is done to the file {0} after the program itself has run to its end.
DAMAGE = {
    "loses": "rm {0}",
    "empties": ": > {0}",
    "cuts": "file=$(ls {0}); head -c $(($(stat -Lc %s $file) / 2)) $file > half; cat half > $file; rm half",
}


def wrap(folder: Path, program: str, faults: Mapping[str, str]) -> dict[str, str]:
    """Write `folder`/`program` and return the environment in which it stands first on PATH.

    faults : by words of its arguments, the lines of shell that stand for the program where it is called with
    these; `real "$@"` calls it. Else it does what it always does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    cases = "".join(f'*" {words} "*)\n{lines}\nexit 0 ;;\n' for words, lines in faults.items())
    script = f'#!/bin/bash\nreal() {{ {which(program)} "$@"; }}\ncase " $* " in\n{cases}esac\nreal "$@"\n'
    (folder / program).write_text(script)
    (folder / program).chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


def damaged(fault: str, file: str) -> str:
    """Lines that run the program and then damage a file that it has written (a shell pattern)."""
    return f'real "$@" || exit\n{DAMAGE[fault].format(file)}'


def once(mark: Path, lines: str) -> str:
    """Lines that break the first call only; the next finds the mark that the first has left."""
    return f'[ -e {mark} ] && {{ real "$@"; exit; }}\ntouch {mark}\n{lines}'
