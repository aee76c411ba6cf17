"""CEL files of every version: planted values, the real arrays against affyio, and broken files."""

from __future__ import annotations

import contextlib
import gzip
from pathlib import Path

import numpy as np
import pytest
from made_arrays import CELS, CHIP, DEVIATIONS, MEANS, PIXELS, damaged, digest, golden_digests, written

from rxpress.arrays.cel import cel_facts, read_cel, scan_date
from rxpress.errors import InputError


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("form", CELS)
def test_every_version_gives_the_planted_values_whatever_the_name(
    tmp_path: Path, form: str, packed: bool
) -> None:
    data = CELS[form]
    cel = read_cel(written(tmp_path / "a.CEL", gzip.compress(data) if packed else data))
    assert (cel.chip, cel.rows, cel.columns) == (CHIP, 3, 4)
    assert scan_date(cel.header) == "2004-03-15 11:20:33"
    np.testing.assert_array_equal(cel.intensities, MEANS)
    np.testing.assert_array_equal(cel.standard_deviations, DEVIATIONS)
    np.testing.assert_array_equal(cel.pixels, PIXELS)
    assert cel.masks.tolist() == [1]
    assert cel.outliers.tolist() == [4, 11]


@pytest.mark.parametrize("form", CELS)
def test_a_truncated_file_is_named(tmp_path: Path, form: str) -> None:
    data = CELS[form].rstrip()
    for size in range(0, len(data) - 2, 64):
        with pytest.raises(InputError, match=r"short\.CEL"):
            read_cel(written(tmp_path / "short.CEL", data[:size]))
    with pytest.raises(InputError, match=r"short\.CEL"):
        read_cel(written(tmp_path / "short.CEL", gzip.compress(data)[:-20]))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("form", CELS)
def test_the_beginning_of_a_file_tells_its_chip_and_what_is_cut(form: str, packed: bool) -> None:
    data = gzip.compress(CELS[form]) if packed else CELS[form]
    facts = cel_facts(data[:4096], whole=False, size=len(data))
    assert (facts.chip, facts.rows, facts.columns) == (CHIP, 3, 4)
    if form == "v4" and not packed:
        assert facts.expected_size == len(data)
        with pytest.raises(ValueError, match=rf"truncated: it has {len(data) - 1} of {len(data)} bytes"):
            cel_facts(data[:-1], whole=True, size=len(data) - 1)
    with pytest.raises(ValueError, match="ends within its header"):
        cel_facts(data[:20], whole=True, size=20)


def test_what_is_no_array_is_told_from_its_beginning() -> None:
    for head, reason in (
        (b"", "is empty"),
        (b"<html>", "is not a CEL"),
        (b"\x1f\x8b???????????", "damaged gzip"),
    ):
        with pytest.raises(ValueError, match=reason):
            cel_facts(head, whole=True, size=len(head))


@pytest.mark.real
def test_the_beginning_of_real_arrays_tells_their_chip(real_data: Path) -> None:
    for path in sorted((real_data / "arrays_test3").glob("*.CEL*")):
        data = path.read_bytes()
        facts = cel_facts(data[:4096], whole=False, size=len(data))
        assert (facts.chip, facts.rows, facts.columns) == ("Test3", 126, 126)
        assert facts.expected_size == {"v4": len(data), "calvin": 126 * 126 * 10}.get(path.name.split(".")[1])


@pytest.mark.parametrize("form", CELS)
def test_flipped_bits_end_in_a_result_or_a_named_error(tmp_path: Path, form: str) -> None:
    data, path = CELS[form], tmp_path / "flipped.CEL"
    for seed in range(2000):
        with contextlib.suppress(InputError):
            assert len(read_cel(written(path, damaged(data, seed))).intensities) < 1000


@pytest.mark.real
def test_the_real_array_is_the_same_in_all_versions_and_as_affyio_reads_it(real_data: Path) -> None:
    folder, golden = real_data / "arrays_test3", golden_digests()
    for array, forms in {
        "Test3-1": ["ascii.CEL.gz", "calvin.CEL", "v4.CEL"],
        "Test3-2": ["ascii.CEL.gz"],
    }.items():
        for form in forms:
            cel = read_cel(folder / f"{array}.{form}")
            assert cel.chip == "Test3"
            assert str(scan_date(cel.header)).startswith("2001-08-16 17:")
            assert digest(cel.intensities.astype("<f4")) == golden[f"{array} mean"]
            assert digest(cel.standard_deviations.astype("<f4")) == golden[f"{array} sd"]
            assert digest(cel.pixels.astype("<i2")) == golden[f"{array} pixels"]


@pytest.mark.real
def test_the_real_outliers_are_kept(real_data: Path) -> None:
    """Of the text and the Calvin file; the rewritten version 4 file holds zeros instead."""
    for form in ("ascii.CEL.gz", "calvin.CEL"):
        outliers = read_cel(real_data / "arrays_test3" / f"Test3-1.{form}").outliers
        assert {72 + 126 * 12, 4 + 126 * 78} <= set(outliers.tolist())
        assert len(outliers) == 5
