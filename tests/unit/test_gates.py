"""Gates: who is tested and who is not, with every reason."""

from __future__ import annotations

import pandas as pd
import pytest

from rxpress.design.gates import Gates, apply_gates, read_reasons, sheet_reasons

GATES = Gates(min_reads=100000, min_mapped_percent=40, min_rin=7, min_purity=0.85)
GOOD = {"passed": True, "reason": "", "reads": 200000, "percent_mapped": 91.25, "library_type": "ISR"}


@pytest.mark.parametrize(
    ("status", "reasons"),
    [
        (GOOD, []),
        (GOOD | {"reads": 12034}, ["12,034 reads after trimming, fewer than --min_reads 100000"]),
        (GOOD | {"reads": 100000, "percent_mapped": 40.0}, []),
        (GOOD | {"percent_mapped": 39.996}, ["39.996 % of reads mapped, below --min_mapped_percent 40"]),
        (GOOD | {"passed": False, "reason": "b.fq.gz is truncated", "reads": 0}, ["b.fq.gz is truncated"]),
    ],
)
def test_reads_are_judged_by_their_number_and_mapping(status, reasons):
    assert read_reasons(status, GATES) == reasons


@pytest.mark.parametrize(
    ("rin", "purity", "reasons"),
    [
        (7.0, 0.85, []),
        (None, None, []),
        (6.9, 0.5, ["RIN 6.9, below --min_rin 7", "purity 0.5, below --min_purity 0.85"]),
    ],
)
def test_rin_and_purity_are_judged_where_they_are_known(rin, purity, reasons):
    assert sheet_reasons(rin, purity, GATES) == reasons


def test_a_sample_is_kept_out_with_all_its_reasons_and_the_others_stay():
    samples = pd.DataFrame({"sample": ["a", "b"], "fastq_1": ["a.fq", "b.fq"], "rin": [5.0, None]})
    judged = apply_gates(samples, {"a": GOOD | {"reads": 7}, "b": GOOD}, GATES)
    assert judged["kept"].tolist() == [False, True]
    assert (
        judged["reason"][0]
        == "7 reads after trimming, fewer than --min_reads 100000; RIN 5, below --min_rin 7"
    )
    assert judged["reads"].tolist() == [7, 200000]
    assert judged["library_type"].tolist() == ["ISR", "ISR"]


def test_quant_folders_and_counts_have_no_reads_to_judge():
    samples = pd.DataFrame({"sample": ["a", "b"], "quant": ["a", None], "fastq_1": [None, "b.fq"]})
    judged = apply_gates(samples, {"b": GOOD}, GATES)
    assert judged["kept"].all()
    assert judged["reads"].isna().tolist() == [True, False]


def test_reads_that_were_never_quantified_are_not_taken_for_good():
    samples = pd.DataFrame({"sample": ["a", "b"], "fastq_1": ["a.fq", "b.fq"]})
    judged = apply_gates(samples, {"b": GOOD}, GATES)
    assert judged["reason"].tolist() == ["its reads were not quantified", None]
