"""What is said of alignments, counted by hand in small files and planted in made libraries."""

from __future__ import annotations

import random
import statistics

import pytest
from alignment_files import (
    DUPLICATE,
    FIRST,
    LENGTH,
    MATE_UNMAPPED,
    PAIRED,
    REVERSE,
    SECOND,
    SECONDARY,
    SUPPLEMENTARY,
    UNMAPPED,
    Transcript,
    gtf,
    made_library,
    made_transcripts,
    pair,
    record,
    sorted_by_place,
    transcript_pair,
    write_bam,
)

from rxpress.alignments.exons import read_exons
from rxpress.alignments.quality import describe_missing, examine_alignments
from rxpress.errors import InputError

# On 1: a gene of two exons, one inside its intron on the other strand, and one of a single exon.
GENES = [
    Transcript("A.1", "A", "1", "+", ((1000, 1200), (2000, 2400))),
    Transcript("B.1", "B", "1", "-", ((1400, 1700),)),
    Transcript("C.1", "C", "1", "-", ((5000, 6000),)),
]
COUNTS = ("reads", "fragments", "mapped_fragments", "unique_fragments", "multi_fragments")


@pytest.fixture
def examine(tmp_path):
    def examine(records, genes=GENES, order="unsorted"):
        annotation = tmp_path / "exons.gtf"
        annotation.write_text(gtf(genes))
        return examine_alignments([write_bam(tmp_path / "a.bam", records, order)], read_exons(annotation))

    return examine


def counts(quality):
    return tuple(getattr(quality, name) for name in COUNTS)


def test_single_reads_are_fragments(examine):
    quality = examine([record("a"), record("b", REVERSE, tags={"NH": 3}), record("c", UNMAPPED)])
    assert counts(quality) == (3, 3, 2, 1, 1)
    assert (quality.paired, quality.proper_pairs, quality.unique_by) == (False, 0, "NH")
    assert quality.insert_size is None
    assert quality.mean_read_length == LENGTH


def test_pairs_orphans_and_unmapped_pairs_are_one_fragment_each(examine):
    orphan_1 = [
        record("o", PAIRED | FIRST | MATE_UNMAPPED),
        record("o", PAIRED | SECOND | UNMAPPED, mate=("1", 100)),
    ]
    orphan_2 = [
        record("p", PAIRED | FIRST | UNMAPPED, mate=("1", 100)),
        record("p", PAIRED | SECOND | MATE_UNMAPPED),
    ]
    alone = [record("q", PAIRED | SECOND | MATE_UNMAPPED)]  # an aligner that leaves unmapped mates out
    nothing = [record("u", PAIRED | UNMAPPED | MATE_UNMAPPED | mate) for mate in (FIRST, SECOND)]
    proper = pair("a", [(100, 150)], [(200, 250)])
    quality = examine([*orphan_1, *orphan_2, *alone, *nothing, *proper])
    assert counts(quality) == (9, 5, 4, 4, 0)
    assert (quality.paired, quality.proper_pairs) == (True, 1)


def test_secondary_and_supplementary_records_count_for_nothing(examine):
    places = pair("a", [(1000, 1050)], [(1100, 1150)], tags={"NH": 2})
    elsewhere = pair("a", [(5000, 5050)], [(5100, 5150)], tags={"NH": 2}, more_flags=SECONDARY)
    piece = record("a", SUPPLEMENTARY, 8000)
    once, more = examine(places), examine([*places, *elsewhere, piece])
    assert once == more
    assert counts(once) == (2, 1, 1, 0, 1)
    assert once.exonic_bases == 100


def test_without_nh_a_doubtful_mapping_quality_means_several_places(examine):
    qualities = (0, 1, 3, 4, 30, 255)
    quality = examine([record(f"r{q}", quality=q, tags={"XX": 1}) for q in qualities])
    assert (quality.unique_by, quality.unique_fragments, quality.multi_fragments) == ("mapping quality", 3, 3)


