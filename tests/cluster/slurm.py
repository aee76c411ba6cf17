"""A Slurm cluster of one node: this machine."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from machine import wait_until

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch")


@dataclass(frozen=True)
class Cluster:
    """A cluster that answers to commands with these variables; `memory_mb` is that of its node."""

    env: dict[str, str]
    memory_mb: int

    def ask(self, *command: str) -> str:
        """What a command of Slurm prints."""
        ended = subprocess.run(command, env=os.environ | self.env, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.strip()

    def jobs(self, *states: str) -> list[list[str]]:
        """Id, name and folder of the jobs in these states."""
        found = self.ask("squeue", "--noheader", f"--states={','.join(states)}", "--format=%i|%j|%Z")
        return [line.split("|") for line in found.splitlines()]

    def node_is(self, state: str) -> bool:
        return self.ask("sinfo", "--noheader", "--format=%T") == state

    def set_node(self, state: str) -> None:
        self.ask("scontrol", "update", f"nodename={host()}", f"state={state}", "reason=test")


def host() -> str:
    return socket.gethostname().split(".")[0]


@contextmanager
def run_cluster() -> Iterator[Cluster]:
    """munged, slurmctld and slurmd of our own; RuntimeError with what they logged if they do not start."""
    folder = Path(tempfile.mkdtemp(prefix="rxpress-slurm-"))
    folder.chmod(0o755)  # munge wants a folder that others may read
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20 - 100
    (folder / "slurm.conf").write_text(slurm_conf(folder, memory))
    started = Cluster({"SLURM_CONF": str(folder / "slurm.conf")}, memory)
    daemons: list[subprocess.Popen[bytes]] = []
    try:
        daemons += start_daemons(folder, started)
        if not wait_until(lambda: answers(started), 60):
            logs = "".join(path.read_text(errors="replace")[-1500:] for path in sorted(folder.glob("*.log")))
            raise RuntimeError(f"the cluster does not start here:\n{logs}")
        yield started
    finally:
        for daemon in reversed(daemons):
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(timeout=60)
        shutil.rmtree(folder, ignore_errors=True)


def slurm_conf(folder: Path, memory: int) -> str:
    """A cluster that keeps all it writes in `folder` and asks for no control groups and no accounting."""
    return f"""\
ClusterName=rxpress
SlurmctldHost={host()}(127.0.0.1)
SlurmctldPort={free_port()}
SlurmdPort={free_port()}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
EnforcePartLimits=ALL
SchedulerParameters=batch_sched_delay=0
MinJobAge=10
NodeName={host()} NodeAddr=127.0.0.1 CPUs={os.cpu_count()} RealMemory={memory} State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES State=UP MaxTime=INFINITE
"""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def start_daemons(folder: Path, cluster: Cluster) -> Iterator[subprocess.Popen[bytes]]:
    """munged, slurmctld and slurmd in the foreground, one after the other."""
    for name in ("state", "spool"):
        (folder / name).mkdir()
    key = folder / "munge.key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o400)
    files = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
    munge = [f"--{option}={folder}/munge.{ending}" for option, ending in files.items()]
    for command in (["munged", "--foreground", "--force", *munge], ["slurmctld", "-D"], ["slurmd", "-D"]):
        quiet = subprocess.DEVNULL
        yield subprocess.Popen(command, env=os.environ | cluster.env, stdout=quiet, stderr=quiet)
        if command[0] == "munged":
            wait_until((folder / "munge.socket").exists, 20)


def answers(cluster: Cluster) -> bool:
    asked = subprocess.run(
        ["sinfo", "--noheader", "--format=%T"], env=os.environ | cluster.env, capture_output=True, text=True
    )
    return asked.stdout.strip() == "idle"
