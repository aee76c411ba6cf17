"""qPCR tables as users and instruments write them, and what is said of bad ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from rxpress.errors import InputError, Problems
from rxpress.qpcr.check_table import check_qpcr, chosen_references
from rxpress.qpcr.ct_table import CtTable, amplification_factor, read_ct_table
from rxpress.tables import read_json

SCHEMA = read_json(Path(__file__).resolve().parents[2] / "assets/schema/qpcr.schema.json")
LONG = """\
sample,target,ct
a1,GAPDH,20.1
a1,HMOX1,27.5
a2,GAPDH,20.3
a2,HMOX1,Undetermined
"""
SAMPLES = ("a1", "a2")

STEP_ONE = """\
Block Type\t96fast
Chemistry\tSYBR_GREEN
Experiment File Name\tD:\\plate 1.eds

Well\tSample Name\tTarget Name\tTask\tReporter\tQuencher\tRQ\tMin\tMax\tCт\tCт Mean\tCт SD\tΔCт\tEfficiency
A1\ta1\tGAPDH\tUNKNOWN\tSYBR\tNone\t\t\t\t20.1\t20.1\t0.1\t\t1.0
A2\ta1\tHMOX1\tUNKNOWN\tSYBR\tNone\t1.0\t\t\t27.5\t27.5\t\t\t1.0
A3\t\t\t\t\t\t\t\t\t\t\t\t\t
A4\ta2\tHMOX1\tUNKNOWN\tSYBR\tNone\t\t\t\tUndetermined\t\t\t\t1.0
A5\t\tHMOX1\tNTC\tSYBR\tNone\t\t\t\t36.5\t\t\t\t1.0

Analysis Type\tSingleplex
Endogenous Control\tGAPDH
"""
QUANT_STUDIO = """\
* Block Type = 96-Well 0.2-mL Block
* Experiment Name = plate 1
* Instrument Type = QuantStudio 5

[Sample Setup]
Well\tWell Position\tSample Name\tTarget Name\tTask
1\tA1\ta1\tGAPDH\tUNKNOWN

[Results]
Well\tWell Position\tOmit\tSample Name\tTarget Name\tTask\tReporter\tCT\tCt Mean\tCt SD
1\tA1\tfalse\ta1\tGAPDH\tENDOGENOUS CONTROL\tFAM\t20.1\t20.1\t
2\tA2\tfalse\ta1\tHMOX1\tUNKNOWN\tFAM\t27.5\t27.5\t
3\tA3\ttrue\ta1\tHMOX1\tUNKNOWN\tFAM\t31.0\t\t
4\tA4\tfalse\ta2\tHMOX1\tUNKNOWN\tFAM\tUndetermined\t\t
5\tA5\tfalse\tblank\tHMOX1\tNTC\tFAM\t36.5\t\t

[Amplification Data]
Well\tCycle\tTarget Name\tRn
1\t1\tGAPDH\t0.5
"""
DESIGN_AND_ANALYSIS = """\
# Experiment Name: plate 1
# Instrument Type: QuantStudio 6 Pro

