"""Programs run by subprocess: one, or one that writes into another; ToolError says how they failed."""

from __future__ import annotations

import json
import os
import re
import select
import shlex
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGPIPE
from subprocess import PIPE
from tempfile import TemporaryFile
from typing import Any, BinaryIO, TextIO, cast

from rxpress.errors import FAILURE, ToolError

# Salmon stops in a locale that the machine does not have.
LOCALE = {"LC_ALL": "C"}
MOST_SIGNALS = 64
EARLY = "ended before it had read all"
NOT_READ = 128 + SIGPIPE
PATIENCE = 30.0  # seconds for a program to end once it has no reason to go on


def run_tool(
    command: Sequence[str], may_fail_with: str = "", folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program, in `folder` if given, and wait for it; ToolError with its first and last words.

    A failure whose messages match `may_fail_with`, a regular expression, is left to the caller.
    """
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        env={**os.environ, **LOCALE},
        cwd=folder,
    )
    if done.returncode == 0 or (may_fail_with and re.search(may_fail_with, done.stderr)):
        return done
    raise tool_error(command, done.returncode, done.stderr + done.stdout)


def tool_version(program: str) -> str:
    """What a program says to `--version`: the last word of its first line, '' when it says nothing."""
    said = run_tool([program, "--version"])
    return (said.stdout + said.stderr).partition("\n")[0].rpartition(" ")[2]


def read_tool_json(tool: str, path: Path) -> Any:
    """What a program wrote as JSON; ToolError when it ended well and the file is missing or not whole."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ToolError(f"{tool} ended well but left no {path}; is the disk full?") from None
    except ValueError:
        raise ToolError(f"{tool} ended well but left {path} incomplete; is the disk full?") from None


def run_pipe(writer: Sequence[str], reader: Sequence[str]) -> str:
    """Run `writer | reader` and wait for both; what the writer said. ToolError when either of them fails.

    The reader of a writer that died finds an end as any other, so its own success means nothing.
    """
    with ExitStack() as stack:
        written, read = (stack.enter_context(TemporaryFile("w+", errors="replace")) for _ in range(2))
        first = _start(stack, writer, stdout=PIPE, stderr=written)
        second = _start(stack, reader, stdin=first.stdout, stdout=read, stderr=read)
        assert first.stdout is not None
        first.stdout.close()  # else a writer whose reader has gone would wait for ever
        second.wait()
        first.wait()
        said = [_words(file) for file in (written, read)]
    errors = [
        tool_error(command, process.returncode, words)
        for command, process, words in ((writer, first, said[0]), (reader, second, said[1]))
        if process.returncode != 0
    ]
    # The writer's failure is the cause, unless its reader had gone.
    errors.sort(key=lambda error: error.exit_status == NOT_READ)
    if errors:
        raise errors[0]
    return said[0]


@dataclass(frozen=True)
class Streams:
    """Two programs at work: the first writes `source`, and the second reads `targets`, several streams.

    It sees their end only by `finish`; left alone before, both are killed.
    """

    writer: subprocess.Popen[bytes]
    reader: subprocess.Popen[bytes]
    source: BinaryIO
    targets: Sequence[BinaryIO]
    written: TextIO
    said: TextIO

    def end_of_writer(self) -> None:
        """Wait for the first program; ToolError when either failed, or the second ended before its time."""
        self.source.close()
        if not self._reader_gone():
            self.writer.wait()
        self._stop_if_reader_gone()
        if self.writer.returncode != 0:
            raise tool_error(self.writer.args, self.writer.returncode, _words(self.written))

    def finish(self, may_fail_with: str = "") -> int:
        """End the streams and wait for the second program; its status, or ToolError as `run_tool`."""
        early = self._reader_gone()
        for target in self.targets:
            target.close()
        status, words = self.reader.wait(), _words(self.said)
        if status != 0 and not (may_fail_with and re.search(may_fail_with, words)):
            raise tool_error(self.reader.args, status, words)
        if status == 0 and early:
            raise tool_error(self.reader.args, status, words, EARLY)
        return status

    def _reader_gone(self) -> bool:
        """Whether the second program has ended, or is about to: nobody holds the other end of a stream.

        The end of a process is told to its parent only after its pipes are closed.
        """
        watch = select.poll()
        for target in self.targets:
            watch.register(target, 0)  # 0: for nothing but what is always told
        return bool(watch.poll(0)) or self.reader.poll() is not None

    def _stop_if_reader_gone(self) -> None:
        """ToolError when the second program has gone: nothing the first did can have been the cause.

        What the first says of itself follows, but not that nobody read what it wrote.
        """
        if not self._reader_gone():
            return
        reader, writer = (_ended(process) for process in (self.reader, self.writer))
        what = "" if reader else EARLY if reader == 0 else "stopped reading, but did not end"
        errors = [tool_error(self.reader.args, reader or 0, _words(self.said), what)]
        own = tool_error(self.writer.args, writer or 0, _words(self.written))
        if writer and own.exit_status != NOT_READ:
            errors.append(own)
        status = max(error.exit_status for error in errors)  # that of a signal: it may be worth another try
        raise ToolError("\n".join(map(str, errors)), status)


def _ended(process: subprocess.Popen[bytes]) -> int | None:
    """The status of a program that has no reason to go on; None when it does and had to be killed."""
    try:
        return process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        return None


@contextmanager
def run_streams(
    writer: Sequence[str], reader: Callable[[Sequence[str]], Sequence[str]], streams: int
) -> Iterator[Streams]:
    """Start a program, and another that reads several streams; reader : its command, given their paths."""
    with ExitStack() as stack:
        written, said = (stack.enter_context(TemporaryFile("w+", errors="replace")) for _ in range(2))
        ends_of_reader = stack.enter_context(ExitStack())
        ends, targets = [], []
        for _ in range(streams):
            end, target = os.pipe()
            ends_of_reader.callback(os.close, end)
            ends.append(end)
            targets.append(stack.enter_context(os.fdopen(target, "wb", buffering=0)))
        first = _start(stack, writer, stdout=PIPE, stderr=written)
        command = reader([f"/dev/fd/{end}" for end in ends])
        second = _start(stack, command, stdout=said, stderr=said, pass_fds=ends)
        ends_of_reader.close()
        yield Streams(first, second, cast(BinaryIO, first.stdout), targets, written, said)


def _start(stack: ExitStack, command: Sequence[str], **files: Any) -> subprocess.Popen[bytes]:
    """Start a program that is killed, if it is still there, and waited for at the end of `stack`."""
    process = stack.enter_context(subprocess.Popen(command, env={**os.environ, **LOCALE}, **files))
    stack.callback(process.kill)
    return process


def _words(file: TextIO) -> str:
    file.seek(0)
    return file.read()


def tool_error(command: Any, returncode: int, words: str, what: str = "") -> ToolError:
    """The error of a program that failed: its first and last words, and a status that tells a signal.

    what : how it failed, when its status does not say.
    A shell or Perl script around a program (STAR, HISAT2) tells the program's signal as a shell does, or in
    words.
    """
    said = [line.strip() for line in words.splitlines() if line.strip()]
    if len(said) > 8:
        said = [*said[:2], "…", *said[-5:]]
    what = f"{command[0]} {what or f'failed with status {returncode}'}:"
    died = re.search(r"died with signal (\d+)", words)
    signal = -returncode if returncode < 0 else int(died[1]) if died else returncode - 128
    status = 128 + signal if 0 < signal <= MOST_SIGNALS else FAILURE
    return ToolError("\n  ".join([what, *said, f"command: {shlex.join(command)}"]), status)
