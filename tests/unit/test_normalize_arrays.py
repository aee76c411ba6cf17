"""CEL files of a study become expression, calls and the quality of arrays: by command, as users run it."""

from __future__ import annotations

import contextlib
import gzip
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from array_files import Scan, cel_v4
from array_fuzzing import probe_table
from made_array_study import ArrayStudy, Faults, write_array_study
from made_arrays import CDFS, CELS

import normalize_arrays
from rxpress.arrays.cdf import Cdf, read_cdf
from rxpress.arrays.cel import read_cel
from rxpress.deseq.multiple_testing import benjamini_hochberg
from rxpress.errors import run_command
from rxpress.limma import fit_linear_model, moderate
from rxpress.tables import read_json, read_matrix, read_table

SAMPLES = ("c1", "c2", "c3", "t1", "t2", "t3")
TREATED = np.array([0, 0, 0, 1, 1, 1])
PROBESETS = 400
NAMES = [f"{200000 + i}_at" for i in range(PROBESETS)]
UP, DOWN, FOLD = slice(0, 20), slice(20, 40), 1.5


def planted() -> np.ndarray:
    """Log2 expression (probesets, samples): 20 well expressed probesets go up by 1.5, and 20 down."""
    random = np.random.default_rng(3)
    level, effect = random.uniform(2, 11, PROBESETS), np.zeros(PROBESETS)
    level[:40] = random.uniform(8, 11, 40)
    effect[UP], effect[DOWN] = FOLD, -FOLD
    return level[:, None] + effect[:, None] * TREATED + random.normal(0, 0.15, (PROBESETS, len(SAMPLES)))


def write(folder: Path, **options: object) -> ArrayStudy:
    return write_array_study(folder, planted(), NAMES, SAMPLES, **options)  # type: ignore[arg-type]


def run(outdir: Path, cels: Sequence[Path], names: Sequence[str], *options: object) -> tuple[int, str]:
    """Exit status and errors of the command; samples.tsv has `names` in reverse: its order is to be kept."""
    outdir.mkdir(parents=True, exist_ok=True)
    sheet = outdir / "samples.tsv"
    sheet.write_text("\n".join(["sample", *reversed(names)]) + "\n")
    words = ["--cel", *cels, "--names", *names, "--samples", sheet, "--outdir", outdir / "out", *options]
    errors = io.StringIO()
    with mock.patch.object(sys, "argv", ["", *map(str, words)]), contextlib.redirect_stderr(errors):
        try:
            run_command(normalize_arrays.main)
        except SystemExit as end:
            return int(end.code or 0), errors.getvalue()
    return 0, errors.getvalue()


def normalized(outdir: Path, study: ArrayStudy, *options: object) -> Path:
    options = options or ("--cdf", study.cdf)
    assert run(outdir, study.cels, SAMPLES, *options) == (0, "")
    return outdir / "out"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> ArrayStudy:
    return write(tmp_path_factory.mktemp("made"))


@pytest.mark.parametrize("method", ["rma", "mas5"])
def test_planted_effects_are_found_in_genes(tmp_path: Path, study: ArrayStudy, method: str) -> None:
    options = ("--cdf", study.cdf.parent, "--probe_annotation", study.annotation, "--array_method", method)
    out = normalized(tmp_path, study, *options)
    matrix = read_matrix(out / "gene_expression.tsv")
    assert matrix.samples == [*reversed(SAMPLES)]
    row = {str(name): i for i, name in enumerate(matrix.gene_names)}
    assert len(row) == len(matrix.gene_names) == PROBESETS * 39 / 40, "those of two genes should be dropped"
    expression = matrix.select(SAMPLES).values
    fit = moderate(fit_linear_model(expression, np.column_stack([np.ones(6), TREATED])))
    estimate, p = fit.estimate[:, 1], benjamini_hochberg(fit.p_value[:, 1])
    effects = {i: FOLD if i < UP.stop else -FOLD for i in range(DOWN.stop) if i % 40 != 20}
    rows = [row[f"MADE{i}"] for i in effects]
    assert set(np.flatnonzero((p < 0.05) & (np.abs(estimate) > 1))) == set(rows)
    assert np.abs(estimate[rows] - list(effects.values())).max() < 0.5
    assert set(read_table(out / "arrays" / "densities.tsv")["stage"]) == {"before", "after"}
    facts = read_json(out / "arrays" / "arrays.json")
    told = {"source": "cel", "chip": "Made-U1", "cdf": "Made-U1.cdf", "method": method, "arrays": 6}
    assert told.items() <= facts.items()
    assert facts["annotation"]["ambiguous_dropped"] == PROBESETS // 40


