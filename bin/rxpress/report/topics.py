"""The topics of the report in their order, and what a biologist should know when looking at each.

Texts may hold `{alpha}`, `{fold_change}`, `{rule}` (what a call goes by) and others of Results.facts. Topics
have the same order in assets/multiqc_config.yml.
"""

from __future__ import annotations

from rxpress.report.quality_topics import (
    ALIGNMENTS,
    ARRAY_BOXES,
    ARRAY_MA,
    ARRAYS,
    DENSITIES,
    DISPERSIONS,
    GENE_BODY,
    INSERTS,
    LIBRARIES,
    P_VALUES,
    PROBESETS,
    READS,
    SAMPLES,
    WHERE_ALIGNED,
)
from rxpress.report.topic import Topic

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

DOSE = Topic(
    "rxpress_dose",
    "Dose–response",
    """
    How much drug it takes to halve the viability of each line. IC50: the dose at which viability is 50 % of
    the control; where it is not reached, it is only known to lie above the highest dose. Intervals are 95 %
    and speak of this assay of these lines. Numbers: dose_response/fits.tsv.
    """,
)

MECHANISM = Topic(
    "rxpress_mechanism",
    "Did the drug do what it is known to do?",
    """
    Each step of the drug's mechanism is a set of genes that publications say to rise or fall; its drug pack
    names them. A step is as expected, or opposite, when its genes move together in one direction more than
    the other genes do (CAMERA-PR, adjusted over the steps of a contrast, below 0.05); inconclusive means that
    the study cannot tell, not that nothing happened. Numbers: interpretation/mechanism.tsv.
    """,
)

MARKERS = Topic(
    "rxpress_markers",
    "Markers",
    """
    Single genes that publications connect with the drug, held against what this study measured. As expected
    and opposite: the gene changes (adjusted over the markers of the contrast, below 0.05), in the direction
    of its publication or against it. No change: the whole 95 % interval lies within 1.5-fold. Inconclusive:
    the study cannot tell. Not measured: no such gene, an ambiguous name, or no expression. Numbers:
    interpretation/markers.tsv.
    """,
)

SIGNATURES = Topic(
    "rxpress_signatures",
    "Signatures",
    """
    One number per sample from the genes of a publication. Most scores only say more or less than in the other
    samples of this study; what a signature may and may not say stands beside it. Under 80 % of its genes, a
    score is withheld. Numbers: interpretation/signatures.tsv, interpretation/signature_tests.tsv.
    """,
)

CONNECTIVITY = Topic(
    "rxpress_connectivity",
    "Likeness to published responses",
    """
    Is a response like one that was published? From 1 (its genes that rise lie at the top of the ranking,
    those that fall at the end) to -1 (the reverse); 0 when both lie at the same end. Genes that move
    together make p-values too small: look at the size as well. Numbers: interpretation/connectivity.tsv.
    """,
)

PATHWAYS = Topic(
    "rxpress_pathways",
    "Gene sets",
    """
    Do genes that belong together move together? GSEA asks whether a set gathers at one end of the ranking of
    all genes; CAMERA-PR asks the same and allows for genes that are correlated, so that it finds less, more
    surely; the third test counts called genes of the set against those expected by chance. Trust what GSEA
    and CAMERA-PR both find. Orange: the set rises; blue: it falls. Numbers: interpretation/pathways.tsv.
    """,
)

ENRICHMENT = Topic(
    "rxpress_enrichment",
    "Running sums",
    """
    How the score of a set comes about: walking down the ranking, the curve rises at each gene of the set and
    falls at every other. A peak at the left: genes of the set gather among the raised; a trough at the
    right: among the lowered. Up to three sets of smallest p-value per contrast and collection. Numbers:
    interpretation/enrichment_curves.tsv.
    """,
)

ACTIVITY = Topic(
    "rxpress_activity",
    "Pathway activity",
    """
    Activity of signalling pathways, told from the genes that they switch (a linear model of their published
    weights, per sample and per contrast) rather than from the genes of the pathway itself. Orange: more
    active; blue: less. Numbers: interpretation/pathway_activity.tsv.
    """,
)

QPCR = Topic(
    "rxpress_qpcr",
    "qPCR",
    """
    Fold changes of single genes by qPCR (ΔΔCt, relative to the reference genes), contrast by contrast. They
    are as good as the reference genes and the technical replicates are. Numbers:
    qpcr/fold_changes.tsv.
    """,
)

CONCORDANCE = Topic(
    "rxpress_concordance",
    "qPCR beside expression",
    """
    Does qPCR show what expression shows? Confirmed: both change, in the same direction. Contradicted: they
    change in opposite directions, or one surely changes and the other surely does not. No change: both
    intervals lie within 1.5-fold. Inconclusive: one of them cannot tell. Numbers: qpcr/concordance.tsv.
    """,
)

ACROSS = Topic(
    "rxpress_across",
    "Agreement across studies",
    """
    Contrasts that several studies share, joined gene by gene. The fixed effect says what these studies show
    together; the Hartung-Knapp interval also allows for studies that truly differ, and with two or three of
    them is wide. High I² or a small p of Q: studies differ by more than chance, as other doses, times or
    platforms make them. Numbers: comparison/consistency.tsv and a file per contrast in comparison/.
    """,
)

SENSITIVITY = Topic(
    "rxpress_sensitivity",
    "Sensitivity as a number",
    """
    Genes whose expression in untreated lines, or whose response to the drug, follows the measured
    sensitivity, line by line: each line is one replicate. A positive slope: higher in more resistant lines.
    Numbers: interpretation/sensitivity.tsv.
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
    Each tested gene by its mean expression and its change. {{shrinkage}} The grey cloud should lie around
    zero along its whole length. {_DRAWN} Numbers: tables/ma_genes.tsv, all genes:
    differential/<study>/<contrast>.tsv.
    """,
)

FOLD_CHANGES = Topic(
    "rxpress_fold_changes",
    "Fold changes across contrasts",
    """
    {changes} of the 40 genes of smallest p-value in any contrast, in every contrast:
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
    *(SUMMARY, CALLS, CONTRASTS, CLAIMS, DOSE, MECHANISM, MARKERS, SIGNATURES, CONNECTIVITY),
    *(PATHWAYS, ENRICHMENT, ACTIVITY, QPCR, CONCORDANCE, ACROSS, SENSITIVITY),
    *(VOLCANO, MA, FOLD_CHANGES, HEATMAP, TOP_GENES),
    *(SECOND_OPINION, PCA, DISTANCES, SAMPLES, READS, LIBRARIES),
    *(ALIGNMENTS, WHERE_ALIGNED, GENE_BODY, INSERTS),
    *(ARRAYS, DENSITIES, ARRAY_BOXES, ARRAY_MA, PROBESETS, P_VALUES, DISPERSIONS),
    *(WARNINGS, METHODS, PARAMETERS),
)