@pytest.mark.parametrize("order", ["coordinate", "unsorted"])
def test_a_file_without_reads_is_told_in_zeros(examine, order):
    quality = examine([], order=order)
    assert counts(quality) == (0, 0, 0, 0, 0)
    assert (quality.strandedness, quality.judged_fragments) == ("undetermined", 0)
    assert (quality.coverage, quality.bias_3prime, quality.insert_size) == ((), None, None)
    assert quality.duplicate_share == 0


def test_bases_are_exonic_intronic_or_intergenic(examine):
    spliced = record("s", 0, 1180, "20M800N30M")  # ends one exon of A, begins the next
    deleted = record("d", 0, 5000, "20M10D30M")
    clipped = record("c", 0, 1990, "5S45M")  # 10 in the intron, 35 in the exon
    within = record("i", 0, 1300, "50M")
    outside = record("o", 0, 2390, "50M")  # 10 in the exon, 40 behind the gene
    far = record("f", 0, 100, "50M", sequence="2")
    quality = examine([spliced, deleted, clipped, within, outside, far])
    assert (quality.exonic_bases, quality.intronic_bases, quality.intergenic_bases) == (145, 60, 90)
    assert quality.spliced_reads == 1


def test_duplicates_share_their_ends_and_strand_however_they_are_clipped(examine):
    first = pair("a", [(1000, 1050)], [(1100, 1150)])
    same = pair("b", [(1000, 1050)], [(1100, 1150)])
    longer = pair("c", [(1000, 1050)], [(1101, 1151)])
    turned = pair("d", [(1000, 1050)], [(1100, 1150)], first_on_left=False)
    elsewhere = pair("e", [(1000, 1050)], [(1100, 1150)], "2")
    assert examine([*first, *same, *longer, *turned, *elsewhere]).duplicate_share == pytest.approx(1 / 5)
    clipped = [
        record("a", 0, 1000),
        record("b", 0, 1005, "5S45M"),
        record("c", REVERSE, 1000),
        record("d", REVERSE, 1005, "45M5S"),
    ]
    assert examine(clipped).duplicate_share == pytest.approx(1 / 4)
    ends = [record("a", REVERSE, 1000), record("b", REVERSE, 1010, "40M", bases=40)]
    assert examine(ends).duplicate_share == pytest.approx(1 / 2)


def test_duplicates_that_are_flagged_are_counted_apart(examine):
    marked = pair("b", [(1000, 1050)], [(1100, 1150)], more_flags=DUPLICATE)
    quality = examine([*pair("a", [(3000, 3050)], [(3100, 3150)]), *marked, record("c", DUPLICATE)])
    assert (quality.flagged_duplicates, quality.duplicate_share, quality.duplicates_estimated) == (
        2,
        0,
        False,
    )


@pytest.mark.parametrize(
    ("sense", "strandedness", "pairs", "single"),
    [
        (1.0, "forward", "ISF", "SF"),
        (0.0, "reverse", "ISR", "SR"),
        (0.5, "unstranded", "IU", "U"),
        (0.7, "undetermined", "IU", "U"),
    ],
)
def test_the_planted_strand_is_found_in_pairs_and_in_their_first_reads(
    examine, sense, strandedness, pairs, single
):
    library = made_library(fragments=3000, sense=sense)
    quality = examine(library, made_transcripts())
    assert (quality.strandedness, quality.library_type) == (strandedness, pairs)
    assert quality.forward_share == pytest.approx(sense, abs=0.03)
    first = [{**r, "flag": str(int(r["flag"]) & REVERSE)} for r in library if int(r["flag"]) & FIRST]
    assert examine(first, made_transcripts()).library_type == single
    mates = [
        {**r, "flag": str(int(r["flag"]) & REVERSE | PAIRED | SECOND | MATE_UNMAPPED)}
        for r in library
        if int(r["flag"]) & SECOND
    ]
    assert examine(mates, made_transcripts()).library_type == pairs