Well,Well Position,Omit,Sample,Target,Task,Reporter,Quencher,Amp Status,Curve Quality,Cq,Cq Confidence,Cq Mean
1,A1,FALSE,a1,GAPDH,UNKNOWN,FAM,NFQ,AMP,,20.1,0.98,20.1
2,A2,FALSE,a1,HMOX1,UNKNOWN,FAM,NFQ,AMP,,27.5,0.98,27.5
4,A4,FALSE,a2,HMOX1,UNKNOWN,FAM,NFQ,NO_AMP,,UNDETERMINED,0.0,
5,A5,FALSE,,HMOX1,NTC,FAM,NFQ,AMP,,36.5,0.5,
"""
CFX = """\
Well,Fluor,Target,Content,Sample,Biological Set Name,Cq,Cq Mean,Cq Std. Dev
A01,SYBR,GAPDH,Unkn-01,a1,,20.1,20.1,0
A02,SYBR,HMOX1,Unkn-01,a1,,27.5,27.5,0
A04,SYBR,HMOX1,Unkn-02,a2,,NaN,0,0
A05,SYBR,HMOX1,NTC,,,36.5,36.5,0
"""
EXPORTS = {"stepone": STEP_ONE, "quantstudio": QUANT_STUDIO, "da2": DESIGN_AND_ANALYSIS, "cfx": CFX}


def checked(
    folder: Path,
    text: str | bytes,
    references: tuple[str, ...] = ("GAPDH",),
    samples: tuple[str, ...] = SAMPLES,
) -> tuple[CtTable | None, Problems]:
    path = folder / "ct.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    problems = Problems()
    try:
        return check_qpcr(path, SCHEMA, samples, references, problems), problems
    except InputError as error:
        problems.take(error)
        return None, problems


def told(folder: Path, text: str | bytes, references: tuple[str, ...] = ("GAPDH",)) -> list[str]:
    return [str(problem) for problem in checked(folder, text, references)[1].found]


def test_a_long_table_is_read_in_any_column_order_and_with_any_separator(tmp_path: Path) -> None:
    table, problems = checked(tmp_path, LONG)
    assert table
    assert not problems.found
    assert [(w.line, w.sample, w.target, w.ct, w.reading) for w in table.wells][2:] == [
        (4, "a2", "GAPDH", 20.3, "ct"),
        (5, "a2", "HMOX1", None, "undetermined"),
    ]
    turned = "Ct;Plate;Target;Sample\r\n20.1;1;GAPDH;a1\r\n\r\n27.5;1;HMOX1;a1\r\n"
    table, problems = checked(tmp_path, turned)
    assert table
    assert not problems.found
    assert not table.instrument
    assert [(w.line, w.sample, w.target, w.ct) for w in table.wells] == [
        (2, "a1", "GAPDH", 20.1),
        (4, "a1", "HMOX1", 27.5),
    ]


def test_a_comment_above_a_long_table_makes_it_no_export(tmp_path: Path) -> None:
    table, problems = checked(tmp_path, "# Ct of March\n\n" + LONG + "a2,HMOX1\n")
    assert table
    assert not table.instrument
    assert [str(p) for p in problems.found] == [
        "ct.csv:8: has 2 cells, but the header has 3; fill the gap, or quote a cell that holds the separator"
    ]


@pytest.mark.parametrize("machine", list(EXPORTS))
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_exports_of_instruments_are_read(tmp_path: Path, machine: str, encoding: str) -> None:
    table, problems = checked(tmp_path, EXPORTS[machine].encode(encoding))
    assert table
    assert not problems.found
    assert table.instrument
    named = [w for w in table.wells if w.sample and not w.control and not w.omitted]
    assert [(w.sample, w.target, w.ct, w.reading) for w in named] == [
        ("a1", "GAPDH", 20.1, "ct"),
        ("a1", "HMOX1", 27.5, "ct"),
        ("a2", "HMOX1", None, "undetermined"),
    ]
    assert {w.well.replace("0", "") for w in table.wells} >= {"A1", "A2", "A4", "A5"}
    assert [w.ct for w in table.wells if w.no_template] == [36.5]
    assert any("no-template control of 'HMOX1' has Ct 36.5" in w.what for w in problems.warnings)


@pytest.mark.parametrize(
    "note", ["Control\tGAPDH", "Control = GAPDH", "Control = GAPDH, HMOX1", "Control\tB2M"]
)
def test_reference_genes_may_be_named_by_the_notes_of_an_export(tmp_path: Path, note: str) -> None:
    table, _ = checked(tmp_path, STEP_ONE.replace("Control\tGAPDH", note))
    assert table
    assert chosen_references(table, []) == [name for name in ("GAPDH", "HMOX1") if name in note]


def test_a_second_plate_below_the_first_is_told_not_left_out(tmp_path: Path) -> None:
    assert told(tmp_path, QUANT_STUDIO + "\n" + QUANT_STUDIO) == [
        "ct.csv:30: another plate begins here; "
        "give the wells of all plates under one header; these would be left out"
    ]


def test_an_instrument_may_write_blanks_where_the_sheet_has_underscores(tmp_path: Path) -> None:
    table, _ = checked(tmp_path, QUANT_STUDIO.replace("\ta2\t", "\ta 2\t"), samples=("a1", "a_2"))
    assert table
    assert [w.sample for w in table.wells] == ["a1", "a1", "a1", "a_2", "blank"]
    assert chosen_references(table, []) == ["GAPDH"]
    assert chosen_references(table, ["ACTB"]) == ["ACTB"]
    assert [w.omitted for w in table.wells] == [False, False, True, False, False]


@pytest.mark.real
def test_the_sds_export_is_read_whole(real_data: Path) -> None:
    problems = Problems()
    table = check_qpcr(real_data / "qpcr/sds_export.txt", SCHEMA, ["Sample01"], [], problems)
    assert table
    assert not problems.found
    assert len(table.wells) == 384
    assert [table.wells[i].well for i in (0, 1, 383)] == ["A1", "A2", "P24"]
    assert len(table.targets) == 191
    assert chosen_references(table, []) == ["Gene1"]
    readings = [well.reading for well in table.wells]
    assert (readings.count("ct"), readings.count("undetermined")) == (353, 31)
    assert max(well.ct or 0 for well in table.wells) == 36.989216


def test_every_bad_cell_is_told_at_once_with_line_and_column(tmp_path: Path) -> None:
    text = (
        LONG + 'a1,GAPDH,twenty\na1,HMOX1,\n,HMOX1,25\na2,HMOX1,0\na2,HMOX1,-3\na2,HMOX1\na1,HMOX1,"24,5"\n'
    )
    problems = told(tmp_path, text)
    assert problems[0].startswith("ct.csv:11: has 2 cells, but the header has 3")
    places = [line.split(": ")[:3] for line in problems[1:]]
    assert places == [
        ["ct.csv:6", "column 'ct'", "'twenty' is not a Ct; write a number with a decimal point, or"
         " Undetermined where the instrument found no signal"],
        ["ct.csv:7", "column 'ct'", "is empty; fill it"],
        ["ct.csv:8", "column 'sample'", "is empty; fill it"],
        ["ct.csv:10", "column 'ct'", places[3][2]],
        ["ct.csv:12", "column 'ct'", places[4][2]],
        ["ct.csv:9", "column 'ct'", "0 is not a Ct; write Undetermined where the instrument found no signal"],
    ]  # fmt: skip
    assert "'-3' is not a Ct" in places[3][2]
    assert "'24,5' is not a Ct" in places[4][2]


def test_missing_and_misspelt_columns_are_told(tmp_path: Path) -> None:
    assert told(tmp_path, "sample,ct\na1,20\n") == [
        "ct.csv:1: column 'target': is missing; add it: gene that the well measures"
    ]
    text = LONG.replace("sample,", "sampel,").replace("ct\n", "ct,efficency\n", 1).replace("20.1", "20.1,0.9")
    text = text.replace("27.5", "27.5,0.8").replace("20.3", "20.3,").replace("Undetermined", "Undetermined,")
    assert told(tmp_path, text) == [
        f"ct.csv:1: column '{slip}': is not a column of the qPCR table; did you mean '{name}'? Otherwise"
        " choose a name less like it"
        for slip, name in (("sampel", "sample"), ("efficency", "efficiency"))
    ]


def test_names_near_those_of_the_sheet_are_slips_and_others_are_left_out(tmp_path: Path) -> None:
    text = LONG + "A-2,HMOX1,25\nwater,HMOX1,38\na1,Hmox-1,27\n"
    table, problems = checked(tmp_path, text, ("GAPHD",))
    assert table
    assert list(map(str, problems.found)) == [
        "ct.csv:6: column 'sample': sample 'A-2' is not in the samplesheet; did you mean 'a2'?",
        "ct.csv:8: column 'target': target 'Hmox-1' is spelt 'HMOX1' in line 3; did you mean 'HMOX1'?",
        "--reference_genes: 'GAPHD' is no target of ct.csv; did you mean 'GAPDH'?",
    ]
    assert [str(w) for w in problems.warnings] == [
        "ct.csv: samples that are not in the samplesheet are left out: water"
    ]


def test_a_slip_is_told_where_the_sample_of_the_sheet_has_no_well(tmp_path: Path) -> None:
    text = LONG.replace("a2", "MM1S_bortz_1")
    _, problems = checked(tmp_path, text, samples=("a1", "MM1S_bort_1"))
    assert [str(p) for p in problems.found] == [
        "ct.csv:4: column 'sample': sample 'MM1S_bortz_1' is not in the samplesheet; did you mean"
        " 'MM1S_bort_1'?"
    ]
    _, problems = checked(tmp_path, LONG, samples=("x", "y"))
    assert [str(p) for p in problems.found] == [
        "ct.csv:2: column 'sample': sample 'a1' is not in the samplesheet; its samples are x, y",
        "ct.csv:4: column 'sample': sample 'a2' is not in the samplesheet; its samples are x, y",
    ]


def test_reference_genes_must_be_given_and_leave_something_to_measure(tmp_path: Path) -> None:
    assert told(tmp_path, LONG, ()) == [
        "--reference_genes: no reference gene is given; name one or more of the targets GAPDH, HMOX1, such as"
        " GAPDH,ACTB"
    ]
    assert told(tmp_path, LONG, ("GAPDH", "HMOX1")) == [
        "ct.csv: every target is a reference gene; measure at least one other gene"
    ]
    _, problems = checked(tmp_path, LONG.replace("a2,GAPDH,20.3\n", ""))
    assert [str(w) for w in problems.warnings] == [
        "ct.csv:4: column 'target': sample 'a2' has no well of the reference gene 'GAPDH': it has no ΔCt"
    ]


def test_efficiencies_are_fractions_percent_or_factors_and_one_per_target(tmp_path: Path) -> None:
    assert [amplification_factor(e) for e in (0.95, 1.0, 95, 100, 1.95, None)] == pytest.approx(
        [1.95, 2, 1.95, 2, 1.95, None]
    )
    text = "sample,target,ct,efficiency\na1,GAPDH,20,0.9\na1,HMOX1,27,{}\na2,HMOX1,26,{}\n"
    assert told(tmp_path, text.format("95", "1.95")) == []
    assert told(tmp_path, text.format("95", "0.9")) == [
        "ct.csv:4: column 'efficiency': 'HMOX1' has a factor of 1.9 per cycle here and 1.95 in line 3; give a"
        " target one efficiency"
    ]
    assert told(tmp_path, text.format("5", "0.2")) == [
        f"ct.csv:{line}: column 'efficiency': '{value}' is not an efficiency of amplification; write a"
        " fraction (0.95), percent (95) or factor per cycle (1.95), or leave the cell empty"
        for line, value in ((3, "5"), (4, "0.2"))
    ]


def test_a_column_that_stands_twice_is_told(tmp_path: Path) -> None:
    text = "sample,target,ct,Cq,Well,Well Position\na1,GAPDH,20,20,1,A1\na1,HMOX1,27,27,2,A2\n"
    assert told(tmp_path, text) == [
        "ct.csv:1: column 'ct': stands twice in the header; remove one of the two columns"
    ]


def test_a_replicate_that_stands_twice_is_told(tmp_path: Path) -> None:
    text = "sample,target,ct,replicate\na1,GAPDH,20,1\na1,GAPDH,20.1,2\na1,HMOX1,27,1\na1,HMOX1,27,1\n"
    assert told(tmp_path, text) == [
        "ct.csv:5: column 'replicate': is replicate 1 of 'HMOX1' in 'a1', as line 4; number the wells apart,"
        " or remove the line"
    ]


def test_what_is_no_table_of_wells_is_refused(tmp_path: Path) -> None:
    assert told(tmp_path, b"PK\x03\x04rest") == [
        "ct.csv: is a spreadsheet; save its results sheet as CSV or tab-separated text"
    ]
    assert told(tmp_path, "sample,target,ct\n") == [
        "ct.csv: has no wells; give it a header line and a line for each well"
    ]
    assert told(tmp_path, "")[-1] == "ct.csv: has no wells; give it a header line and a line for each well"
    assert told(tmp_path, "GAPDH,c_myc\n20,30\n")[0].startswith("ct.csv:1: column 'sample': is missing")


def test_bytes_of_windows_are_read_in_exports(tmp_path: Path) -> None:
    text = "Volume\t20 µl\n\nWell\tSample\tDetector\tTask\tCt\tΔCt\n1\ta1\tGAPDH\tUnknown\t20\t\n"
    path = tmp_path / "ct.txt"
    path.write_bytes(text.replace("Δ", "D").encode("cp1252"))
    table = read_ct_table(path, SCHEMA, Problems())
    assert table
    assert [(w.line, w.target, w.ct) for w in table.wells] == [(4, "GAPDH", 20.0)]
