"""A Docker daemon, the images built in it, and a user whom no image knows."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from pipeline.conftest import ROOT, nextflow, run_pipeline

__all__ = ["nextflow", "run_pipeline"]  # fixtures that these tests share with those of the pipeline

STRANGER = 64321
PACKAGES = ("docker.io", "containerd", "iptables", "debootstrap")


@dataclass(frozen=True)
class Docker:
    """An engine that answers, with the images in it. `group` may speak to it."""

    group: int

    def image(self, name: str) -> str:
        config = (ROOT / "conf" / "containers.config").read_text()
        return next(line.split("'")[1] for line in config.splitlines() if f"rxpress/{name}:" in line)

    def run(self, name: str, *command: str) -> str:
        """What a command in an image prints, run as a stranger without network."""
        options = ["--rm", "--network=none", "--user", f"{STRANGER}:{STRANGER}"]
        return printed("docker", "run", *options, self.image(name), *command)

    def inspect(self, name: str, template: str) -> str:
        return printed("docker", "image", "inspect", "--format", template, self.image(name)).strip()


def printed(*command: str) -> str:
    """Standard output and error of a command that must succeed."""
    ended = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


@pytest.fixture(scope="session")
def docker() -> Iterator[Docker]:
    """The daemon that answers; else one of the test's own. Skips aloud where there can be none."""
    if answers():
        socket = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")
        yield with_images(Path(socket))
        return
    if os.geteuid() != 0:
        pytest.skip("docker: no daemon answers, and only root can start one")
    if not shutil.which("dockerd"):
        install_docker()
    with own_daemon() as socket:
        yield with_images(socket)


def answers() -> bool:
    return (
        bool(shutil.which("docker"))
        and not subprocess.run(["docker", "info"], capture_output=True).returncode
    )


def install_docker() -> None:
    if not shutil.which("apt-get") or os.environ.get("RXPRESS_APT") == "no":
        pytest.skip("docker: there is no dockerd, and apt-get is not there or not allowed (RXPRESS_APT)")
    for words in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *PACKAGES]):
        ended = subprocess.run(
            ["apt-get", *words],
            capture_output=True,
            text=True,
            env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        )
        if ended.returncode:
            pytest.skip(f"docker: apt-get {words[0]} failed: {ended.stderr.strip()}")


@contextmanager
def own_daemon() -> Iterator[Path]:
    """A dockerd with a data folder of its own, ended and removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="rxpress-docker-"))
    folder.chmod(0o755)
    socket = folder / "docker.sock"
    os.environ["DOCKER_HOST"] = f"unix://{socket}"
    paths = ["--data-root", folder / "data", "--exec-root", folder / "exec", "--pidfile", folder / "pid"]
    with (folder / "log").open("w") as log:
        daemon = subprocess.Popen(["dockerd", *paths, "--host", f"unix://{socket}"], stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while not answers():
            if daemon.poll() is not None or time.monotonic() > deadline:
                pytest.skip("docker: dockerd does not start here:\n" + (folder / "log").read_text()[-2000:])
            time.sleep(1)
        yield socket
    finally:
        daemon.terminate()
        daemon.wait(timeout=60)
        del os.environ["DOCKER_HOST"]
        # dockerd leaves its network namespace mounted.
        subprocess.run(["umount", folder / "exec" / "netns" / "default"], capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


def with_images(socket: Path) -> Docker:
    for _ in range(2):  # packages come over the network, which may have a bad moment; layers made are kept
        ended = subprocess.run(
            [ROOT / "containers" / "build.sh"],
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=os.environ | {"RXPRESS_ENGINE": "docker"},
        )
        if ended.returncode == 0:
            break
    assert ended.returncode == 0, ended.stdout
    return Docker(socket.stat().st_gid)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter and write to, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="rxpress-containers-"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)
