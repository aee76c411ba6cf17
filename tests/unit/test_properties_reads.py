"""Reads, counts and accounts of files: what goes in comes out, whatever the lanes and orders."""

from __future__ import annotations

import gzip
import hashlib
import tempfile
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from alignment_files import record, write_bam
from hypothesis import given
from hypothesis import strategies as st
from properties import few, generators, numbers

from rxpress.alignments.bam import open_bam
from rxpress.alignments.tally import tell_kinds
from rxpress.design.gates import Gates, read_reasons, sheet_reasons
from rxpress.dose_response.labels import LineIc50, label_by_gap, label_by_threshold
from rxpress.gene_index import index_genes
from rxpress.h5ad import write_h5ad
from rxpress.provenance import FileRecord, file_records, hash_file
from rxpress.reads import (
    BrokenReadsError,
    check_sample,
    copy_first_reads,
    examine_fastq,
    join_lanes,
    mate_names_agree,
)
from rxpress.study_quants import read_study
from rxpress.tables import write_records
from rxpress.verification import verify_outputs

NAMES = st.text("abcXYZ019:_", min_size=1, max_size=8)
READS = st.lists(st.tuples(NAMES, st.text("ACGTN", min_size=1, max_size=12)), min_size=1, max_size=6)


def fastq(reads: list[tuple[str, str]]) -> bytes:
    return "".join(f"@{name}\n{bases}\n+\n{'I' * len(bases)}\n" for name, bases in reads).encode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def anew(folder: Path) -> Path:
    return Path(tempfile.mkdtemp(dir=folder))


@few
@given(st.lists(READS, min_size=1, max_size=3), st.lists(st.booleans(), min_size=3, max_size=3))
def test_joined_lanes_hold_every_read_once_and_in_order(
    folder: Path, lanes: list[list[tuple[str, str]]], zipped: list[bool]
) -> None:
    here = anew(folder)
    files = []
    for i, lane in enumerate(lanes):
        path = here / f"lane{i}"
        path.write_bytes(gzip.compress(fastq(lane)) if zipped[i] else fastq(lane))
        files.append(examine_fastq(path))
        assert (files[-1].fault, files[-1].reads, files[-1].gzipped) == ("", len(lane), zipped[i])
        assert files[-1].sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    reads = [read for lane in lanes for read in lane]
    assert check_sample([files]) == len(reads)
    joined = join_lanes(files, here / "sample_1")
    data = joined.read_bytes()
    text = gzip.decompress(data) if joined.suffix == ".gz" else data
    assert text == fastq(reads)
    copy_first_reads(joined, here / "first.fq", 2)
    assert (here / "first.fq").read_bytes() == fastq(reads[:2])


@few
@given(READS, st.integers(1, 3), st.booleans())
def test_mates_are_a_pair_only_if_they_are_as_many(
    folder: Path, reads: list[tuple[str, str]], more: int, shorter_first: bool
) -> None:
    here, mates = anew(folder), []
    for mate in (1, 2):
        (here / f"{mate}.fq").write_bytes(fastq([(f"{name}/{mate}", bases) for name, bases in reads]))
        mates.append([examine_fastq(here / f"{mate}.fq")])
    assert check_sample(mates) == len(reads)
    (here / "longer.fq").write_bytes(fastq([*reads, *reads[:1] * more]))
    longer = [examine_fastq(here / "longer.fq")]
    with pytest.raises(BrokenReadsError):
        check_sample([mates[0], longer] if shorter_first else [longer, mates[1]])


@few
@given(NAMES, NAMES, st.sampled_from("/._"))
def test_names_of_mates_agree_but_for_the_number_of_the_mate(one: str, other: str, mark: str) -> None:
    name, second = one.encode(), other.encode()
    assert mate_names_agree(name, name)
    assert mate_names_agree(name + mark.encode() + b"1", name + mark.encode() + b"2")
    assert mate_names_agree(b"r" + name, b"s" + second) is False


