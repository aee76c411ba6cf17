"""fastp's report of any sample: counts as planted, damage never taken for counts, MultiQC's name of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties import few

from rxpress.errors import ToolError
from rxpress.fastp import PreparedReads, TrimOptions, count_kept, fastp_command
from rxpress.tables import read_json, read_yaml

ROOT = Path(__file__).resolve().parents[2]
NAME = read_json(ROOT / "assets" / "schema" / "samplesheet.schema.json")["properties"]["sample"]["pattern"]
# Ends that MultiQC cuts off names of samples unless it is told not to.
ENDS = [
    "",
    "_1",
    "_R1",
    ".fastq.gz",
    "_fastqc",
    "_trimmed",
    "_val_1",
    ".bam",
    ".json",
    "_S1_L001_R1_001",
    ".fastp",
]
PAGE = b"<!DOCTYPE html><html><body>\xc3\xa9</body></html>\n"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
SUMMARIES = JSON | st.fixed_dictionaries(
    {
        "before_filtering": JSON | st.fixed_dictionaries({"total_reads": JSON}),
        "after_filtering": JSON | st.fixed_dictionaries({"total_reads": JSON}),
    }
)


def report(folder: Path, value: Any, page: bytes = PAGE) -> bytes:
    """Write the two reports of sample S.1 as fastp does, tab-indented; the bytes of the JSON."""
    data = json.dumps(value, indent="\t").encode()
    folder.mkdir(exist_ok=True)
    (folder / "S.1.fastp.json").write_bytes(data)
    (folder / "S.1.fastp.html").write_bytes(page)
    return data


def summary(before: int, after: int, mates: int) -> dict[str, Any]:
    sides = {"before_filtering": before, "after_filtering": after}
    counts = {name: {"total_reads": n * mates, "total_bases": n * mates * 50} for name, n in sides.items()}
    return {"summary": {"fastp_version": "0.23.2", **counts}, "command": "fastp --title 'é'"}


def count(folder: Path, raw: int, mates: int, **options: Any) -> PreparedReads:
    found = PreparedReads(({"path": "a.fq"},), reads_raw=raw, reads=raw)
    return count_kept("S.1", [Path("a.fq")] * mates, found, TrimOptions(**options), folder)


@few
@given(st.integers(1, 10**10), st.data(), st.sampled_from([1, 2]), st.booleans())
def test_fragments_are_those_planted_and_none_left_is_told(
    tmp_path: Path, raw: int, data: st.DataObject, mates: int, untrimmed: bool
) -> None:
    kept = raw if untrimmed else data.draw(st.sampled_from([0, raw]) | st.integers(0, raw))
    report(tmp_path, summary(raw, kept, mates))
    found = count(tmp_path, raw, mates, skip_trimming=untrimmed)
    assert (found.reads_raw, found.reads, bool(found.reason)) == (raw, kept, kept == 0)
    assert found.inputs == ({"path": "a.fq"},)


@few
@given(st.integers(1, 1000), st.integers(0, 1000), st.sampled_from([1, 2]))
def test_a_part_of_the_reads_is_a_failure_unless_a_part_was_asked_for(
    tmp_path: Path, raw: int, seen: int, mates: int
) -> None:
    report(tmp_path, summary(seen, seen, mates))
    asked = count(tmp_path, raw, mates, extra_args=f"--reads_to_process {seen}")
    assert (asked.reads, bool(asked.reason)) == (seen, seen == 0)
    if seen == raw:
        assert count(tmp_path, raw, mates).reads == raw
    else:
        with pytest.raises(ToolError, match=rf"fastp read {seen:,} of {raw:,} reads of S\.1"):
            count(tmp_path, raw, mates)


@few
@given(st.data(), st.sampled_from(["json", "html"]), st.sampled_from(["cut", "zeros"]))
def test_reports_cut_short_or_with_a_hole_are_never_counted(
    tmp_path: Path, data: st.DataObject, which: str, damage: str
) -> None:
    written = report(tmp_path, summary(100, 90, 2))
    assert count(tmp_path, 100, 2).reads == 90
    whole = written if which == "json" else PAGE.rstrip()
    place = data.draw(st.integers(0, len(whole) - 1))
    end = len(whole) if which == "html" else data.draw(st.integers(place + 1, len(whole)))
    hole = b"" if damage == "cut" else bytes(end - place) + whole[end:]
    (tmp_path / f"S.1.fastp.{which}").write_bytes(whole[:place] + hole)
    with pytest.raises(ToolError, match=rf"fastp ended well but left .*S\.1\.fastp\.{which}"):
        count(tmp_path, 100, 2)
    (tmp_path / f"S.1.fastp.{which}").unlink()
    with pytest.raises(ToolError, match="is the disk full"):
        count(tmp_path, 100, 2)


@few
@given(JSON | st.fixed_dictionaries({"summary": SUMMARIES}))
def test_any_other_json_is_told_and_names_the_file(tmp_path: Path, value: Any) -> None:
    report(tmp_path, value)
    with pytest.raises(ToolError, match=r"S\.1"):
        count(tmp_path, 100_000, 1)


@pytest.mark.parametrize("counts", [None, {}, {"total_reads": "100"}])
def test_a_report_without_counts_is_told(tmp_path: Path, counts: object) -> None:
    report(tmp_path, {"summary": {"before_filtering": counts, "after_filtering": counts}})
    with pytest.raises(ToolError, match=r"S\.1\.fastp\.json without its counts of reads"):
        count(tmp_path, 100, 1)


@few
@given(st.from_regex(NAME, fullmatch=True).map(str.strip), st.sampled_from(ENDS), st.sampled_from([1, 2]))
def test_multiqc_calls_a_sample_as_the_sheet_does(tmp_path: Path, stem: str, end: str, mates: int) -> None:
    multiqc = pytest.importorskip("multiqc", reason="scripts/setup.sh report installs MultiQC: NOT tested")
    sample = stem + end
    command = fastp_command(
        sample, [Path(f"{sample}_{i + 1}") for i in range(mates)], [], TrimOptions(), tmp_path
    )
    written = Path(command[command.index("--json") + 1])
    asked = read_yaml(ROOT / "assets" / "multiqc_config.yml")
    with pytest.MonkeyPatch.context() as patch:
        for key in (name for name in asked if name.startswith(("fn_clean", "sample_names", "use_filename"))):
            patch.setattr(multiqc.config, key, asked[key])
        module = multiqc.BaseMultiqcModule(name="fastp", anchor="fastp")
        found = module.clean_s_name(
            "stdin", {"root": str(written.parent), "fn": written.name, "sp_key": "fastp"}
        )
    assert found == sample
