"""The demo study is what it claims to be: its files agree with each other and with the truth beside them."""

from __future__ import annotations

import csv
import gzip
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from data.demo_study.expression import contrast_weights, draw_gene_counts, true_fold_changes
from data.demo_study.output import RECORD, make_study
from data.demo_study.study import FULL, SMALL, Study, plan_study

COMPLEMENT = str.maketrans("ACGT", "TGCA")
VERSUS = "resistant_vs_sensitive"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    make_study(folder, SMALL)
    return folder


@pytest.fixture(scope="module")
def full() -> Study:
    """The full study without its reads."""
    return plan_study(FULL)


def lines(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt") as handle:
        yield from (line.rstrip("\n") for line in handle)


def fasta(path: Path) -> dict[str, str]:
    """Sequences by the first word of their headers."""
    records = "\n".join(lines(path)).removeprefix(">").split("\n>")
    return {head.split()[0]: "".join(rest) for head, *rest in (record.split("\n") for record in records)}


def mates(path: Path) -> list[str]:
    return list(islice(lines(path), 1, None, 4))


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as handle:
        return list(csv.DictReader(handle, delimiter="," if path.suffix == ".csv" else "\t"))


def reverse_complement(sequence: str) -> str:
    return sequence.translate(COMPLEMENT)[::-1]


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def attribute(name: str, text: str) -> str:
    found = re.search(rf'\b{name} "([^"]+)"', text)
    return found[1] if found else ""


def spliced_by_annotation(folder: Path) -> dict[str, str]:
    """Transcripts cut from the genome by the exon lines of the GTF, in the order of exon numbers."""
    genome = fasta(folder / "genome.fa.gz")
    sequences: dict[str, str] = {}
    for line in lines(folder / "annotation.gtf.gz"):
        if line.startswith("#"):
            continue
        chromosome, _, feature, start, end, _, strand, _, attributes = line.split("\t")
        if feature == "exon":
            exon = genome[chromosome][int(start) - 1 : int(end)]
            name = f"{attribute('transcript_id', attributes)}.{attribute('transcript_version', attributes)}"
            sequences[name] = sequences.get(name, "") + (exon if strand == "+" else reverse_complement(exon))
    return sequences


def test_same_seed_gives_same_bytes_and_another_seed_does_not(small: Path, tmp_path: Path) -> None:
    make_study(tmp_path / "again", SMALL)
    make_study(tmp_path / "other", replace(SMALL, seed=2))
    first, again, other = files(small), files(tmp_path / "again"), files(tmp_path / "other")
    assert again == first
    assert other.keys() == first.keys()
    assert all(other[name] != first[name] for name in first if name.startswith("reads/"))
    assert all(data[4:8] == bytes(4) for name, data in first.items() if name.endswith(".gz"))


def test_a_whole_study_is_kept_and_a_broken_or_different_one_is_made_anew(tmp_path: Path) -> None:
    assert make_study(tmp_path, SMALL)
    before = files(tmp_path)
    assert not make_study(tmp_path, SMALL)
    (tmp_path / "genome.fa.gz").unlink()
    assert make_study(tmp_path, SMALL)
    assert files(tmp_path) == before
    fewer = replace(SMALL, replicates=1)
    assert make_study(tmp_path, fewer)
    assert len(list((tmp_path / "reads").iterdir())) == 2 * (2 * 2 + 1)


def test_the_study_kept_for_the_test_profile_is_what_the_maker_makes(small: Path) -> None:
    kept = Path(__file__).parents[1] / "data" / "small"
    names = [path.relative_to(small) for path in small.rglob("*.*") if path.name != RECORD]
    assert names
    for name in names:
        # Compressed bytes may differ between versions of zlib, what they hold may not.
        unpack = gzip.decompress if name.suffix == ".gz" else bytes
        assert unpack((kept / name).read_bytes()) == unpack((small / name).read_bytes()), name


def test_exons_of_the_annotation_splice_into_the_transcripts(small: Path) -> None:
    assert spliced_by_annotation(small) == fasta(small / "transcripts.fa.gz")
    strands = Counter(
        line.split("\t")[6] for line in lines(small / "annotation.gtf.gz") if "\tgene\t" in line
    )
    assert min(strands["+"], strands["-"]) > 10


def test_every_transcript_is_named_alike_in_annotation_and_truth(small: Path) -> None:
    in_truth = {row["transcript_id"]: row["gene_id"] for row in table(small / "truth/transcript_counts.tsv")}
    names = {row["gene_id"]: row["gene_name"] for row in table(small / "truth/genes.tsv")}
    for line in lines(small / "annotation.gtf.gz"):
        if "\ttranscript\t" in line:
            gene = attribute("gene_id", line)
            assert in_truth.pop(attribute("transcript_id", line) + ".1") == gene
            assert names[gene] == (attribute("gene_name", line) or gene)
    assert not in_truth


def test_samplesheet_names_files_that_exist_and_one_sample_in_two_lanes(small: Path) -> None:
    rows = table(small / "samplesheet.csv")
    assert all((small / row[column]).is_file() for row in rows for column in ("fastq_1", "fastq_2"))
    assert all(value for row in rows for value in row.values())
    assert sorted(Counter(row["sample"] for row in rows).values()) == [1] * 7 + [2]
    assert {(row["cell_line"], row["response"]) for row in rows} == {
        ("MM.1S", "sensitive"),
        ("SUDHL-4", "resistant"),
    }
    assert {(row["treatment"], row["dose_nM"]) for row in rows} == {("DMSO", "0"), ("bortezomib", "20")}


def test_reads_come_from_the_genes_counted_and_are_reverse_stranded(small: Path) -> None:
    """Mate 2 reads the transcript, mate 1 the other strand; a pair is placed by a mate without errors."""
    gene_of = {row["transcript_id"]: row["gene_id"] for row in table(small / "truth/transcript_counts.tsv")}
    size = SMALL.read_length
    origin = {
        sequence[i : i + size]: gene_of[name]
        for name, sequence in fasta(small / "transcripts.fa.gz").items()
        for i in range(len(sequence) - size + 1)
    }
    sample = table(small / "truth/samples.tsv")[-1]
    stem = small / "reads" / sample["sample"]
    pairs = list(zip(mates(Path(f"{stem}_R1.fastq.gz")), mates(Path(f"{stem}_R2.fastq.gz")), strict=True))
    assert len(pairs) == int(sample["pairs"])

    perfect = [(origin.get(reverse_complement(one)), origin.get(two)) for one, two in pairs]
    assert not any(one in origin or reverse_complement(two) in origin for one, two in pairs)
    assert all(one == two for one, two in perfect if one and two)
    placed = Counter(one or two for one, two in perfect)
    unplaced = placed.pop(None)
    true = {row["gene_id"]: int(row[sample["sample"]]) for row in table(small / "truth/counts.tsv")}
    assert int(sample["foreign_pairs"]) <= unplaced <= int(sample["foreign_pairs"]) + 0.03 * len(pairs)
    assert all(placed[gene] <= count for gene, count in true.items())
    assert set(placed) <= set(true)


def test_counts_add_up_to_the_pairs_written(small: Path) -> None:
    genes, transcripts = (table(small / f"truth/{name}.tsv") for name in ("counts", "transcript_counts"))
    sheet = table(small / "samplesheet.csv")
    for sample in table(small / "truth/samples.tsv"):
        name = sample["sample"]
        by_gene: Counter[str] = Counter()
        for row in transcripts:
            by_gene[row["gene_id"]] += int(row[name])
        assert by_gene == {row["gene_id"]: int(row[name]) for row in genes}
        lanes = [row["fastq_1"] for row in sheet if row["sample"] == name]
        written = sum(len(mates(small / lane)) for lane in lanes)
        assert written == int(sample["pairs"]) == by_gene.total() + int(sample["foreign_pairs"])


def test_written_contrasts_follow_from_the_effects_of_genes(small: Path) -> None:
    genes = {row.pop("gene_id"): row for row in table(small / "truth/genes.tsv")}
    for row in table(small / "truth/contrasts.tsv"):
        gene = {name: float(value) for name, value in genes[row["gene_id"]].items() if name != "gene_name"}
        sensitive, resistant = (gene[f"drug_log2_fold_change_{who}"] for who in ("sensitive", "resistant"))
        baseline = gene["baseline_log2_fold_change"]
        expected = {
            ("drug", "MM.1S"): sensitive,
            ("drug", "SUDHL-4"): resistant,
            ("drug", "sensitive"): sensitive,
            ("drug", "resistant"): resistant,
            ("drug", "all"): (sensitive + resistant) / 2,
            ("baseline", VERSUS): baseline,
            ("treated", VERSUS): baseline + resistant - sensitive,
            ("interaction", VERSUS): resistant - sensitive,
        }
        assert float(row["log2_fold_change"]) == pytest.approx(expected[row["family"], row["who"]], abs=1e-6)


def test_panel_genes_move_as_in_the_literature(full: Study) -> None:
    names = [gene.name for gene in full.genes]
    weights = contrast_weights([line.name for line in FULL.lines], FULL.resistant)

    def change(family: str, who: str, gene: str) -> float:
        return true_fold_changes(full.expression, weights[family, who])[names.index(gene)]

    assert change("drug", "all", "PSMB5") > 1
    assert change("drug", "sensitive", "TNFAIP3") < -1
    assert change("drug", "sensitive", "ATF3") > 1
    assert change("drug", "resistant", "ATF3") == 0
    assert change("interaction", VERSUS, "HSPB1") > 1
    assert change("baseline", VERSUS, "PSMD4") > 1
    assert all(change("drug", "all", gene) == 0 for gene in ("GAPDH", "ACTB"))


def test_lines_differ_within_a_class_where_the_class_average_does_not(full: Study) -> None:
    untreated = full.expression.log2_change[:, :, 0]
    differs = untreated[:, 0] != untreated[:, 1]
    baseline = contrast_weights([line.name for line in FULL.lines], FULL.resistant)["baseline", VERSUS]
    assert differs.sum() > 30
    assert not true_fold_changes(full.expression, baseline)[differs].any()


def test_counts_have_the_planted_mean_and_dispersion() -> None:
    mean, dispersion = np.full(100_000, 80.0), np.full(100_000, 0.05)
    counts = draw_gene_counts(np.random.default_rng(1), mean, dispersion)
    assert counts.mean() == pytest.approx(80, rel=0.01)
    assert counts.var() == pytest.approx(80 + 0.05 * 80**2, rel=0.02)


def test_deseq2_finds_what_is_planted_in_every_contrast(full: Study) -> None:
    pd = pytest.importorskip("pandas")
    from pydeseq2.dds import DeseqDataSet
    from pydeseq2.default_inference import DefaultInference
    from pydeseq2.ds import DeseqStats

    conditions = [f"{sample.line}{sample.treatment}" for sample in full.samples]
    frame = pd.DataFrame(full.counts.T, columns=[gene.gene_id for gene in full.genes])
    metadata = pd.DataFrame({"condition": conditions})
    frame.index = metadata.index = [sample.name for sample in full.samples]
    inference = DefaultInference(n_cpus=1)
    dataset = DeseqDataSet(
        counts=frame, metadata=metadata, design="~0 + condition", inference=inference, quiet=True
    )
    dataset.deseq2()
    for who, weights in contrast_weights([line.name for line in FULL.lines], FULL.resistant).items():
        test = DeseqStats(dataset, contrast=weights.ravel(), inference=inference, quiet=True)
        test.run_wald_test()
        test.summary()
        found = test.results_df["padj"].to_numpy() < 0.05
        planted = true_fold_changes(full.expression, weights) != 0
        assert np.mean(found[planted]) >= 0.93, who
        assert np.mean(~planted[found]) <= 0.1, who