def test_the_same_arrays_in_any_form_give_identical_tables(tmp_path: Path, study: ArrayStudy) -> None:
    first = normalized(tmp_path / "v4", study)
    others = write(tmp_path, forms=("v3", "calvin"), gzipped=("c1", "t3"), cdf_form="text")
    cdf = read_cdf(study.cdf)
    table = tmp_path / "probes.tsv.gz"
    table.write_bytes(gzip.compress(probe_table(cdf).encode()))
    for source in (("--cdf", others.cdf), ("--probes", table)):
        second = normalized(tmp_path / source[0], others, *source)
        for name in ("probeset_expression", "gene_expression", "detection_calls", "arrays/densities"):
            assert (first / f"{name}.tsv").read_bytes() == (second / f"{name}.tsv").read_bytes()


def test_arrays_are_told_by_what_is_wrong_with_them(tmp_path: Path) -> None:
    faults = Faults(degraded={"c2": 1.2}, noisy={"t1": 0.8}, dim={"t3": 0.2})
    out = normalized(tmp_path, write(tmp_path, faults=faults))
    table = read_table(out / "arrays" / "quality.tsv", text=["flagged"]).set_index("sample")
    assert table.index.tolist() == [*reversed(SAMPLES)]
    assert table["file"].tolist() == [f"{sample}.CEL" for sample in reversed(SAMPLES)]
    assert set(table["scan_date"]) == {"2004-03-15 11:20:33"}
    assert (table["masked_cells"] == 1).all()
    assert (table["outlier_cells"] == 2).all()
    assert table["actb_3_5_ratio"].idxmax() == table["gapdh_3_5_ratio"].idxmax() == "c2"
    assert np.log2(table["actb_3_5_ratio"]["c2"]) == pytest.approx(2.4, abs=0.6)
    assert table["nuse_median"].idxmax() == "t1"
    assert table["scale_factor"]["t3"] == pytest.approx(5 * table["scale_factor"]["c1"], rel=0.3)
    assert table["mean_background"]["t3"] == pytest.approx(0.2 * table["mean_background"]["c1"], rel=0.2)
    assert table.index[table["flagged"] == "true"].tolist() == ["t3", "t1", "c2"]


def test_a_chip_without_mismatches_has_no_calls(tmp_path: Path) -> None:
    study = write(tmp_path, mismatches=False)
    out = normalized(tmp_path, study)
    assert not (out / "detection_calls.tsv").exists()
    quality = read_table(out / "arrays" / "quality.tsv")
    assert not {"scale_factor", "percent_present", "mean_background"} & set(quality)
    note = "There are no detection calls: the chip has probes without mismatches."
    assert read_json(out / "arrays" / "arrays.json")["notes"][0] == note
    status, errors = run(tmp_path, study.cels, SAMPLES, "--cdf", study.cdf, "--array_method", "mas5")
    assert status == 2
    assert "Made-U1.cdf: is not for MAS5: the chip has probes without mismatches" in errors


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path, study: ArrayStudy) -> None:
    short, other = tmp_path / "short.CEL", tmp_path / "other.CEL"
    short.write_bytes(study.cels[0].read_bytes()[:5000])
    other.write_bytes(CELS["v4"])
    status, errors = run(tmp_path, [short, study.cels[1], other], "abc", "--cdf", study.cdf)
    assert status == 2
    assert len(errors.splitlines()) == 2
    assert "short.CEL: truncated or corrupt at byte" in errors
    assert "other.CEL: is of the chip 'Made-1' (4 × 3 cells), but" in errors
    assert "is of 'Made-U1'" in errors


