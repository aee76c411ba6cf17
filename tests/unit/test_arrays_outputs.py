"""The files of a study on arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from rxpress.arrays.outputs import write_study
from rxpress.tables import GeneMatrix, read_json


def test_a_study_is_written_as_every_later_step_reads_it(tmp_path: Path) -> None:
    probesets = GeneMatrix(
        np.array(["1_at", "2_at"]), np.array(["TP53", "2_at"]), ["b", "a"], np.array([[1.5, 2], [3, 4]])
    )
    genes = GeneMatrix(np.array(["7157"]), np.array(["TP53"]), ["b", "a"], np.array([[1.5, 2]]))
    quality = {"quality.tsv": pd.DataFrame({"sample": ["b", "a"], "rle_median": [0.5, np.nan]})}
    calls = np.array([["P", "A"], ["M", "P"]])
    write_study(tmp_path, probesets, genes, quality, {"source": "cel"}, calls)
    assert (tmp_path / "probeset_expression.tsv").read_text() == (
        "gene_id\tgene_name\tb\ta\n1_at\tTP53\t1.5\t2\n2_at\t2_at\t3\t4\n"
    )
    assert (tmp_path / "gene_expression.tsv").read_text() == "gene_id\tgene_name\tb\ta\n7157\tTP53\t1.5\t2\n"
    assert (tmp_path / "detection_calls.tsv").read_text() == (
        "gene_id\tgene_name\tb\ta\n1_at\tTP53\tP\tA\n2_at\t2_at\tM\tP\n"
    )
    assert (tmp_path / "arrays/quality.tsv").read_text() == "sample\trle_median\nb\t0.5\na\tNA\n"
    assert read_json(tmp_path / "arrays/arrays.json") == {"source": "cel"}