def test_fragments_that_touch_both_strands_or_several_places_do_not_judge_the_strand(examine):
    genes = [*GENES, Transcript("D.1", "D", "1", "+", ((5500, 7000),))]
    clear = [record(f"c{i}", 0, 5100) for i in range(200)]
    both = [record(f"b{i}", 0, 5600) for i in range(200)]
    multi = [record(f"m{i}", 0, 6500, tags={"NH": 2}) for i in range(200)]
    quality = examine([*clear, *both, *multi], genes)
    assert (quality.judged_fragments, quality.strandedness) == (200, "reverse")


def test_insert_sizes_leave_introns_out(examine):
    across = Transcript("A.1", "A", "1", "+", ((1000, 1200), (2000, 2400)))
    pairs = [r for i in range(50) for r in transcript_pair(f"a{i}", across, 20 + i, 250 + i, True)]
    beyond = pair("x", [(900, 950)], [(1100, 1150)])  # begins outside of any exon
    quality = examine([*pairs, *beyond])
    sizes = quality.insert_size
    assert (sizes.judged, sizes.lower_quartile, sizes.median, sizes.upper_quartile) == (50, 230, 230, 230)
    assert sizes.counts == (0,) * 23 + (50,)


def test_insert_sizes_are_not_taken_where_a_transcript_skips_an_exon(examine):
    whole = Transcript("A.1", "A", "1", "+", ((1000, 1200), (1400, 1500), (2000, 2400)))
    skips = Transcript("A.2", "A", "1", "+", ((1000, 1200), (2000, 2400)))
    unsure = transcript_pair("u", skips, 100, 280, True)
    sure = transcript_pair("s", whole, 350, 550, True)
    ends_in_the_exon = transcript_pair("e", whole, 100, 280, True)
    sizes = examine([*unsure, *sure, *ends_in_the_exon], [whole, skips]).insert_size
    assert (sizes.judged, sizes.lower_quartile, sizes.upper_quartile) == (2, 180, 200)


def test_insert_sizes_of_a_made_library_are_the_planted_ones(examine):
    sizes = examine(made_library(), made_transcripts()).insert_size
    normal = statistics.NormalDist(180, 30)
    planted = [normal.inv_cdf(share) for share in (0.25, 0.5, 0.75)]
    assert [sizes.lower_quartile, sizes.median, sizes.upper_quartile] == pytest.approx(planted, abs=3)
    assert sum(sizes.counts) == sizes.judged > 1000


@pytest.mark.parametrize("strand", ["+", "-"])
def test_coverage_is_the_depth_of_each_hundredth_from_5_to_3_prime(examine, strand):
    gene = Transcript("A.1", "A", "1", strand, ((1000, 1200), (2000, 2400), (3000, 3400)))
    rng = random.Random(5)
    depth = [0] * gene.length
    records = []
    for i in range(300):
        start = min(int(rng.triangular(0, gene.length, gene.length)), gene.length - 120)
        records += transcript_pair(f"f{i}", gene, start, start + 120, True)
        for base in [*range(start, start + LENGTH), *range(start + 120 - LENGTH, start + 120)]:
            depth[base] += 1
    if strand == "-":
        depth.reverse()
    bins = [sum(depth[i : i + 10]) / 10 for i in range(0, gene.length, 10)]
    expected = [b / statistics.mean(bins) for b in bins]
    quality = examine(records, [gene])
    assert quality.covered_genes == 1
    assert quality.coverage == pytest.approx(expected, abs=1e-4)
    assert quality.bias_3prime == pytest.approx(sum(bins[70:90]) / sum(bins[10:30]), rel=1e-3)
    assert (quality.bias_3prime > 1.5) == (strand == "+")


def degraded_library(genes, intact):
    """Fragments that lie within the last part of their transcripts: `intact` of the length is left."""
    rng = random.Random(9)
    records = []
    for i in range(6000):
        gene = rng.choice([g for g in genes if g.length >= 1000])
        left = max(round(gene.length * intact), 150)
        start = rng.randint(0, left - 150) + (gene.length - left if gene.strand == "+" else 0)
        records += transcript_pair(f"d{i}", gene, start, start + 150, False)
    return records


