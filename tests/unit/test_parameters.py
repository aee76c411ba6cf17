"""Parameters against the schema: what is unknown, mistyped, out of range or contradictory."""

from __future__ import annotations

import pytest
from input_files import PARAMETER_SCHEMA

from rxpress.checking.parameters import check_parameters, file_parameters, listed, parameter_rules
from rxpress.errors import Problems

RIGHT = {"input": "samples.csv", "outdir": "set"}


def check(params, schema=PARAMETER_SCHEMA):
    problems = Problems()
    values = check_parameters(schema, {**RIGHT, **params}, problems)
    return values, [str(problem) for problem in problems.found]


def test_defaults_of_the_schema_are_right_and_returned():
    values, problems = check({})
    assert problems == []
    assert values.keys() == parameter_rules(PARAMETER_SCHEMA).keys()
    assert (values["alpha"], values["vehicle"], values["counts"]) == (0.05, "DMSO", None)


@pytest.mark.parametrize(
    ("params", "line"),
    [
        ({"min_read": 5}, "--min_read: is not a parameter; did you mean '--min_reads'?"),
        ({"minReads": 5}, "--minReads: is not a parameter; did you mean '--min_reads'?"),
        ({"salmon-index": "x"}, "--salmon-index: is not a parameter; did you mean '--salmon_index'?"),
        ({"zzz": 1}, "--zzz: is not a parameter; `nextflow run . --help` lists them"),
        ({"min_reads": "many"}, "--min_reads: 'many' is not accepted; give a whole number at least 0"),
        ({"min_reads": 2.5}, "--min_reads: '2.5' is not accepted; give a whole number at least 0"),
        ({"min_rin": 12}, "--min_rin: '12' is not accepted; give a number at least 0 and at most 10"),
        ({"alpha": 0}, "--alpha: '0' is not accepted; give a number above 0 and below 1"),
        ({"alpha": "0,05"}, "--alpha: '0,05' is not accepted; give a number above 0 and below 1"),
        (
            {"covariates": ["batch", "sex"]},
            "--covariates: is a list; write its items as one text: 'batch,sex'",
        ),
        ({"strict": "perhaps"}, "--strict: 'perhaps' is not accepted; give true or false"),
        ({"p_value": "ajusted"}, "--p_value: 'ajusted' is not accepted; did you mean 'adjusted'?"),
        ({"p_value": "q"}, "--p_value: 'q' is not accepted; give one of adjusted, raw"),
        ({"gtf": True}, "--gtf: has no value; give a text"),
        ({"gtf": "a.gtf", "gff": "a.gff3"}, "--gff: is given beside --gtf; give one annotation"),
        ({"drug": "bortezomib, DMSO"}, "--drug: 'DMSO' is the vehicle; name the drug, or correct --vehicle"),
        (
            {"skip_trimming": True, "extra_fastp_args": "-q 20"},
            "--extra_fastp_args: fastp does not run with --skip_trimming; drop one of the two",
        ),
        (
            {"kmer_size": 30},
            "--kmer_size: Salmon's k-mers have an odd length; give an odd number, such as 31",
        ),
    ],
)
def test_a_wrong_parameter_is_told(params, line):
    assert check(params)[1] == [line]


def test_a_required_parameter_that_is_missing_is_told():
    assert check({"outdir": None})[1][0].startswith("--outdir: is required; Folder")


def test_text_of_the_command_line_is_taken_as_what_is_asked_for():
    values, problems = check({"alpha": "1e-2", "strict": "true", "min_reads": "500", "drug": 17, "gtf": ""})
    assert problems == []
    assert (values["alpha"], values["strict"], values["min_reads"]) == (0.01, True, 500)
    assert (values["drug"], values["gtf"]) == ("17", None)


@pytest.mark.parametrize(("name", "value"), [("length_correction", "offset"), ("fit", "cell_line")])
def test_what_pydeseq2_cannot_do_is_told(name, value):
    line = f"--{name}: {value} is not known to --inference pydeseq2; use --inference batched"
    assert check({"inference": "pydeseq2", name: value})[1] == [line]


def test_a_refused_value_leaves_the_default_for_later_checks():
    assert check({"min_rin": "high"})[0]["min_rin"] == 7


def test_all_that_is_wrong_comes_in_the_order_given():
    params = {"zzz": 1, "alpha": 2, "strict": "x", "gtf": "a", "gff": "b"}
    assert [line.split(":")[0] for line in check(params)[1]] == ["--zzz", "--strict", "--alpha", "--gff"]


def test_files_to_read_are_known_by_their_format():
    assert {"input", "transcripts", "gtf", "salmon_index", "counts"} <= set(file_parameters(PARAMETER_SCHEMA))
    assert "outdir" not in file_parameters(PARAMETER_SCHEMA)


def test_comma_separated_values_are_split_and_stripped():
    assert (listed("a, b,,c "), listed(None)) == (["a", "b", "c"], [])
