"""Programs that fail are never taken for done, alone or in a pipe."""

import signal
import sys
from pathlib import Path

import pytest

from rxpress.errors import ToolError
from rxpress.programs import run_pipe, run_tool

KEEP = ["dd", "of=kept", "status=none"]


@pytest.fixture(autouse=True)
def working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def shell(script: str) -> list[str]:
    return ["sh", "-c", script]


def test_what_is_written_arrives_and_what_is_said_is_returned():
    assert run_pipe(shell("seq 100000; echo done >&2"), KEEP) == "done\n"
    assert Path("kept").read_text() == "".join(f"{i}\n" for i in range(1, 100001))


@pytest.mark.parametrize(
    ("writer", "reader", "words", "status"),
    [
        ("echo part; echo broken >&2; exit 3", "cat > kept", "broken", 1),
        ("echo part; kill -9 $$", "cat > kept", "sh failed with status -9", 137),
        ("echo part; exit 137", "cat > kept", "failed with status 137", 137),
        ("echo part; echo '(ERR): died with signal 9 (KILL)' >&2; exit 1", "cat > kept", "signal 9", 137),
        ("exec yes", "head -c 10 > kept; echo no room >&2; exit 4", "no room", 1),
        ("exit 5", "cat > kept; echo empty >&2; exit 6", "failed with status 5", 1),
    ],
)
def test_a_pipe_fails_when_either_end_does_and_names_the_cause(writer, reader, words, status):
    with pytest.raises(ToolError, match=words) as error:
        run_pipe(shell(writer), shell(reader))
    assert error.value.exit_status == status


def test_a_failure_that_is_expected_is_left_to_the_caller():
    done = run_tool(shell("echo 'only 3 reads' >&2; exit 1"), may_fail_with=r"only \d reads|nothing")
    assert done.returncode == 1
    with pytest.raises(ToolError, match="only 3 reads"):
        run_tool(shell("echo 'only 3 reads' >&2; exit 1"), may_fail_with="other")


def test_a_program_ended_by_a_signal_gives_the_status_that_is_retried():
    script = f"import os; os.kill(os.getpid(), {int(signal.SIGKILL)})"
    for command in ([sys.executable, "-c", script], shell(f"{sys.executable} -c '{script}'; exit $?")):
        with pytest.raises(ToolError) as error:
            run_tool(command)
        assert error.value.exit_status == 137


def test_perl_that_gives_up_is_no_signal():
    with pytest.raises(ToolError) as error:
        run_tool(shell("exit 255"))
    assert error.value.exit_status == 1
