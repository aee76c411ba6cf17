"""The samplesheet: every form it may come in, and the line a user reads for each thing that can be wrong."""

from __future__ import annotations

import pytest
from input_files import SHEET, SHEET_SCHEMA, examine, told, write_quant, write_study
from jsonschema import Draft202012Validator

from rxpress.errors import Problems
from rxpress.samplesheet import cell_number, read_sheet

COUNTED = "sample,cell_line,treatment,replicate"  # a sheet for --counts: no files of its own


@pytest.fixture
def params(tmp_path):
    """Parameters with references that fit; the reads of SHEET lie in tmp_path."""
    return write_study(tmp_path)


@pytest.fixture
def counted(tmp_path):
    """Parameters with a count matrix of the samples a, b and c."""
    (tmp_path / "counts.tsv").write_text("gene_id\ta\tb\tc\nG1\t1\t2\t3\n")
    return {"counts": str(tmp_path / "counts.tsv")}


def rows_of(path):
    problems = Problems()
    sheet = read_sheet(path, SHEET_SCHEMA, problems)
    assert problems.found == []
    return [dict(row.cells) for row in sheet.rows]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("plain", "sample,treatment,note\na,DMSO,x\nb,,\n"),
        ("tabs", "sample\ttreatment\tnote\na\tDMSO\tx\nb\tNA\t\n"),
        ("semicolons", "sample;treatment;note\na;DMSO;x\nb;;\n"),
        ("byte-order mark", "\ufeffsample,treatment,note\na,DMSO,x\nb,,\n"),
        ("Windows lines", "sample,treatment,note\r\na,DMSO,x\r\nb,,\r\n"),
        ("quotes", '"sample","treatment","note"\n"a","DMSO","x"\n"b","",""\n'),
        ("blanks and blank lines", "sample , treatment,note\n\n a,DMSO , x\n\nb,,\n\n"),
        ("another order", "note,treatment,sample\nx,DMSO,a\n,,b\n"),
        ("empty columns at the end", "sample,treatment,note,,\na,DMSO,x,,\nb,,,,\n"),
    ],
)
def test_every_form_of_table_gives_the_same_rows(tmp_path, name, text):
    (tmp_path / "s.csv").write_text(text, encoding="utf-8")
    assert rows_of(tmp_path / "s.csv") == [{"sample": "a", "treatment": "DMSO", "note": "x"}, {"sample": "b"}]


def test_the_schema_is_valid_and_every_rule_that_can_fail_has_its_texts():
    Draft202012Validator.check_schema(SHEET_SCHEMA)
    limits = {"pattern", "enum", "minimum", "maximum"}
    for rule in [
        *SHEET_SCHEMA["allOf"],
        *(r for r in SHEET_SCHEMA["properties"].values() if limits & r.keys()),
    ]:
        assert rule["errorMessage"]
        assert rule["errorFix"]


@pytest.mark.parametrize(
    ("cell", "number"),
    [("20", 20), ("0.5", 0.5), (".5", 0.5), ("1e3", 1000), ("-1", -1)]
    + [(cell, None) for cell in ("1,5", "20 nM", "1_000", "nan", "inf", "1e999", "", None)],
)
def test_only_finite_decimal_numbers_are_numbers(cell, number):
    assert cell_number(cell) == number