@few
@given(generators(), st.integers(2, 4))
def test_counts_of_a_study_are_those_of_its_folders_whatever_their_order(
    folder: Path, generator: np.random.Generator, samples: int
) -> None:
    here, values = anew(folder), {}
    ids = np.array([f"T{i}" for i in range(6)])
    for sample in (f"s{i}" for i in range(samples)):
        counts, order = generator.integers(1, 1000, 6), generator.permutation(6)
        rows = [(ids[i], 100, 50.5, 1.5, int(counts[i])) for i in order]
        write_records(
            ("Name", "Length", "EffectiveLength", "TPM", "NumReads"), rows, here / sample / "quant.sf"
        )
        values[sample] = dict(zip(ids, counts, strict=True))
    study = read_study({sample: here / sample for sample in values})
    found = study.transcript_ids.to_pylist()
    for j, own in enumerate(values.values()):
        assert dict(zip(found, study.estimates.counts[:, j], strict=True)) == own


@few
@given(generators(), st.booleans())
def test_genes_of_transcripts_are_those_of_the_table_in_any_order(
    folder: Path, generator: np.random.Generator, versioned: bool
) -> None:
    gene_of = {f"TX{i}": f"G{int(generator.integers(5))}" for i in range(20)}
    rows = [(name, gene, f"N{gene}") for name, gene in gene_of.items()]
    table = anew(folder) / "tx2gene.tsv"
    write_records(("transcript", "gene", "name"), [rows[i] for i in generator.permutation(20)], table)
    asked = [list(gene_of)[i] for i in generator.permutation(20)]
    found = index_genes(pa.array([f"{name}.3" if versioned else name for name in asked]), table)
    assert [str(found.ids[i]) for i in found.gene] == [gene_of[name] for name in asked]
    assert [str(found.names[i]) for i in found.gene] == [f"N{gene_of[name]}" for name in asked]


FLAGS = st.lists(st.tuples(st.booleans(), *[st.booleans()] * 3), min_size=1, max_size=12)


@few
@given(FLAGS)
def test_fragments_are_counted_once_by_their_records(
    folder: Path, fragments: list[tuple[bool, bool, bool, bool]]
) -> None:
    """paired, first mapped, second mapped, and a secondary record beside them: brute force by fragment."""
    records, mapped, unmapped = [], 0, 0
    for i, (paired, first, second, again) in enumerate(fragments):
        mates = ((64, first, second), (128, second, first)) if paired else ((0, first, True),)
        for bit, here, other in mates:
            flag = bit + paired + (4 if not here else 0) + (8 if paired and not other else 0)
            place = None if here or not (paired and other) else ("1", 100)
            records.append(record(f"f{i}", flag, sequence="1" if here else None, mate=place))
        if again and first:
            records.append(record(f"f{i}", 256 + (65 if paired else 0)))
        any_mapped = first or (paired and second)
        mapped, unmapped = mapped + any_mapped, unmapped + (not any_mapped)
    path = write_bam(anew(folder) / "a.bam", records)
    kinds = [tell_kinds(block) for block in open_bam(path).blocks()]
    assert sum(int(k.fragment.sum()) for k in kinds) == mapped
    assert sum(int(k.unmapped_fragment.sum()) for k in kinds) == unmapped


@few
@given(generators(), st.integers(1, 4))
def test_anndata_holds_the_matrix_its_layers_and_its_labels(
    folder: Path, generator: np.random.Generator, samples: int
) -> None:
    matrix = generator.normal(size=(samples, 5))
    obs = pd.DataFrame({"line": ["a"] * samples, "dose": np.arange(samples, dtype=float)})
    obs.index = pd.Index([f"s{i}" for i in range(samples)])
    var = pd.DataFrame({"gene_name": [f"N{i}" for i in range(5)]}, index=[f"G{i}" for i in range(5)])
    path = anew(folder) / "a.h5ad"
    write_h5ad(path, matrix, {"counts": 2 * matrix}, obs, var)
    with h5py.File(path) as file:
        np.testing.assert_allclose(file["X"][:], matrix, rtol=1e-6)
        np.testing.assert_allclose(file["layers/counts"][:], 2 * matrix, rtol=1e-6)
        assert [name.decode() for name in file["obs/_index"][:]] == list(obs.index)
        assert [name.decode() for name in file["var/_index"][:]] == list(var.index)


