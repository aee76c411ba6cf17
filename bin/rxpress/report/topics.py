"""The topics of the report in their order, and what a biologist should know when looking at each.

Texts may hold `{alpha}`, `{fold_change}` and `{rule}` (what a call goes by); see Results.facts. Topics have
the same order in assets/multiqc_config.yml.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Topic:
    """A heading of the report: `id` for MultiQC, the name that is shown, and the paragraph below it."""

    id: str
    name: str
    about: str = ""

    def text(self, facts: Mapping[str, str]) -> str:
        return " ".join(inspect.cleandoc(self.about).format(**facts).split())


SUMMARY = Topic(
    "rxpress_summary",
    "What came out",
    "The answer in short; the sections below show it in full.",
)

CALLS = Topic(
    "rxpress_calls",
    "Genes called per contrast",
    """
    Genes that rise (up) or fall (down) at least {fold_change}-fold with {rule} below {alpha}, per
    contrast. Numbers: tables/calls.tsv.
    """,
)

CONTRASTS = Topic(
    "rxpress_contrasts",
    "Contrasts",
    """
    The same calls in numbers, with the genes of smallest p-value. The whole gene table of a contrast is
    differential/<study>/<table>.tsv; docs/output.md explains its columns. Numbers: tables/calls.tsv.
    """,
)

CLAIMS = Topic(
    "rxpress_claims",
    "What may be claimed",
    """
    How far the numbers of this report reach, contrast by contrast. A p-value speaks of what was replicated:
    only a test over lines, which takes each line for one replicate, may be called a marker of resistance.
    Table: tables/claims.tsv.
    """,
)

_DRAWN = """
    Drawn are all called genes and at most 1,000 of the others, crowded places thinned, never more than
    4,000; the figures of the same name in figures/ show all.
