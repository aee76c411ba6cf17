"""CDF files and probe tables: planted probesets, the real chip against makecdfenv, broken files."""

from __future__ import annotations

import contextlib
import gzip
from pathlib import Path

import numpy as np
import pytest
from array_files import cdf_text, cel_v3, cel_v4
from made_arrays import (
    CDFS,
    CHIP,
    PROBESETS,
    damaged,
    digest,
    golden_digests,
    layout,
    scan,
    written,
)

from rxpress.arrays.cdf import Cdf, CdfFacts, cdf_facts, check_chip, find_cdf, read_cdf, read_probe_table
from rxpress.arrays.cel import read_cel
from rxpress.errors import InputError


def pairs(cdf: Cdf) -> list[tuple[str, list[tuple[int, int]]]]:
    both = list(zip(cdf.pm.tolist(), cdf.mm.tolist(), strict=True))
    return [(n, both[cdf.offsets[i] : cdf.offsets[i + 1]]) for i, n in enumerate(cdf.names)]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("form", CDFS)
def test_both_forms_give_the_planted_probesets(tmp_path: Path, form: str, packed: bool) -> None:
    data = CDFS[form]
    cdf = read_cdf(written(tmp_path / f"{CHIP}.cdf", gzip.compress(data) if packed else data))
    assert (cdf.chip, cdf.rows, cdf.columns) == (CHIP, 3, 4)
    assert pairs(cdf) == [(name, probes) for name, _, probes in PROBESETS]
    assert cdf.directions.tolist() == [1, 2]


def test_a_probe_table_gives_the_planted_probesets(tmp_path: Path) -> None:
    lines = ["x\ty\tprobeset\ttype"]
    for name, _, probes in PROBESETS:
        for k, kind in enumerate(("pm", "mm")):
            lines += [f"{p[k] % 4}\t{p[k] // 4}\t{name}\t{kind}" for p in probes]
    cdf = read_probe_table(written(tmp_path / "probes.tsv", "\n".join(lines).encode()), CHIP, 3, 4)
    assert pairs(cdf) == [(name, probes) for name, _, probes in PROBESETS]
    for wrong in ("9\t0\ta\tpm", "0\t0\ta\tqm", "-1\t0\ta\tpm", "0\t0"):
        with pytest.raises(InputError, match=r"probes\.tsv"):
            read_probe_table(written(tmp_path / "probes.tsv", f"{lines[0]}\n{wrong}\n".encode()), CHIP, 3, 4)


@pytest.mark.parametrize("form", CDFS)
def test_a_truncated_file_is_named(tmp_path: Path, form: str) -> None:
    data = CDFS[form].rstrip()
    for size in range(0, len(data) - 2, 64):
        with pytest.raises(InputError, match=r"short\.cdf"):
            read_cdf(written(tmp_path / "short.cdf", data[:size]))


@pytest.mark.parametrize("form", CDFS)
def test_flipped_bits_end_in_a_result_or_a_named_error(tmp_path: Path, form: str) -> None:
    data, path = CDFS[form], tmp_path / "flipped.cdf"
    for seed in range(2000):
        with contextlib.suppress(InputError):
            assert len(read_cdf(written(path, damaged(data, seed))).pm) < 1000


def test_an_array_of_another_chip_is_told_with_both_names(tmp_path: Path) -> None:
    cdf = read_cdf(written(tmp_path / "made.cdf", cdf_text(layout())))
    one = read_cel(written(tmp_path / "one.CEL", cel_v3(scan())))
    other = read_cel(written(tmp_path / "other.CEL", cel_v4(scan("Else-2"))))
    check_chip(one, cdf)
    custom = written(tmp_path / "brainarray.cdf", cdf_text(layout("made1_Hs_ENTREZG")))
    check_chip(one, read_cdf(custom))
    for against in (cdf, one):
        with pytest.raises(InputError, match=r"other\.CEL.*'Else-2'.*'Made-1'"):
            check_chip(other, against)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("form", CDFS)
def test_the_beginning_of_a_file_tells_its_chip(form: str, packed: bool) -> None:
    data = gzip.compress(CDFS[form]) if packed else CDFS[form]
    assert cdf_facts(data[:4096], f"{CHIP}.cdf.gz") == CdfFacts(CHIP, 3, 4, 2)
    with pytest.raises(ValueError, match="ends within its header"):
        cdf_facts(data[:13], f"{CHIP}.cdf")
    with pytest.raises(ValueError, match="is not a CDF file"):
        cdf_facts(b"[CEL]", f"{CHIP}.cdf")


def test_in_a_folder_the_one_of_the_chip_is_found(tmp_path: Path) -> None:
    wanted = written(tmp_path / "Made-1.cdf.gz", gzip.compress(CDFS["xda"]))
    written(tmp_path / "other.cdf", cdf_text(layout("Else-2")))
    written(tmp_path / "README", b"of which chip is it?")
    assert find_cdf(tmp_path, CHIP) == wanted
    assert find_cdf(wanted, "whatever") == wanted
    with pytest.raises(InputError, match=r"no CDF file of the chip 'Third'.*of Else-2, Made-1"):
        find_cdf(tmp_path, "Third")
    written(tmp_path / "custom.cdf", cdf_text(layout("made1_Hs_ENTREZG")))
    with pytest.raises(InputError, match=r"several CDF files.*Made-1\.cdf\.gz, custom\.cdf"):
        find_cdf(tmp_path, CHIP)


@pytest.mark.real
@pytest.mark.parametrize("form", ["ascii.CDF.gz", "xda.CDF"])
def test_the_real_probesets_are_those_of_makecdfenv(real_data: Path, form: str) -> None:
    cdf = read_cdf(real_data / "arrays_test3" / f"Test3.{form}")
    assert cdf.chip == "Test3"
    lines = [f"{name}\t{pm}\t{mm}\n" for name, probes in sorted(pairs(cdf)) for pm, mm in probes]
    assert digest("".join(lines).encode()) == golden_digests()["probesets"]
    assert len(cdf.names) == 345


@pytest.mark.real
def test_both_forms_of_the_real_chip_are_the_same(real_data: Path) -> None:
    text, xda = (read_cdf(real_data / "arrays_test3" / f"Test3.{f}") for f in ("ascii.CDF.gz", "xda.CDF"))
    assert text.names == xda.names
    for field in ("offsets", "pm", "mm", "directions"):
        np.testing.assert_array_equal(getattr(text, field), getattr(xda, field))