def test_degraded_libraries_show_at_their_3_prime_ends(examine):
    genes = [t for t in made_transcripts() if t.name.endswith(".1")]
    biases = [examine(degraded_library(genes, intact), genes).bias_3prime for intact in (1.0, 0.8, 0.6)]
    assert biases[0] == pytest.approx(1, abs=0.1)
    assert biases[0] * 1.3 < biases[1]
    assert biases[1] * 2 < biases[2]


def test_the_order_of_records_is_seen_and_does_not_matter(examine):
    library = [*made_library(fragments=500), record("u", UNMAPPED)]
    by_name = examine(library, made_transcripts(), "queryname")
    by_place = examine(sorted_by_place(library), made_transcripts(), "coordinate")
    claimed = examine(library, made_transcripts(), "coordinate")
    unsaid = examine(sorted_by_place(library), made_transcripts(), "unsorted")
    orders = [q.sort_order for q in (by_name, by_place, claimed, unsaid)]
    assert orders == ["queryname", "coordinate", "unsorted", "coordinate"]
    facts = [
        {k: v for k, v in q.as_json().items() if k not in ("sort_order", "coverage", "bias_3prime")}
        for q in (by_name, by_place)
    ]
    assert facts[0] == facts[1]
    assert by_name.coverage == pytest.approx(by_place.coverage, abs=2e-4)


def test_several_files_of_a_sample_are_one_library(tmp_path, examine):
    library = made_library(fragments=200) * 2
    together = examine(library, made_transcripts())
    models = read_exons(tmp_path / "exons.gtf")
    assert together.duplicate_share == pytest.approx(0.5, abs=0.01)
    other_order = {"MT": 5_000, "2": 40_000, "1": 60_000}
    parts = [
        write_bam(tmp_path / "first.bam", library[:400]),
        write_bam(tmp_path / "second.bam", library[400:], sequences=other_order),
    ]
    quality = examine_alignments(parts, models)
    assert counts(quality) == counts(together)
    assert quality.exonic_bases == together.exonic_bases
    assert quality.forward_share == together.forward_share
    assert quality.duplicate_share == together.duplicate_share


def test_every_file_that_is_wrong_is_named_at_once(tmp_path, examine):
    examine([])
    (tmp_path / "x.bam").write_bytes(b"@HD\tVN:1.6\n")
    (tmp_path / "y.bam").write_bytes((tmp_path / "a.bam").read_bytes()[:-28])
    paths = [tmp_path / name for name in ("x.bam", "a.bam", "y.bam")]
    with pytest.raises(InputError) as error:
        examine_alignments(paths, read_exons(tmp_path / "exons.gtf"))
    assert [problem.file for problem in error.value.problems] == ["x.bam", "y.bam"]


def test_sequences_under_another_name_are_told_with_the_name(tmp_path, examine):
    genes = [Transcript("A.1", "A", name, "+", ((1000, 2000),)) for name in ("chr1", "chrM", "Chr2")]
    quality = examine(
        [*(record(f"r{i}") for i in range(3)), record("m", sequence="MT"), record("t", sequence="2")], genes
    )
    missing = [(m.sequence, m.reads, m.known_as) for m in quality.sequences_missing]
    assert missing == [("1", 3, "chr1"), ("2", 1, "Chr2"), ("MT", 1, "chrM")]
    assert describe_missing(quality) == (
        "5 of 5 reads lie on sequences that the annotation does not have: 1, 2, MT; "
        "did you mean 'chr1' by '1'?"
    )
    assert (quality.exonic_bases, quality.intergenic_bases) == (0, 5 * LENGTH)


def test_few_reads_on_sequences_without_genes_are_not_worth_a_warning(examine):
    quality = examine([*(record(f"r{i}") for i in range(20)), record("m", sequence="MT")])
    assert [(m.sequence, m.reads, m.known_as) for m in quality.sequences_missing] == [("MT", 1, "")]
    assert describe_missing(quality) == ""
    many = examine([record("a"), record("m", sequence="MT")])
    assert describe_missing(many) == "1 of 2 reads lie on sequences that the annotation does not have: MT"
