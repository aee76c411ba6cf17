"""Expression matrices: GEO series matrix files and plain tables, their scale, and what is told of them."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from rxpress.arrays.expression_matrix import is_natural, log2_values, read_expression_matrix, sample_names
from rxpress.arrays.series_matrix import split_series_matrix
from rxpress.checking.expression_checks import check_expression_matrix, check_probe_annotation
from rxpress.errors import InputError, Problems
from rxpress.tables import read_text

SERIES = """!Series_title\t"A ""made"" series"
!Series_geo_accession\t"GSE1"
!Series_sample_id\t"GSM1 GSM2 GSM3 "
!Series_platform_id\t"GPL570"

!Sample_title\t"MM.1S, DMSO, rep 1"\t"MM.1S, drug"\t"U266"
!Sample_geo_accession\t"GSM1"\t"GSM2"\t"GSM3"
!Sample_characteristics_ch1\t"cell line: MM.1S; time: 24 h"\t"cell line: MM.1S; time: 24 h"\t"cell line: U266"
!Sample_characteristics_ch1\t"treated: no"\t"treated: yes"\t""
!Sample_data_processing\t"RMA"\t"RMA"\t"RMA"
!series_matrix_table_begin
"ID_REF"\t"GSM1"\t"GSM2"\t"GSM3"
"1_at"\t5.5\t6.5\t13
"2_at"\t7.25\tnull\t8
"3_at"\t3\t4\t5
!series_matrix_table_end
"""


def write(folder: Path, text: str, name: str = "matrix.txt") -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def problems_of(path: Path, *samples: str) -> tuple[list[str], list[str]]:
    """Problems and warnings of a matrix for samples in lines 2, 3, … of the sheet."""
    problems = Problems()
    check_expression_matrix(path, {name: i for i, name in enumerate(samples, 2)}, "sheet.csv", problems)
    return list(map(str, problems.found)), list(map(str, problems.warnings))


@pytest.mark.parametrize("text", [SERIES, '# by us\nprobe,gene_name,"a",b\n1_at,ACTB,7.1,7.2\n2_at,,5,6\n'])
def test_samples_are_named_without_reading_the_values(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text, "matrix.gz")
    names = sample_names(path)
    assert set(read_expression_matrix(path).names()) <= set(names)
    assert {"GSM2", "MM.1S, drug", "MM.1S_drug"} <= set(names) if text is SERIES else {"a", "b"} <= set(names)


def test_the_metadata_of_a_published_series_are_read(real_data: Path) -> None:
    """GSE52778 (Himes et al. 2014): four lines of airway smooth muscle, four treatments, by sequencing."""
    path = real_data / "airway" / "GSE52778_series_matrix.txt"
    metadata, table, above = split_series_matrix(read_text(path), path.name)
    assert metadata.series["pubmed_id"] == ["24926665"]
    assert metadata.series["platform_id"] == ["GPL11154"]
    assert list(metadata.samples) == [f"GSM{number}" for number in range(1275862, 1275878)]
    assert metadata.names()["N61311_Dex"] == "GSM1275863"
    assert metadata.characteristics("GSM1275871") == {
        "treatment": "Dexamethasone",
        "tissue": "human airway smooth muscle cells",
        "ercc_mix": "-",
        "cell line": "N080611",
        "cell type": "airway smooth muscle cells",
    }
    assert table.count("\n") == 0
    assert read_text(path).split("\n")[above] == table
    told = r"has no values: it only describes the 16 samples of series GSE52778; .* supplementary files"
    with pytest.raises(InputError, match=told):
        read_expression_matrix(path)


@pytest.mark.parametrize("name", ["GSE1_series_matrix.txt", "GSE1_series_matrix.txt.gz", "unnamed.gz"])
def test_a_series_matrix_is_read_with_what_it_says_of_samples(tmp_path: Path, name: str) -> None:
    matrix = read_expression_matrix(write(tmp_path, SERIES, name))
    assert matrix.metadata is not None
    assert matrix.gene_ids.tolist() == ["1_at", "2_at", "3_at"]
    assert matrix.numbers("GSM1").tolist() == [5.5, 7.25, 3]
    np.testing.assert_array_equal(matrix.numbers("GSM2"), [6.5, np.nan, 4])
    assert matrix.metadata.characteristics("GSM1") == {"cell line": "MM.1S", "time": "24 h", "treated": "no"}
    assert matrix.metadata.characteristics("GSM3") == {"cell line": "U266"}
    assert matrix.metadata.facts()["processing"] == ["RMA"]


def test_samples_are_found_by_accession_by_title_and_by_title_as_a_name(tmp_path: Path) -> None:
    matrix = read_expression_matrix(write(tmp_path, SERIES))
    samples = ["GSM2", "U266", "MM.1S_DMSO_rep_1", "nothing"]
    assert matrix.find(samples) == {"GSM2": "GSM2", "U266": "GSM3", "MM.1S_DMSO_rep_1": "GSM1"}
    twice = write(tmp_path, SERIES.replace("MM.1S, drug", "U266"))
    assert read_expression_matrix(twice).find(["U266"]) == {}


def test_a_sample_that_is_not_there_is_told_with_the_name_it_may_mean(tmp_path: Path) -> None:
    found, warnings = problems_of(write(tmp_path, SERIES), "GSM1", "U26", "MM.1S_drug", "MM.1S_DMSO_rep_1")
    assert found == [
        "sheet.csv:3: column 'sample': sample 'U26' is no column or title of matrix.txt; "
        "did you mean 'U266'?",
        "sheet.csv:5: column 'sample': samples 'GSM1' and 'MM.1S_DMSO_rep_1' are the same column 'GSM1'; "
        "remove one of them",
    ]
    assert warnings[0] == "matrix.txt: columns that are no samples of sheet.csv are left out: GSM3"
    assert warnings[1] == "matrix.txt: rows that miss a value in some sample are left out: 1 of 3"


def test_everything_wrong_with_the_cells_is_told_at_once_with_line_and_column(tmp_path: Path) -> None:
    table = "# made\nid\ta\tb\tc\n1_at\tx\t2\tNA\n1_at\t1\tinf\tNA\n\t1\ty\tNA\n3_at\t\t4\tNA\n"
    found, _ = problems_of(write(tmp_path, table), "a", "b", "c")
    fix = "give numbers; NA or nothing where one is missing"
    assert found == [
        "matrix.txt:5: column 'gene_id': a gene has no id; fill or remove the line",
        "matrix.txt:4: column 'gene_id': gene '1_at' stands already in line 3; "
        "remove all lines of it but one",
        f"matrix.txt:3: column 'a': 'x' is not a finite number; {fix}",
        f"matrix.txt:4: column 'b': 'inf' is not a finite number (and 1 more); {fix}",
        "matrix.txt: column 'c': has no value; leave this sample away",
    ]


def test_lines_of_a_series_matrix_count_from_the_top_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, SERIES.replace('"3_at"\t3', '"3_at"\tthree'))
    line = path.read_text().split("\n").index('"3_at"\tthree\t4\t5') + 1
    found, _ = problems_of(path, "GSM1", "GSM2")
    assert [problem.split(": '")[0] for problem in found] == [f"matrix.txt:{line}: column 'GSM1'"]


def test_a_series_matrix_that_ends_early_is_refused(tmp_path: Path) -> None:
    found, _ = problems_of(write(tmp_path, SERIES.replace("!series_matrix_table_end\n", "")), "GSM1")
    assert found == [
        "matrix.txt: is truncated: there is no line '!series_matrix_table_end'; get the file again"
    ]


@pytest.mark.parametrize(
    ("lowest", "highest", "natural"),
    [
        (2, 14.5, False),  # as of RMA
        (0, 101.5, True),  # 99 % quantile 100.485
        (-60, 101, False),  # 99 % quantile 99.39, spans more than 50, but the lower quartile is -19.75
        (0.1, 50.2, True),  # spans 50.1, lower quartile 12.6
        (0.1, 50, False),
    ],
)
def test_the_scale_is_judged_by_the_rule_of_geo2r(lowest: float, highest: float, natural: bool) -> None:
    """The q quantile of numbers at equal distance is lowest + q (highest - lowest)."""
    assert is_natural(np.linspace(lowest, highest, 1001)[:, None]) == natural


@pytest.mark.parametrize(("high", "natural"), [(99.9, False), (100.1, True)])
def test_silent_genes_do_not_hide_that_the_highest_values_are_intensities(high: float, natural: bool) -> None:
    values = np.array([0.0] * 900 + [high] * 100)
    assert is_natural(values[:, None]) == natural


def test_intensities_become_log2_and_zeros_do_not_get_lost() -> None:
    values = np.array([[1024.0, 2.0], [256.0, 65536.0]])
    scale = log2_values(values)
    assert scale.transformation == "log2(x)"
    assert scale.values.tolist() == [[10, 1], [8, 16]]
    zeros = log2_values(np.array([[1023.0, 0.0], [255.0, 65535.0]]))
    assert (zeros.transformation, zeros.notes) == ("log2(x + 1)", ("1 values are 0 and 0 negative",))
    assert zeros.values.tolist() == [[10, 0], [8, 16]]
    negative = log2_values(np.array([[1023.0, -5.0], [255.0, 65535.0]]))
    assert negative.transformation == "log2(max(x, 0) + 1)"
    assert negative.values.tolist() == [[10, 0], [8, 16]]


@pytest.mark.parametrize(
    ("base", "told"),
    [(2, []), (10, ["logarithms to the base 10"]), (np.e, ["natural logarithms"])],
)
def test_logarithms_to_another_base_are_noticed_and_left(base: float, told: list[str]) -> None:
    """Intensities as a scanner gives them, 32 to 60,000."""
    intensities = 2 ** np.random.default_rng(1).uniform(5, 15.9, (2000, 4))
    values = np.log(intensities) / np.log(base)
    scale = log2_values(values)
    assert scale.transformation == "none"
    assert scale.values is values
    assert len(scale.notes) == len(told)
    assert all(word in note for word, note in zip(told, scale.notes, strict=True))


def test_samples_on_different_scales_are_refused_and_intensities_told(tmp_path: Path) -> None:
    rows = "".join(f"{i}_at\t{2**i}\t{2 ** (i + 1)}\t{i}\n" for i in range(1, 16))
    path = write(tmp_path, "id\ta\tb\tc\n" + rows)
    found, _ = problems_of(path, "a", "b", "c")
    assert found == ["matrix.txt: some samples are logarithms (c), others are not; give all on log2 scale"]
    found, warnings = problems_of(path, "a", "b")
    assert found == []
    assert warnings[-1] == "matrix.txt: the values are no logarithms and will be transformed: log2(x)"


@pytest.mark.parametrize(("listed", "found", "warnings"), [(0, 1, 0), (1, 0, 1), (49, 0, 1), (50, 0, 0)])
def test_an_annotation_must_list_one_percent_and_should_list_half(
    tmp_path: Path, listed: int, found: int, warnings: int
) -> None:
    ids = [f"{i}_at" for i in range(100)]
    rows = "".join(f"{i}\tG\n" for i in [*ids[:listed], "other_at"])
    problems = Problems()
    check_probe_annotation(write(tmp_path, "ID\tsymbol\n" + rows), ids, problems)
    assert (len(problems.found), len(problems.warnings)) == (found, warnings)


@pytest.mark.parametrize(
    "text", [SERIES, SERIES.partition("begin\n")[2].replace("!series_matrix_table_end\n", "")]
)
def test_damaged_files_end_in_values_or_in_an_error_for_the_user(tmp_path: Path, text: str) -> None:
    random = np.random.default_rng(3)
    good, ends = text.encode(), {"read": 0, "refused": 0}
    for _ in range(300):
        data = np.frombuffer(good, np.uint8).copy()[: random.integers(1, len(good) + 1)]
        places = random.integers(0, len(data), random.integers(0, 12))
        data[places] = random.choice(np.frombuffer(b'\t\n",!#;\x00\xff\x1f\x8b\r .A', np.uint8), len(places))
        (tmp_path / "m.txt").write_bytes(data.tobytes() if random.random() < 0.7 else good[: len(data)])
        found, _ = problems_of(tmp_path / "m.txt", "GSM1", "GSM2")
        ends["refused" if found else "read"] += 1
    assert min(ends.values()) > 0