def test_a_right_sheet_has_nothing_to_tell(tmp_path, params):
    assert told(tmp_path, SHEET, params) == ([], [])


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            ("sample,", "samples,"),
            "samples.csv:1: column 'samples': is not a column of the samplesheet; "
            "did you mean 'sample'? Otherwise choose a name less like it",
        ),
        (
            (",fastq_1,", ",Fastq-1,"),
            "samples.csv:1: column 'Fastq-1': is not a column of the samplesheet; "
            "did you mean 'fastq_1'? Otherwise choose a name less like it",
        ),
        (
            (",cell_line,", ",cell,"),
            "samples.csv:1: column 'cell': is not a column of the samplesheet; "
            "did you mean 'cell_line'? Otherwise choose a name less like it",
        ),
        (
            (",treatment,", ",treatmnet,"),
            "samples.csv:1: column 'treatmnet': is not a column of the samplesheet; "
            "did you mean 'treatment'? Otherwise choose a name less like it",
        ),
        (
            ("sample,", "tube,"),
            "samples.csv:1: column 'sample': is missing; add it: name of the sample",
        ),
        (
            (",replicate", ",treatment"),
            "samples.csv:1: column 'treatment': stands twice in the header; remove one of the two columns",
        ),
        (
            (",replicate", ",condition"),
            "samples.csv:1: column 'condition': is a column that rxpress adds itself; call it 'my_condition'",
        ),
        (
            (",treatment,", ",,"),
            "samples.csv:1: has no name; name the column or remove it",
        ),
        (
            ("\na2,", "\na 2,"),
            "samples.csv:3: column 'sample': 'a 2' is not a sample name; "
            "use letters, digits, '_', '.' and '-', and begin with a letter or digit",
        ),
        (
            ("\na2,", "\n,"),
            "samples.csv:3: column 'sample': is empty; fill it",
        ),
        (
            ("bortezomib,2", "bortezomib,2,"),
            None,
        ),
        (
            ("bortezomib,2", "bortezomib,2,x"),
            "samples.csv:5: has 7 cells, but the header has 6; "
            "fill the gap, or quote a cell that holds the separator",
        ),
        (
            ("bortezomib,2", "bortezomib"),
            "samples.csv:5: has 5 cells, but the header has 6; "
            "fill the gap, or quote a cell that holds the separator",
        ),
        (
            ("\na2,a2_1.fq.gz,", "\na2,,"),
            "samples.csv:3: column 'fastq_2': second mates without 'fastq_1'; "
            "fill 'fastq_1'; single reads belong there",
        ),
        (
            ("MM1S,DMSO,2", "MM\u20131S,DMSO,2"),
            "samples.csv:3: column 'cell_line': 'MM\u20131S' is another spelling of 'MM1S'; "
            "write both in one way, or choose names less alike",
        ),
        (
            ("MM1S,DMSO,2", "MM.1S,DMSO,2"),
            "samples.csv:3: column 'cell_line': 'MM.1S' is another spelling of 'MM1S'; "
            "write both in one way, or choose names less alike",
        ),
        (
            ("MM1S,DMSO,2", "MM1S,DMSO,1"),
            "samples.csv:3: column 'replicate': sample 'a2' is the same replicate of one condition as 'a1'; "
            "number them apart, or correct what else differs from line 2",
        ),
        (
            ("b2_2.fq.gz", "a1_2.fq.gz"),
            "samples.csv:5: column 'fastq_2': 'a1_2.fq.gz' is used in line 2, column 'fastq_2', already; "
            "give each lane its own file",
        ),
        (
            ("b2_2.fq.gz", "b2_1.fq.gz"),
            "samples.csv:5: column 'fastq_2': 'b2_1.fq.gz' is used in line 5, column 'fastq_1', already; "
            "give each lane its own file",
        ),
        (
            ("a2_1.fq.gz,a2_2.fq.gz", ","),
            "samples.csv:3: column 'sample': sample 'a2' has no data file; fill 'fastq_1' (and 'fastq_2'), "
            "'quant', 'bam' or 'cel', or give --counts, --expression_matrix or --qpcr",
        ),
        (
            ("MM1S,bortezomib,1", '"MM\n1S",bortezomib,1'),
            "samples.csv:5: column 'cell_line': the cell holds a tab, a quote or a line break; "
            "look for a quote that is not closed",
        ),
    ],
)
def test_a_fault_of_the_form_is_told_with_its_place(tmp_path, params, change, line):
    assert change[0] in SHEET
    problems, _ = told(tmp_path, SHEET.replace(*change, 1), params)
    assert (line in problems) if line else problems == []


