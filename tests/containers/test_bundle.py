"""The bundle on a machine with neither a network nor the programs: `make demo` runs from it all the same."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from pipeline.conftest import ROOT, Run

from .conftest import PROGRAMS, STRANGER, Docker, own_daemon

pytestmark = pytest.mark.engines

NO_NETWORK = ("unshare", "--net")  # a namespace in which there is no interface but lo, and lo is down


def printed(command: list[str], **more: object) -> str:
    """What a command prints, that must succeed."""
    ended = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more)
    assert ended.returncode == 0, ended.stdout
    return str(ended.stdout)


def unpack(target: Path, *options: str) -> Path:
    """The pipeline's folder as a bundle has it that is written to `target`, STRANGER's own."""
    if os.geteuid() != 0:
        pytest.skip("bundle: only root can take the network away")
    said = printed([str(ROOT / "scripts" / "bundle.sh"), *options, str(target)])
    (archive,) = target.glob("*.tar")
    assert f"bundle: {archive}: {archive.stat().st_size // 1000000} MB" in said
    printed(["tar", "-xf", str(archive), "-C", str(target)])
    archive.unlink()
    (folder,) = target.glob("rxpress-*")
    for path in (folder, *folder.rglob("*")):
        os.chown(path, STRANGER, STRANGER, follow_symlinks=False)
    return folder


def on_a_bare_machine(folder: Path, path: str) -> dict[str, str]:
    """Variables of a user of the bundle in `folder`, with the programs of this PATH and no other."""
    hidden = ("VIRTUAL_ENV", "MAKEFLAGS", "MAKELEVEL", "PIP_FIND_LINKS")
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    return kept | {"PATH": path, "HOME": str(folder), "TMPDIR": str(folder.parent)}


def test_demo_runs_from_the_bundle_without_a_network(
    docker: Docker, open_folder: Path, bare_path: str, assert_is_the_demo: Callable[[Run], None]
) -> None:
    unpacked = unpack(open_folder)
    env = on_a_bare_machine(unpacked, bare_path)
    with own_daemon(NO_NETWORK, ("--bridge=none", "--iptables=false")) as socket:
        env["DOCKER_HOST"] = f"unix://{socket}"
        user = ["setpriv", f"--reuid={STRANGER}", f"--regid={socket.stat().st_gid}", "--clear-groups"]
        interfaces = printed([*NO_NETWORK, *user, "cat", "/proc/net/dev"]).splitlines()[2:]
        assert [line.split(":")[0].strip() for line in interfaces] == ["lo"]
        said = printed([*NO_NETWORK, *user, "make", "demo"], cwd=unpacked, env=env)
    assert "steps run in images, by docker" in said
    results = unpacked / "results" / "demo"
    report = results / "report" / "rxpress_report.html"
    assert f"The report: {report}" in said
    assert "MM.1S_bortezomib_3" in report.read_text()
    assert_is_the_demo(Run(0, said, results))
    launched = [path.read_text() for path in (unpacked / "work" / "demo").rglob(".command.run")]
    assert launched
    assert all("docker run" in script for script in launched)
    shutil.rmtree(unpacked)


def test_without_images_it_is_for_machines_that_have_the_programs(open_folder: Path) -> None:
    missing = [program for program in PROGRAMS if not shutil.which(program)]
    if missing:
        pytest.skip(f"bundle without images: no {', '.join(missing)}")
    unpacked = unpack(open_folder, "--without-images")
    assert not (unpacked / ".tools" / "images").exists()
    own = [
        place for place in os.environ["PATH"].split(":") if ROOT not in (Path(place), *Path(place).parents)
    ]
    env = on_a_bare_machine(unpacked, ":".join(own))
    user = [*NO_NETWORK, "setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}", "--clear-groups"]
    said = printed([*user, "scripts/setup.sh"], cwd=unpacked, env=env)
    assert said.endswith("setup: ready\n")
    assert (unpacked / ".tools" / "profile").read_text() == "standard\n"
    env["PATH"] = f"{unpacked}/.venv/bin:{env['PATH']}:{unpacked}/launcher"
    stub = ["nextflow", "-q", "run", ".", "-profile", "test", "-stub-run"]
    printed([*user, *stub], cwd=unpacked, env=env)
    assert (unpacked / "results" / "report" / "rxpress_report.html").exists()
