"""From probesets to genes: numbers by hand, and counts that add up whatever the annotation says."""

from __future__ import annotations

import numpy as np
import pytest

from rxpress.arrays.genes import to_genes
from rxpress.arrays.probe_annotation import ProbeAnnotation
from rxpress.errors import InputError
from rxpress.tables import GeneMatrix

# Means: 5, 7, 6, 6, 9, 4, 10.
ROWS = {
    "1_at": ("TP53", [4, 6]),
    "2_at": ("TP53", [9, 5]),
    "3_at": ("MYC", [6, 6]),
    "4_at": ("MYC", [5, 7]),
    "5_at": ("MYC JUN", [9, 9]),
    "6_at": ("", [4, 4]),
    "AFFX-HUMGAPDH/M33197_3_at": ("GAPDH", [10, 10]),
}
ENTREZ = {"1_at": "7157", "2_at": "7157", "3_at": "4609", "4_at": "4609"}


def matrix() -> GeneMatrix:
    ids = np.array(list(ROWS))
    return GeneMatrix(ids, ids, ["a", "b"], np.array([values for _, values in ROWS.values()], float))


def annotation(ids: dict[str, str] | None = None) -> ProbeAnnotation:
    symbols = {probeset: tuple(names.split()) for probeset, (names, _) in ROWS.items()}
    return ProbeAnnotation("x.annot", "table", symbols, {name: (i,) for name, i in (ids or {}).items()})


def test_a_gene_is_its_probeset_with_the_highest_mean_and_the_first_of_equals() -> None:
    probesets, genes, facts = to_genes(matrix(), annotation(ENTREZ), "highest_mean")
    assert genes.gene_ids.tolist() == ["7157", "4609"]
    assert genes.gene_names.tolist() == ["TP53", "MYC"]
    assert genes.values.tolist() == [[9, 5], [6, 6]]
    assert probesets.gene_names.tolist() == ["TP53", "TP53", "MYC", "MYC", "MYC /// JUN", "6_at", "GAPDH"]
    counted = ("probesets", "annotated", "unannotated", "ambiguous_dropped", "controls_dropped")
    assert [facts[name] for name in counted] == [7, 4, 1, 1, 1]
    assert (facts["genes"], facts["reduced_probesets"], facts["how"]) == (2, 2, "highest_mean")


def test_kept_apart_every_probeset_of_one_gene_or_none_stands_for_itself() -> None:
    _, genes, facts = to_genes(matrix(), annotation(ENTREZ), "apart")
    assert genes.gene_ids.tolist() == ["1_at", "2_at", "3_at", "4_at", "6_at"]
    assert genes.gene_names.tolist() == ["TP53", "TP53", "MYC", "MYC", "6_at"]
    assert (facts["genes"], facts["reduced_probesets"], facts["ambiguous_dropped"]) == (2, 0, 1)


def test_without_annotation_all_but_control_probesets_are_kept() -> None:
    _, genes, facts = to_genes(matrix(), None, "highest_mean")
    assert genes.gene_ids.tolist() == list(ROWS)[:6]
    assert (facts["how"], facts["file"], facts["unannotated"]) == ("apart", None, 6)


def test_a_gene_has_an_id_only_if_it_is_one_and_no_other_gene_has_it() -> None:
    names = [f"G{i}" for i in range(20)]
    ids = np.array([f"{name}_at" for name in names])
    symbols = {f"{name}_at": (name,) for name in names}
    entrez: dict[str, tuple[str, ...]] = {f"{name}_at": (str(i),) for i, name in enumerate(names)}
    expression = GeneMatrix(ids, ids, ["a"], np.ones((20, 1)))

    def ids_of(changes: dict[str, tuple[str, ...]]) -> list[str]:
        given = ProbeAnnotation("x", "table", symbols, entrez | changes)
        return to_genes(expression, given, "highest_mean")[1].gene_ids.tolist()[:4]

    assert ids_of({}) == ["0", "1", "2", "3"]
    assert ids_of({"G1_at": ("1", "100")}) == ["0", "G1", "2", "3"]
    assert ids_of({"G2_at": ("3",)}) == ["0", "1", "G2", "G3"]
    assert ids_of({f"G{i}_at": () for i in range(3, 6)}) == ["G0", "G1", "G2", "G3"]  # 17 of 20 are too few


def test_an_annotation_that_leaves_no_gene_is_refused() -> None:
    symbols = dict.fromkeys(ROWS, ("A", "B"))
    with pytest.raises(InputError, match="x: none of the 7 probesets is of one gene and no control"):
        to_genes(matrix(), ProbeAnnotation("x", "table", symbols, {}), "highest_mean")


@pytest.mark.parametrize("how", ["highest_mean", "apart"])
@pytest.mark.parametrize("seed", range(20))
def test_no_probeset_vanishes_uncounted(how: str, seed: int) -> None:
    random = np.random.default_rng(seed)
    n = int(random.integers(20, 200))
    ids = np.array([f"{'AFFX-' if random.random() < 0.1 else ''}{i}_at" for i in range(n)])
    pick = {
        i: tuple(f"G{g}" for g in set(random.integers(0, 40, random.integers(0, 3)).tolist()))
        for i in ids.tolist()
    }
    known = {i: genes for i, genes in pick.items() if random.random() < 0.9}
    entrez = {i: tuple(g[1:] for g in genes if random.random() < 0.99) for i, genes in known.items()}
    expression = GeneMatrix(ids, ids, ["a", "b"], random.normal(8, 2, (n, 2)).round(1))
    probesets, genes, facts = to_genes(expression, ProbeAnnotation("x", "table", known, entrez), how)
    dropped = facts["controls_dropped"] + facts["ambiguous_dropped"]
    assert facts["probesets"] == n == dropped + facts["unannotated"] + facts["annotated"]
    assert probesets.gene_ids.tolist() == ids.tolist()
    assert len(set(genes.gene_ids.tolist())) == len(genes.gene_ids) == facts["rows"] == len(genes.values)
    if how == "apart":
        assert len(genes.gene_ids) == n - dropped
    else:
        assert len(genes.gene_ids) == facts["genes"] == facts["annotated"] - facts["reduced_probesets"]
        for name, values in zip(genes.gene_names.tolist(), genes.values, strict=True):
            rivals = [i for i, named in enumerate(map(known.get, ids.tolist())) if named == (name,)]
            rivals = [i for i in rivals if not ids[i].startswith("AFFX")]
            assert values.mean() == max(expression.values[i].mean() for i in rivals)