@few
@given(st.dictionaries(NAMES, st.binary(max_size=30), min_size=1, max_size=5), st.data())
def test_a_manifest_tells_every_file_that_changed_went_or_came(
    folder: Path, contents: dict[str, bytes], data: st.DataObject
) -> None:
    here = anew(folder)
    for name, content in contents.items():
        (here / f"f{name}").write_bytes(content)
        assert hash_file(here / f"f{name}") == hashlib.sha256(content).hexdigest()
    records = [FileRecord("output", r.path, r.size, r.sha256) for r in file_records(here, ".")]
    assert verify_outputs(here, records) == []
    chosen = f"f{data.draw(st.sampled_from(sorted(contents)))}"
    (here / chosen).write_bytes(contents[chosen[1:]] + b"!")
    assert [difference.path for difference in verify_outputs(here, records)] == [chosen]
    (here / chosen).unlink()
    assert [difference.path for difference in verify_outputs(here, records)] == [chosen]
    (here / "new").write_bytes(b"")
    assert {difference.path for difference in verify_outputs(here, records)} == {chosen, "new"}


@few
@given(numbers(0, 10), numbers(0, 1), numbers(0, 10), numbers(0, 1))
def test_gates_keep_what_reaches_them(
    rin: float, purity: float, least_rin: float, least_purity: float
) -> None:
    gates = Gates(min_rin=least_rin, min_purity=least_purity)
    expected = (rin < least_rin) + (purity < least_purity)
    assert len(sheet_reasons(rin, purity, gates)) == expected
    assert sheet_reasons(None, None, gates) == []
    status = {"passed": True, "reason": "", "reads": 100, "percent_mapped": 100 * purity}
    told = read_reasons(status, Gates(min_reads=10, min_mapped_percent=100 * least_purity))
    assert bool(told) == (100 * purity < 100 * least_purity)


def line(name: str, ic50: float, spread: float = 1.2) -> LineIc50:
    return LineIc50(name, ic50, ic50 / spread, ic50 * spread, False, False, f"{ic50:g}", ic50, 48.0)


@few
@given(st.lists(numbers(0.01, 1e4), min_size=1, max_size=6), numbers(0.01, 1e4))
def test_lines_are_sensitive_up_to_the_threshold(ic50s: list[float], threshold: float) -> None:
    verdicts, note = label_by_threshold([line(f"L{i}", ic50) for i, ic50 in enumerate(ic50s)], threshold)
    expected = ["sensitive" if ic50 <= threshold else "resistant" for ic50 in ic50s]
    assert [verdict.response for verdict in verdicts] == expected
    assert note == ""


@few
@given(generators(), st.integers(2, 4), st.integers(2, 4), numbers(0.1, 10))
def test_a_gap_parts_lines_whatever_the_unit_and_the_order(
    generator: np.random.Generator, low: int, high: int, unit: float
) -> None:
    ic50s = [*generator.uniform(1, 1.5, low), *generator.uniform(60, 90, high)]
    expected = ["sensitive"] * low + ["resistant"] * high
    order = generator.permutation(len(ic50s))
    verdicts, _ = label_by_gap([line(f"L{i}", unit * ic50s[i]) for i in order])
    assert [verdict.response for verdict in verdicts] == [expected[i] for i in order]
    alike, note = label_by_gap(
        [line(f"L{i}", value) for i, value in enumerate(generator.uniform(1, 1.5, low + high))]
    )
    assert {verdict.response for verdict in alike} == {None}
    assert note