@pytest.mark.parametrize(
    ("column", "cell", "line"),
    [
        ("study", "my study", "'my study' is not a study name; use letters, digits, '_' and '-'"),
        (
            "strandedness",
            "yes",
            "'yes' is not a strandedness; write auto, forward, reverse or unstranded",
        ),
        (
            "dose_nM",
            "1,5",
            "'1,5' is not a dose in nM; write a number of at least 0, with a decimal point and without a "
            "unit, or leave the cell empty",
        ),
        (
            "time_h",
            "-2",
            "'-2' is not a time in hours; write a number of at least 0, with a decimal point and without a "
            "unit, or leave the cell empty",
        ),
        (
            "response",
            "Resistant",
            "'Resistant' is not a response; write sensitive or resistant, or leave the cell empty",
        ),
        (
            "rin",
            "11",
            "'11' is not an RNA integrity number; write a number from 0 to 10 with a decimal point, or leave "
            "the cell empty",
        ),
        (
            "purity",
            "85%",
            "'85%' is not a purity; write a fraction (0-1) or percent (up to 100) as a bare number, or leave "
            "the cell empty",
        ),
    ],
)
def test_a_wrong_cell_is_told_in_the_words_of_the_schema(tmp_path, counted, column, cell, line):
    sheet = f'sample,{column}\na,\nb,"{cell}"\n'
    assert told(tmp_path, sheet, counted)[0] == [f"samples.csv:3: column '{column}': {line}"]


def test_misspelt_columns_are_checked_under_their_right_name(tmp_path, counted):
    problems, _ = told(tmp_path, "sample,dose_nm\na,1\nb,much\n", counted)
    assert len(problems) == 2
    assert problems[1].startswith("samples.csv:3: column 'dose_nM': 'much' is not a dose in nM")


def test_columns_unlike_any_known_one_are_extra_and_a_second_batch_is_no_slip(tmp_path, counted):
    sheet = "sample,cram,batch,batch2,sex\na,a.cram,1,x,f\nb,b.cram,2,y,m\n"
    assert told(tmp_path, sheet, counted)[0] == []


def test_lanes_of_one_sample_must_agree_and_extra_columns_keep_every_value(tmp_path, params):
    sheet = (
        SHEET.replace("replicate", "replicate,lane", 1).replace(",1\n", ",1,L1\n").replace(",2\n", ",2,L2\n")
    )
    sheet = sheet.replace("\na2,", "\na1,")
    problems, _ = told(tmp_path, sheet, params)
    assert problems == [
        "samples.csv:3: column 'replicate': sample 'a1' has '2' here and '1' in line 2; "
        "make them agree, or give the samples different names"
    ]
    findings, _ = examine(tmp_path / "samples.csv", params)
    assert findings.inputs.samples[0].cells["lane"] == "L1;L2"
    assert findings.inputs.samples[0].paths("fastq_1") == ["a1_1.fq.gz", "a2_1.fq.gz"]


def test_paired_and_single_lanes_cannot_be_joined(tmp_path, params):
    sheet = SHEET.replace("a2,a2_1.fq.gz,a2_2.fq.gz,MM1S,DMSO,2", "a1,a2_1.fq.gz,,MM1S,DMSO,1")
    assert told(tmp_path, sheet, params)[0] == [
        "samples.csv:3: column 'sample': sample 'a1' has paired and single lanes (line 2); "
        "give the lines different sample names"
    ]


def test_a_salmon_folder_is_a_whole_sample(tmp_path, params):
    write_quant(tmp_path / "one")
    write_quant(tmp_path / "two")
    assert told(tmp_path, "sample,quant\na,one\na,two\n", params)[0] == [
        "samples.csv:3: column 'sample': sample 'a' has other lines, but a Salmon folder is a whole sample; "
        "give the lines different sample names"
    ]


