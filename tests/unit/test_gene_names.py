"""Genes of a pack are found in gene tables by symbol, id or old symbol, and never by a guess."""

from __future__ import annotations

import pytest

from rxpress.interpretation.gene_names import PackGene, match_genes

IDS = ["ENSG00000148841.14", "ENSG00000106211", "ENSG00000148773.9", "ENSG00000204389", "ENSG00000019582.1"]
NAMES = ["ITPRIP", "HSPB1", "MKI67", "HSPA1A", "CD74"]
OLD_NAMES = ["KIAA1754", "HSP27", "MKI67", "HSP70", "CD74"]


def find(gene: PackGene, ids: list[str] = IDS, names: list[str] = NAMES) -> tuple[int | None, str, str]:
    (match,) = match_genes([gene], ids, names)
    return match.row, match.matched_by, match.remark


def test_a_current_symbol_is_found() -> None:
    assert find(PackGene("ITPRIP", ("KIAA1754",))) == (0, "symbol", "")


def test_an_old_symbol_in_the_table_is_found_by_the_alias_and_said() -> None:
    gene = PackGene("ITPRIP", ("KIAA1754", "DANGER"))
    assert find(gene, names=OLD_NAMES) == (0, "alias", "by its old symbol KIAA1754")


@pytest.mark.parametrize("symbol", ["ENSG00000148841", "ENSG00000148841.2", "ensg00000148841.14"])
def test_ensembl_ids_match_whatever_their_version(symbol: str) -> None:
    assert find(PackGene(symbol))[:2] == (0, "gene id")


@pytest.mark.parametrize("symbol", ["Mki67", "mki67"])
def test_other_case_is_a_match_of_its_own_kind(symbol: str) -> None:
    assert find(PackGene(symbol))[:2] == (2, "symbol in other case")


def test_a_gene_that_is_nowhere_is_absent() -> None:
    assert find(PackGene("TNFAIP3", ("A20",))) == (None, "absent", "not in the table")


def test_a_symbol_in_two_rows_is_ambiguous_and_both_are_named() -> None:
    row, how, remark = find(PackGene("HSPB1"), ["ENSG1", "ENSG2"], ["HSPB1", "HSPB1"])
    assert (row, how) == (None, "ambiguous")
    assert "HSPB1 (ENSG1), HSPB1 (ENSG2)" in remark


def test_the_exact_symbol_wins_over_one_in_other_case_and_over_an_alias() -> None:
    gene = PackGene("C1orf1", ("OLD1",))
    assert find(gene, ["a", "b", "c"], ["C1ORF1", "OLD1", "C1orf1"])[:2] == (2, "symbol")


def test_a_row_of_several_genes_is_not_the_row_of_one() -> None:
    row, how, remark = find(PackGene("HSPA1A"), ["200800_s_at"], ["HSPA1A /// HSPA1B"])
    assert (row, how) == (None, "ambiguous")
    assert "HSPA1A /// HSPA1B (200800_s_at)" in remark


def test_two_aliases_in_two_rows_are_ambiguous() -> None:
    row, how, remark = find(PackGene("NEW", ("OLD1", "OLD2")), ["a", "b"], ["OLD1", "OLD2"])
    assert (row, how) == (None, "ambiguous")
    assert "OLD1 (a), OLD2 (b)" in remark


def test_an_alias_of_two_genes_of_the_pack_is_ambiguous_for_both_where_the_table_has_it() -> None:
    genes = [PackGene("HSPA1A", ("HSP70",)), PackGene("HSPA1B", ("HSP70",))]
    for match in match_genes(genes, IDS, OLD_NAMES):
        assert (match.row, match.matched_by) == (None, "ambiguous")
        assert "HSP70, an alias of HSPA1A, HSPA1B" in match.remark
    assert match_genes(genes, IDS, NAMES)[0].row == 3


def test_a_gene_that_stands_in_several_rows_of_a_pack_does_not_contend_with_itself() -> None:
    genes = [PackGene("HSPB1", ("HSP27",)), PackGene("HSPB1", ("HSP27",))]
    assert [match.row for match in match_genes(genes, IDS, OLD_NAMES)] == [1, 1]


def test_a_name_in_print_with_candidates_is_never_resolved() -> None:
    row, how, remark = find(PackGene("CLIP", candidates=("CLIP1", "CLIP2", "CD74")))
    assert (row, how) == (None, "ambiguous")
    assert "CLIP1, CLIP2, CD74" in remark


def test_the_copy_of_a_gene_on_y_does_not_make_it_ambiguous() -> None:
    ids = ["ENSG00000002586.20", "ENSG00000002586.20_PAR_Y"]
    assert find(PackGene("CD99"), ids, ["CD99", "CD99"])[:2] == (0, "symbol")
