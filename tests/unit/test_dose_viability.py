"""The viability table: what is understood, and the line a user reads for each fault, all at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from rxpress.dose_response.plates import curve_points
from rxpress.dose_response.viability import check_viability
from rxpress.dose_response.wells import Assay
from rxpress.errors import Problems
from rxpress.tables import read_json

SCHEMA = read_json(Path(__file__).resolve().parents[2] / "assets" / "schema" / "viability.schema.json")
SHEET = [
    {"study": "one", "cell_line": line, "treatment": treatment}
    for line in ("MM.1S", "KMS-11")
    for treatment in ("DMSO", "bortezomib")
]
HEADER = "cell_line,treatment,dose_nM,viability\n"
PLATE_HEADER = "cell_line,treatment,dose_nM,signal,well_type,plate\n"


def read(
    folder: Path, text: str, samples: list[dict[str, str]] | None = None
) -> tuple[Assay | None, list[str], list[str]]:
    """What is understood of a table, problems and warnings."""
    (folder / "viability.csv").write_text(text)
    problems = Problems()
    sheet: list[dict[str, str | None]] = [dict(sample) for sample in samples or []]
    assay = check_viability(folder / "viability.csv", SCHEMA, sheet, problems)
    return assay, [str(p) for p in problems.found], [str(p) for p in problems.warnings]


def understood(folder: Path, text: str, samples: list[dict[str, str]] | None = None) -> Assay:
    assay, problems, _ = read(folder, text, samples)
    assert assay is not None
    assert problems == []
    return assay


def test_fractions_are_taken_as_they_are_and_percent_is_divided(tmp_path: Path) -> None:
    for values, percent in ((("1.1", "0.4"), False), (("110", "40"), True)):
        rows = "".join(f"A,drug,{dose},{value}\n" for dose, value in zip((1, 10), values, strict=True))
        assay = understood(tmp_path, HEADER + rows)
        assert assay.percent == percent
        assert curve_points(assay)["viability"].tolist() == pytest.approx([1.1, 0.4])


def test_fractions_among_percent_are_an_error(tmp_path: Path) -> None:
    rows = "A,drug,1,98\nA,drug,10,40\nB,drug,1,0.9\nB,drug,10,0.4\n"
    assert read(tmp_path, HEADER + rows)[1] == [
        "viability.csv:4: column 'viability': no viability of 'B' exceeds 0.9, but other lines are i"
        "n percent; "
        "give all lines in percent, or all as fractions"
    ]


def test_everything_wrong_is_told_at_once_in_order_of_lines(tmp_path: Path) -> None:
    table = (
        "cell_line,treatment,dose_nM,viability\n"
        "MM1S,bortezomib,1,0.9\n"
        "MM.1S,Bortezomib,ten,0.9\n"
        "MM.1S,bortezomib,,0.5\n"
        "MM.1S,bortezomib,10,-3\n"
        "MM.1S,bortezomib,10,50%\n"
        "MM.1S,bortezomib,10\n"
    )
    assert read(tmp_path, table, SHEET)[1] == [
        "viability.csv:2: column 'cell_line': 'MM1S' is another spelling of 'MM.1S'; did you mean 'MM.1S'?",
        "viability.csv:3: column 'dose_nM': 'ten' is not a dose in nM; "
        "write a number of at least 0, with a decimal point and without a unit",
        "viability.csv:3: column 'treatment': 'Bortezomib' is another spelling of 'bortezomib'; "
        "did you mean 'bortezomib'?",
        "viability.csv:4: column 'dose_nM': is empty in a well of type 'sample'; fill it",
        "viability.csv:5: column 'viability': -3 is far below no living cell; "
        "correct it, or leave the cell empty",
        "viability.csv:6: column 'viability': '50%' is not a viability; "
        "write a number with a decimal point and without %, or leave the cell empty",
        "viability.csv:7: has 3 cells, but the header has 4; "
        "fill the gap, or quote a cell that holds the separator",
    ]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (
            "cell_line,treatment,dose_uM,viability",
            "doses are given in another unit than nM; multiply by 1,000",
        ),
        (
            "cell_line,treatment,conc_M,viability",
            "doses are given in another unit than nM; multiply by 1,000,000,",
        ),
        (
            "cell_line,treatment,dose_nM,viabilty",
            "is not a column of the viability table; did you mean 'viability'?",
        ),
        ("cell_line,treatment,dose_nM,value", "has no response; add a column 'viability', or 'signal'"),
        (
            "cell_line,treatment,dose_nM,signal",
            "column 'well_type': is missing: signals are relative to vehicle",
        ),
        (
            "cell_line,drug,dose_nM,viability",
            "is not a column of the viability table; did you mean 'treatment'?",
        ),
        ("treatment,dose_nM,viability,plate", "column 'cell_line': is missing"),
    ],
)
def test_faults_of_the_header(tmp_path: Path, header: str, said: str) -> None:
    problems = read(tmp_path, f"{header}\nA,drug,1,0.5\n")[1]
    assert any(said in problem and problem.startswith("viability.csv:1:") for problem in problems), problems


def test_both_responses_are_one_too_many(tmp_path: Path) -> None:
    table = "cell_line,treatment,dose_nM,viability,signal\nA,drug,1,0.5,100\n"
    assert read(tmp_path, table)[1] == [
        "viability.csv:1: column 'signal': both 'viability' and 'signal' are given; "
        "keep one of the two columns"
    ]


def test_a_drug_that_no_sample_has_is_a_warning_unless_another_is_there(tmp_path: Path) -> None:
    table = HEADER + "KMS-11,DMSO,0,1\nKMS-11,Velcade,1,0.5\n"
    assert read(tmp_path, table, SHEET)[2] == [
        "viability.csv: column 'treatment': Velcade: none of them is in the samplesheet; "
        "no sample gets a response by them; look whether both are called alike"
    ]
    assert read(tmp_path, table + "KMS-11,bortezomib,1,0.5\n", SHEET)[2] == []
    assert read(tmp_path, table)[2] == []


def test_wells_that_stand_twice_are_a_warning_unless_few(tmp_path: Path) -> None:
    wells = [f"OPM2,drug,{dose},0.{dose}\n" for dose in range(1, 10)]
    assert read(tmp_path, HEADER + "".join([*wells, *wells]))[2] == [
        "viability.csv:11: 9 of 18 lines repeat another in every cell, this one line 2; "
        "look whether wells stand here twice"
    ]
    assert read(tmp_path, HEADER + "".join([*wells, wells[-1]]))[2] == []


def test_two_spellings_of_a_line_are_an_error_and_likely_slips_a_warning(tmp_path: Path) -> None:
    table = HEADER + "OPM2,drug,1,0.5\nOPM-2,drug,1,0.5\n"
    assert read(tmp_path, table)[1] == [
        "viability.csv:3: column 'cell_line': 'OPM-2' is another spelling of 'OPM2'; write both in one way"
    ]
    table = HEADER + "KSM-11,bortezomib,1,0.5\nKMS-12,bortezomib,1,0.5\nU266,bortezomib,1,0.5\n"
    _, problems, warnings = read(tmp_path, table, SHEET)
    assert problems == []
    assert warnings == [
        "viability.csv:2: column 'cell_line': 'KSM-11' is not in the samplesheet; did you mean 'KMS-11'?"
    ]


def test_wells_without_a_study_belong_to_the_only_one_of_the_sheet(tmp_path: Path) -> None:
    table = HEADER + "MM.1S,bortezomib,1,0.5\n"
    assert understood(tmp_path, table, SHEET).wells[0].study == "one"
    assert understood(tmp_path, table).wells[0].study == "study"
    problems = read(tmp_path, table, [*SHEET, {"study": "two", "cell_line": "U266", "treatment": "DMSO"}])[1]
    assert problems == [
        "viability.csv:2: column 'study': does not say which study it belongs to: the samplesheet h"
        "as one, two; "
        "fill the column 'study'"
    ]


def test_wells_of_the_vehicle_are_dose_zero_of_every_curve_of_their_line_and_time(tmp_path: Path) -> None:
    table = (
        "cell_line,treatment,dose_nM,viability,time_h\n"
        "A,DMSO,5,1.02,24\nA,DMSO,0,0.98,72\nA,one,10,0.5,24\nA,two,10,0.6,24\nB,DMSO,0,1,24\n"
    )
    points = curve_points(understood(tmp_path, table))
    used = points[~points["excluded"]]
    assert used[["treatment", "dose_nM", "viability", "line"]].to_numpy().tolist() == [
        ["one", 0.0, 1.02, 2],
        ["two", 0.0, 1.02, 2],
        ["one", 10.0, 0.5, 4],
        ["two", 10.0, 0.6, 5],
    ]
    assert (
        points[points["excluded"]]["reason"].tolist()
        == ["vehicle: no drug was tested on this line at this time"] * 2
    )


def test_nothing_that_is_not_used_vanishes(tmp_path: Path) -> None:
    table = HEADER + "A,drug,1,0.9\nA,drug,10,NA\nA,other,0,0.5\n"
    points = curve_points(understood(tmp_path, table))
    assert points["line"].tolist() == [2, 3, 4]
    assert points["reason"].fillna("").tolist() == ["", "no value", "no dose above zero in its curve"]


def test_signals_become_relative_to_vehicle_and_blank_of_their_plate_and_line(tmp_path: Path) -> None:
    table = PLATE_HEADER + (
        ",,,100,blank,p1\n,,,300,blank,p1\n"
        "A,DMSO,,1000,vehicle,p1\nA,,,1400,vehicle,p1\nB,DMSO,0,2200,sample,p1\n"
        "A,drug,10,700,sample,p1\nB,drug,10,700,sample,p1\nA,,,500,time_zero,p1\n"
        ",,,0,blank,p2\nA,DMSO,,700,vehicle,p2\nA,drug,10,700,sample,p2\n"
    )
    points = curve_points(understood(tmp_path, table))
    used = points[~points["excluded"]]
    assert used["viability"].tolist() == pytest.approx([0.5, 0.25, 1.0])
    assert used["line"].tolist() == [7, 8, 12]
    others = points[points["excluded"]].groupby("well_type")["reason"].first().to_dict()
    assert others == {
        "blank": "blank: background of its plate",
        "time_zero": "time zero: growth rates are not computed",
        "vehicle": "vehicle: what viability is relative to",
    }


def test_faults_of_plates(tmp_path: Path) -> None:
    table = PLATE_HEADER + (
        ",,,100,blank,p1\nA,DMSO,,1000,vehicle,p1\nA,drug,10,700,sample,p1\nB,drug,10,700,sample,p1\n"
        "A,drug,10,700,sample,p2\n,,,900,blank,p3\nA,,,800,vehicle,p3\nA,drug,1,700,sample,p3\n"
        "A,drug,1,700,smple,p1\n"
    )
    _, problems, warnings = read(tmp_path, table)
    add = "add them with well_type vehicle: signals are relative to them"
    assert problems == [
        f"viability.csv:5: column 'well_type': plate 'p1' has no vehicle wells of 'B'; {add}",
        f"viability.csv:6: column 'well_type': plate 'p2' has no vehicle wells of 'A'; {add}",
        "viability.csv:9: column 'signal': on plate 'p3' vehicle wells of 'A' are no brighter (800) than "
        "blanks (900); look which wells are which",
        "viability.csv:10: column 'well_type': 'smple' is not a type of well; "
        "write sample, vehicle, blank or time_zero",
    ]
    assert warnings == [
        "viability.csv:6: column 'well_type': plate 'p2' has no blank wells: its background is taken as 0"
    ]


def test_a_table_without_rows_says_so(tmp_path: Path) -> None:
    from rxpress.errors import InputError

    with pytest.raises(InputError, match="has no wells"):
        read(tmp_path, HEADER)