def test_reads_and_a_salmon_folder_of_one_sample_contradict_each_other(tmp_path, params):
    write_quant(tmp_path / "one")
    assert told(tmp_path, "sample,fastq_1,quant\na,a1_1.fq.gz,one\n", params)[0] == [
        "samples.csv:2: column 'quant': both 'quant' and FASTQ files are given; "
        "keep the Salmon folder or the reads, not both"
    ]


def test_a_sample_of_a_count_matrix_stands_once(tmp_path, counted):
    assert told(tmp_path, f"{COUNTED}\na,X,DMSO,1\na,X,DMSO,1\n", counted)[0] == [
        "samples.csv:3: column 'sample': sample 'a' stands in line 2 already; "
        "give the lines different sample names"
    ]


def test_a_study_has_lines_or_patients_but_studies_may_differ(tmp_path, counted):
    header = "sample,study,cell_line,patient\n"
    assert told(tmp_path, f"{header}a,one,X,\nb,one,,P1\n", counted)[0] == [
        "samples.csv:3: column 'patient': study 'one' has both cell lines and patients; "
        "fill one of the columns, or make two studies"
    ]
    assert told(tmp_path, f"{header}a,one,X,P1\nb,one,X,\n", counted)[0] == [
        "samples.csv:2: column 'patient': both 'cell_line' and 'patient' are given; "
        "fill the one that is the unit of the study"
    ]
    assert told(tmp_path, f"{header}a,one,X,\nb,two,,P1\n", counted)[0] == []


def test_a_line_is_spelt_in_one_way_in_all_studies(tmp_path, counted):
    sheet = "sample,study,cell_line,treatment\na,one,MM.1S,DMSO\nb,two,MM1S,dmso\nc,two,U266,DMSO\n"
    assert told(tmp_path, sheet, counted)[0] == [
        "samples.csv:3: column 'cell_line': 'MM1S' is another spelling of 'MM.1S'; "
        "write both in one way, or choose names less alike",
        "samples.csv:3: column 'treatment': 'dmso' is another spelling of 'DMSO'; "
        "write both in one way, or choose names less alike",
    ]


def test_a_sample_without_line_and_a_parent_in_another_study_are_warnings(tmp_path, counted):
    sheet = "sample,study,cell_line,parent\na,study,XR,Y\nb,study,,\nc,other,Y,\n"
    problems, warnings = told(tmp_path, sheet, counted)
    assert problems == []
    assert warnings == [
        "samples.csv:2: column 'parent': 'Y' is no cell line of study 'study'",
        "samples.csv:3: column 'cell_line': is empty, while other samples of study 'study' have one; "
        "fill it, or these samples make up conditions of their own",
    ]


def test_a_parent_that_no_sample_has_is_refused_once_with_its_line(tmp_path, counted):
    problems, _ = told(tmp_path, "sample,cell_line,parent\na,MM1,\nb,MM1R,MM-1\nc,MM1R,MM-1\n", counted)
    assert problems == [
        "samples.csv:3: column 'parent': no sample has the cell line 'MM-1'; did you mean 'MM1'?"
    ]
    assert (
        "column 'parent': 'X' is its own parent"
        in told(tmp_path, "sample,cell_line,parent\na,X,X\n", counted)[0][0]
    )


def test_names_that_differ_in_a_number_are_not_two_spellings(tmp_path, counted):
    sheet = f"{COUNTED}\na,X-1.5,drug 1.0,1\nb,X-15,drug 10,1\n"
    assert told(tmp_path, sheet, counted)[0] == []


