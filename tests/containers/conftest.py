"""A Docker daemon, the images built in it, and a user whom no image knows."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from machine import need_programs, wait_until
from pipeline.conftest import ROOT

STRANGER = 64321
PROGRAMS = ("salmon", "fastp", "fastqc", "gffread")
PACKAGES = ("docker.io", "containerd", "iptables", "debootstrap")


@dataclass(frozen=True)
class Docker:
    """An engine that answers, with the images in it. `group` may speak to it."""

    group: int

    def image(self, name: str) -> str:
        return next(image for image in image_names() if image.startswith(f"rxpress/{name}:"))

    def run(self, name: str, *command: str) -> str:
        """What a command in an image prints, run as a stranger without network."""
        options = ["--rm", "--network=none", "--user", f"{STRANGER}:{STRANGER}"]
        return printed("docker", "run", *options, self.image(name), *command)

    def inspect(self, name: str, template: str) -> str:
        return printed("docker", "image", "inspect", "--format", template, self.image(name)).strip()


def image_names() -> list[str]:
    """The images that the pipeline asks for."""
    return re.findall(r"rxpress/[a-z]+:[\d.]+", (ROOT / "conf" / "containers.config").read_text())


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
    need_programs("docker", ("dockerd",), PACKAGES)
    with own_daemon() as socket:
        os.environ["DOCKER_HOST"] = f"unix://{socket}"
        try:
            yield with_images(socket)
        finally:
            del os.environ["DOCKER_HOST"]


def answers(*host: str) -> bool:
    asked = ["docker", *host, "info"]
    return bool(shutil.which("docker")) and not subprocess.run(asked, capture_output=True).returncode


@contextmanager
def own_daemon(before: tuple[str, ...] = (), options: tuple[str, ...] = ()) -> Iterator[Path]:
    """The socket of a dockerd with a data folder of its own, ended and removed afterwards.

    `before` are words that run it, such as those that take its network away; `options` are its own.
    """
    folder = Path(tempfile.mkdtemp(prefix="rxpress-docker-"))
    folder.chmod(0o755)
    socket = folder / "docker.sock"
    paths = ["--data-root", folder / "data", "--exec-root", folder / "exec", "--pidfile", folder / "pid"]
    command = [*before, "dockerd", *options, *paths, "--host", f"unix://{socket}"]
    with (folder / "log").open("w") as log:
        daemon = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        wait_until(lambda: answers("--host", f"unix://{socket}") or daemon.poll() is not None, 60)
        if not answers("--host", f"unix://{socket}"):
            pytest.skip("docker: dockerd does not start here:\n" + (folder / "log").read_text()[-2000:])
        yield socket
    finally:
        daemon.terminate()
        daemon.wait(timeout=60)
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


@pytest.fixture(scope="session")
def image_archives(docker: Docker, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """What `docker save` writes of each image."""
    folder = tmp_path_factory.mktemp("archives")
    archives = [folder / f"{image.replace('/', '-').replace(':', '-')}.tar" for image in image_names()]
    for image, archive in zip(image_names(), archives, strict=True):
        printed("docker", "save", "--output", str(archive), image)
    return archives


@dataclass(frozen=True)
class Podman:
    """podman with the images in a store of its own, for processes that have these variables."""

    env: dict[str, str]


# What root may not do everywhere is left out: raising limits, and networks that need plugins of their own.
PODMAN_CONF = """
[engine]
runtime = "{runtime}"
cgroup_manager = "cgroupfs"
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
netns = "host"
"""
PODMAN_STORAGE = """
[storage]
driver = "overlay"
graphroot = "{folder}/root"
runroot = "{folder}/run"
"""


@pytest.fixture(scope="session")
def podman(image_archives: list[Path]) -> Iterator[Podman]:
    """podman of root, with the images that Docker built, in a store that is removed afterwards."""
    if os.geteuid() != 0:
        pytest.skip("podman: its store of the test is root's")
    need_programs("podman", ("podman",), ("podman", "runc"))
    folder = Path(tempfile.mkdtemp(prefix="rxpress-podman-"))
    runtime = next(name for name in ("runc", "crun") if shutil.which(name))
    (folder / "containers.conf").write_text(PODMAN_CONF.format(runtime=runtime))
    (folder / "storage.conf").write_text(PODMAN_STORAGE.format(folder=folder))
    env = {
        "CONTAINERS_CONF": str(folder / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
    }
    try:
        for archive in image_archives:
            loaded = subprocess.run(
                ["podman", "load", "--quiet", "--input", archive],
                env=os.environ | env,
                capture_output=True,
                text=True,
            )
            assert loaded.returncode == 0, loaded.stderr
        yield Podman(env)
    finally:
        subprocess.run(["umount", folder / "root" / "overlay"], capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def bare_path(open_folder: Path) -> str:
    """A PATH with all programs of this machine but those that the demo needs and images can stand in for."""
    folder = open_folder / "bin"
    folder.mkdir()
    for place in os.environ["PATH"].split(":"):
        for program in (
            Path(place).glob("*") if place and ROOT not in (Path(place), *Path(place).parents) else ()
        ):
            if program.name not in PROGRAMS and not (folder / program.name).is_symlink():
                (folder / program.name).symlink_to(program)
    return str(folder)