"""

VOLCANO = Topic(
    "rxpress_volcano",
    "Volcano plots",
    f"""
    Each tested gene by its change (right: higher) and by how hard chance could explain it (up: harder;
    the p-value is the one before adjustment). Orange genes are called up, blue ones down; dashed lines
    stand at the fold change that a call needs. {_DRAWN} Numbers: tables/volcano_genes.tsv, all genes:
    differential/<study>/<contrast>.tsv.
    """,
)

MA = Topic(
    "rxpress_ma",
    "MA plots",
    f"""
    Each tested gene by its mean expression and its change. Changes are shrunken: poorly measured ones
    are drawn to zero, so that what stands far out can be believed. The grey cloud should lie around zero
    along its whole length. {_DRAWN} Numbers: tables/ma_genes.tsv, all genes:
    differential/<study>/<contrast>.tsv.
    """,
)

FOLD_CHANGES = Topic(
    "rxpress_fold_changes",
    "Fold changes across contrasts",
    """
    Shrunken log2 fold changes of the 40 genes of smallest p-value in any contrast, in every contrast:
    orange higher, blue lower. Rows that keep their colour respond everywhere; rows that do not tell
    contrasts apart. Numbers: tables/fold_changes_<study>.tsv.
    """,
)

HEATMAP = Topic(
    "rxpress_heatmap",
    "Strongest genes",
    """
    Expression of up to 40 genes as z-scores: how many standard deviations a sample lies above (orange)
    or below (blue) the gene's mean. Genes and samples stand in the order of an average-linkage
    clustering. Numbers: tables/heatmap_<study>.tsv.
    """,
)

TOP_GENES = Topic(
    "rxpress_top_genes",
    "First genes of each contrast",
    """
    The 20 genes of smallest p-value in each contrast, whether called or not. Numbers:
    tables/top_genes_<study>_<contrast>.tsv, all genes: differential/<study>/<contrast>.tsv.
    """,
)

SECOND_OPINION = Topic(
    "rxpress_second_opinion",
    "Second opinion",
    """
    The same contrasts by two methods: DESeq2, negative binomial models of counts, and limma-voom, linear
    models of log counts. Calls of all other sections are those of one, named under Methods. A gene that
    both call rests on more than the choice of a model; look at the counts of one that a method alone calls
    before you believe it. limma does not test genes with few counts. Numbers:
    tables/second_opinion_<study>.tsv, all called genes: differential/<study>/second_opinion_genes.tsv.
    """,
)

PCA = Topic(
    "rxpress_pca",
    "Principal components",
    """
    Each sample as a point: log2 expression of the 500 most variable genes, turned so that the first axis
    shows most of their variation. Replicates should lie together; a sample among others than its
    replicates may be swapped or have failed. Colour: line or patient; shape: treatment. Numbers:
    tables/pca_<study>.tsv and tables/pca_variance_<study>.tsv, from
    expression/<study>/log2_expression.tsv.
    """,
)

DISTANCES = Topic(
    "rxpress_distances",
    "Sample distances",
    """
    Euclidean distance between each two samples over the log2 expression of all genes; dark is near.
    Samples stand in the order of an average-linkage clustering. Replicates should form dark blocks.
    Numbers: tables/sample_distances_<study>.tsv.
    """,
)

SAMPLES = Topic(
    "rxpress_samples",
    "Samples",
    """
    Samples kept and left out. One that is left out is named with the reason, here and in
    inputs/excluded_samples.tsv, and enters no test and no figure of expression. Numbers:
    tables/samples.tsv.
    """,
)

READS = Topic(
    "rxpress_reads",
    "Where the reads went",
    """
    Reads of each sample (a pair counts once) and what became of them: removed by fastp, not mapped by
    Salmon, or mapped to transcripts and counted. Numbers: tables/libraries.tsv.
    """,
)

LIBRARIES = Topic(
    "rxpress_libraries",
    "Library type and strandedness",
    """
    Whether a read tells which strand its transcript came from. What is found rests on all mapped reads; the
    library type is Salmon's, settled after its first ones (with few reads it stays unstranded, e.g. IU). A
    declared strandedness that the reads contradict loses counts and is worth a look.
    Numbers: tables/libraries.tsv.
    """,
)

P_VALUES = Topic(
    "rxpress_p_values",
    "P-values",
    """
    How many genes have a p-value of each size. Flat with a peak at the left is what a good test gives:
    the flat part are genes that do not change, the peak those that do. A slope up to the right, or a
    hump, means that the model does not fit, often because of an unknown batch. Numbers:
    tables/p_values.tsv.
    """,
)

DISPERSIONS = Topic(
    "rxpress_dispersions",
    "Dispersions",
    """
    How much replicates of a gene vary beyond what counting explains (squared coefficient of variation),
    against its mean count. Tests use values drawn from each gene's own towards the trend; a cloud that
    falls with the mean and levels off is usual. Numbers: tables/dispersions_<study>.tsv, all genes:
    differential/<study>/dispersions.tsv.
    """,
)

WARNINGS = Topic(
    "rxpress_warnings",
    "Warnings and notes",
    "What was noticed on the way and did not stop the run. Table: tables/warnings.tsv.",
)

METHODS = Topic(
    "rxpress_methods",
    "Methods",
    "A text for the methods part of a paper; docs/methods.md has the formulas.",
)

PARAMETERS = Topic(
    "rxpress_parameters",
    "Parameters",
    """
    All parameters of this run, those that differ from their default first. Also in
    provenance/params.json; table: tables/parameters.tsv.
    """,
)

GENERAL = Topic("rxpress_general", "General statistics")

IN_ORDER = (
    *(SUMMARY, CALLS, CONTRASTS, CLAIMS, VOLCANO, MA, FOLD_CHANGES, HEATMAP, TOP_GENES),
    *(SECOND_OPINION, PCA, DISTANCES, SAMPLES, READS, LIBRARIES, P_VALUES, DISPERSIONS),
    *(WARNINGS, METHODS, PARAMETERS),
)