def test_mixed_chips_are_refused_by_a_probe_table_too(tmp_path: Path, study: ArrayStudy) -> None:
    other, table = tmp_path / "other.CEL", tmp_path / "probes.tsv"
    other.write_bytes(CELS["v4"])
    table.write_text(probe_table(read_cdf(study.cdf)))
    status, errors = run(tmp_path, [study.cels[0], other], "ab", "--probes", table)
    assert status == 2
    assert "c1.CEL: is of the chip 'Made-U1'" in errors
    assert "other.CEL is of 'Made-1'" in errors


def test_names_must_be_those_of_the_samples(tmp_path: Path, study: ArrayStudy) -> None:
    status, errors = run(tmp_path, study.cels[:2], "abc", "--cdf", study.cdf)
    assert status == 2
    assert "--names" in errors


def test_arrays_that_cannot_be_normalised_are_named(tmp_path: Path) -> None:
    study = write(tmp_path, mismatches=False)
    for cel in study.cels[:2]:
        array = read_cel(cel)
        cells = array.rows * array.columns
        flat = Scan("Made-U1", array.columns, array.rows, np.full(cells, 7), np.ones(cells), array.pixels)
        cel.write_bytes(cel_v4(flat))
    status, errors = run(tmp_path, study.cels, SAMPLES, "--cdf", study.cdf)
    assert status == 2
    assert [line.split(": ")[1].split("/")[-1] for line in errors.splitlines()] == ["c2.CEL", "c1.CEL"]
    assert "too few intensities on one side of their mode to estimate a background" in errors


def test_a_chip_too_small_for_mas5_is_named(tmp_path: Path) -> None:
    cel, cdf = tmp_path / "one.CEL", tmp_path / "Made-1.cdf"
    cel.write_bytes(CELS["v4"])
    cdf.write_bytes(CDFS["xda"])
    status, errors = run(tmp_path, [cel], ["one"], "--cdf", cdf, "--array_method", "mas5")
    assert status == 2
    assert "Made-1.cdf: is not for MAS5: zone 1 of 16 has 0 probes, too few for a background" in errors


@pytest.mark.real
@pytest.mark.parametrize("method", ["rma", "mas5"])
def test_real_arrays_are_as_affy_has_them(
    tmp_path: Path, real_data: Path, affy_on_real_arrays: Path, method: str
) -> None:
    """The first array in each of its forms. R takes text as doubles; binary forms hold floats, as we do."""
    source = real_data / "arrays_test3"
    golden, cdf = affy_on_real_arrays, source / "Test3.xda.CDF"
    theirs = read_table(golden / f"{method}.tsv.gz").to_numpy(float)
    theirs, tolerance = (theirs, 1e-6) if method == "rma" else (np.log2(theirs), np.log2(1 + 1e-4))
    theirs_calls = read_table(golden / "calls.tsv.gz").to_numpy(str)
    probes = read_table(golden / "probes.tsv.gz")
    layout = read_cdf(cdf)
    ours_of_theirs = affy_rows(layout, probes)
    for form in ("ascii.CEL.gz", "calvin.CEL", "v4.CEL"):
        cels = [source / f"Test3-1.{form}", source / "Test3-2.ascii.CEL.gz"]
        options = ("--cdf", cdf, "--array_method", method)
        assert run(tmp_path / form, cels, ["one", "two"], *options) == (0, "")
        out = tmp_path / form / "out"
        matrix = read_matrix(out / "probeset_expression.tsv").select(["one", "two"])
        assert matrix.gene_ids.tolist() == list(layout.names)
        assert np.abs(matrix.values[ours_of_theirs] - theirs).max() < tolerance
        calls = read_table(out / "detection_calls.tsv")[["one", "two"]].to_numpy(str)
        assert np.array_equal(calls[ours_of_theirs], theirs_calls)


def affy_rows(cdf: Cdf, probes: pd.DataFrame) -> list[int]:
    """Our row of each of affy's probesets, which it numbers: the one of the same cells."""
    parts = np.split(cdf.pm, cdf.offsets[1:-1])
    row = {tuple(sorted(part.tolist())): i for i, part in enumerate(parts)}
    assert len(row) == len(parts)
    return [row[tuple(sorted(cells))] for _, cells in probes.groupby("probeset")["pm_cell"]]