@pytest.mark.parametrize("extra", ["", ",genotype"])
def test_replicates_of_conditions_that_an_extra_column_tells_apart_may_share_a_number(
    tmp_path, counted, extra
):
    cells = [",wt", ",wt", ",mutant"] if extra else ["", "", ""]
    lines = [f"{s},X,DMSO,{r}{cell}" for s, r, cell in zip("abc", (1, 2, 1), cells, strict=True)]
    problems, _ = told(tmp_path, "\n".join([COUNTED + extra, *lines]), counted)
    assert len(problems) == (0 if extra else 1)


def test_low_rin_and_purity_are_warnings_and_problems_only_with_strict(tmp_path, counted):
    sheet = "sample,rin,purity\na,6.5,90\nb,9,0.5\nc,,\n"
    lines = [
        "samples.csv:2: column 'rin': sample 'a' has RIN 6.5, below --min_rin 7",
        "samples.csv:3: column 'purity': sample 'b' has purity 0.5, below --min_purity 0.85",
    ]
    kept_out = [f"{line}; it will be kept out of the tests" for line in lines]
    assert told(tmp_path, sheet, counted) == ([], kept_out)
    refused = [f"{line}; --strict does not go on without it" for line in lines]
    assert told(tmp_path, sheet, {**counted, "strict": True}) == (refused, [])


def test_the_table_of_samples_has_all_columns_defaults_and_one_row_per_sample(tmp_path, params):
    sheet = (
        "note,sample,fastq_1,fastq_2,treatment,dose_nM,purity,time_h\n"
        "x,a,a1_1.fq.gz,a1_2.fq.gz,DMSO,5,90,24.0\n"
        "x,a,a2_1.fq.gz,a2_2.fq.gz,DMSO,5,90,24.0\n"
        "y,b,b1_1.fq.gz,b1_2.fq.gz,bortezomib,2.50,0.9,\n"
    )
    assert told(tmp_path, sheet, params)[0] == []
    findings, _ = examine(tmp_path / "samples.csv", params)
    assert findings.header == [*SHEET_SCHEMA["properties"], "note", "data_source"]
    assert findings.header[:4] == ["sample", "study", "fastq_1", "fastq_2"]
    first, second = (dict(zip(findings.header, row, strict=True)) for row in findings.rows)
    assert first["fastq_2"] == f"{tmp_path}/a1_2.fq.gz;{tmp_path}/a2_2.fq.gz"
    assert (first["dose_nM"], first["purity"], first["time_h"]) == ("0", "0.9", "24")
    assert (second["dose_nM"], second["purity"], second["time_h"]) == ("2.5", "0.9", None)
    assert (second["study"], second["strandedness"], second["note"]) == ("study", "auto", "y")
    assert second["data_source"] == "reads"


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (
            b"sample,fastq_1\n",
            "samples.csv: has no samples; give it a header line and a line for each sample",
        ),
        (b"", None),
        (
            b"PK\x03\x04\xff\xfe\x00",
            "samples.csv: is a spreadsheet or zip file, not text; save its sheet as CSV or TSV",
        ),
        (b"sample\nd\xe9j\xe0\n", "samples.csv:2: is not UTF-8 text; save it as UTF-8"),
        (b"\x1f\x8bgarbage", "samples.csv: is damaged gzip; get the file again"),
        (
            b'sample,note\na,"' + b"x\n" * 70000,
            "samples.csv:65538: a cell has no end; look for a quote that is not closed",
        ),
        (
            b'sample,cell_line\na,"MM.1S"\nb,"MM.1S\nc,MM.1S\nd,MM.1S\n',
            "samples.csv:3: a quote that begins here is not closed, and took in all lines below; "
            "close it, or remove it",
        ),
    ],
)
def test_a_sheet_that_is_no_table_is_told_once(tmp_path, content, line):
    (tmp_path / "samples.csv").write_bytes(content)
    findings, problems = examine(tmp_path / "samples.csv", {})
    assert findings is None
    empty = f"--input: file '{tmp_path / 'samples.csv'}' is empty; get the file again"
    assert [str(problem) for problem in problems.found] == [line or empty]
