"""The bundle on a machine with neither a network nor the programs: `make demo` runs from it all the same."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from pipeline.conftest import ROOT

from .conftest import STRANGER, Docker, own_daemon

pytestmark = pytest.mark.engines

NO_NETWORK = ("unshare", "--net")  # a namespace in which there is no interface but lo, and lo is down


def printed(command: list[str], **more: object) -> str:
    """What a command prints, that must succeed."""
    ended = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more)
    assert ended.returncode == 0, ended.stdout
    return str(ended.stdout)


@pytest.fixture
def unpacked(docker: Docker, open_folder: Path) -> Path:
    """The pipeline's folder as the bundle has it, STRANGER's own."""
    if os.geteuid() != 0:
        pytest.skip("bundle: only root can take the network away")
    said = printed([str(ROOT / "scripts" / "bundle.sh"), str(open_folder)])
    (archive,) = open_folder.glob("*.tar")
    assert f"bundle: {archive}: {archive.stat().st_size // 1000000} MB" in said
    printed(["tar", "-xf", str(archive), "-C", str(open_folder)])
    archive.unlink()
    (folder,) = open_folder.glob("rxpress-*")
    for path in (folder, *folder.rglob("*")):
        os.chown(path, STRANGER, STRANGER, follow_symlinks=False)
    return folder


def test_demo_runs_from_the_bundle_without_a_network(
    unpacked: Path, open_folder: Path, bare_path: str
) -> None:
    hidden = ("VIRTUAL_ENV", "MAKEFLAGS", "MAKELEVEL", "PIP_FIND_LINKS")
    env = {name: value for name, value in os.environ.items() if name not in hidden}
    env |= {"PATH": bare_path, "HOME": str(unpacked), "TMPDIR": str(open_folder)}
    with own_daemon(NO_NETWORK, ("--bridge=none", "--iptables=false")) as socket:
        env["DOCKER_HOST"] = f"unix://{socket}"
        user = ["setpriv", f"--reuid={STRANGER}", f"--regid={socket.stat().st_gid}", "--clear-groups"]
        interfaces = printed([*NO_NETWORK, *user, "cat", "/proc/net/dev"]).splitlines()[2:]
        assert [line.split(":")[0].strip() for line in interfaces] == ["lo"]
        said = printed([*NO_NETWORK, *user, "make", "demo"], cwd=unpacked, env=env)
    assert "steps run in images, by docker" in said
    report = unpacked / "results" / "demo" / "report" / "rxpress_report.html"
    assert f"The report: {report}" in said
    assert "MM.1S_bortezomib_3" in report.read_text()
    assert (unpacked / "results/demo/differential/study/drug.bortezomib.MM.1S.tsv").stat().st_size
    launched = [path.read_text() for path in (unpacked / "work" / "demo").rglob(".command.run")]
    assert launched
    assert all("docker run" in script for script in launched)
    shutil.rmtree(unpacked)
