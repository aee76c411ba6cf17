"""The topics of samples and of how good their data are; topics.py has them among the others."""

from __future__ import annotations

from rxpress.report.topic import Topic

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
    Reads of each sample (a pair counts once) and what became of them: removed by fastp, not mapped, or
    mapped to transcripts (by Salmon) or to the genome (by an aligner). Numbers: tables/libraries.tsv.
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

ALIGNMENTS = Topic(
    "rxpress_alignments",
    "Alignments to the genome",
    """
    How good the alignments of each sample are. Much outside exons points to genomic DNA or to unspliced
    RNA; many duplicates to little RNA, or to few and strong genes; coverage that rises towards the 3' end
    to degraded RNA. Strandedness is found out twice where Salmon runs: where the two part, Warnings says
    so, and Used is what fragments were counted by. Numbers: tables/alignments.tsv.
    """,
)

WHERE_ALIGNED = Topic(
    "rxpress_where_aligned",
    "Where alignments lie",
    """
    Aligned bases in exons, in introns, and between genes, by the annotation of the run. Numbers:
    tables/alignments.tsv.
    """,
)

GENE_BODY = Topic(
    "rxpress_gene_body",
    "Coverage along transcripts",
    """
    Mean depth along the transcripts of well covered genes, each brought to the same height. A flat line is
    best; one that falls towards the 5' end is of degraded RNA, or of a library of 3' ends. Numbers:
    tables/alignment_coverage.tsv.
    """,
)

INSERTS = Topic(
    "rxpress_inserts",
    "Lengths of fragments",
    """
    How long the sequenced fragments are, introns left out. Lines that differ in place mean libraries of
    different preparation. Numbers: tables/insert_sizes.tsv.
    """,
)

ARRAYS = Topic(
    "rxpress_arrays",
    "Array quality",
    """
    How good each array is, beside the others of its study. Degraded RNA loses the 5' end of transcripts
    (3'/5' above 3); a poor hybridisation is scanned brighter (scale factor) and finds fewer genes
    (present). RLE: how far genes lie from their median over arrays, best narrow and about 0. NUSE: how
    poorly the probes of a gene agree, best about 1. Numbers: arrays/<study>/quality.tsv.
    """,
)

DENSITIES = Topic(
    "rxpress_densities",
    "Intensities of arrays",
    """
    How many probes have which intensity, a curve per array; orange: arrays that stand out under Array
    quality. Before normalisation curves are alike in shape and may lie apart; one of another shape, or
    with two humps, is of poor RNA or a failed hybridisation. Afterwards all should coincide. Numbers:
    arrays/<study>/densities.tsv.
    """,
)

ARRAY_BOXES = Topic(
    "rxpress_array_boxes",
    "Arrays compared gene by gene",
    """
    A box per array, over all its probesets: half of them lie in the box, whiskers end within 1.5 box
    widths. RLE (relative log expression) is the distance of expression from its median over arrays: boxes
    should be narrow, of like width and centred on 0. NUSE (normalised unscaled standard errors): boxes
    should be centred on 1; an array above 1.05 is measured less surely than the others. Numbers:
    arrays/<study>/distributions.tsv.
    """,
)

ARRAY_MA = Topic(
    "rxpress_array_ma",
    "Arrays against the median array",
    """
    Each probeset by its mean expression (A) and by how far an array lies from the median of all arrays
    (M). The cloud should lie around 0 along its whole length: a bend says that low and high intensities
    of this array are measured on another scale. Drawn are up to 1,500 probesets, the farthest among them.
    Numbers: arrays/<study>/ma.tsv.
    """,
)

PROBESETS = Topic(
    "rxpress_probesets",
    "From probesets to genes",
    """
    An array measures probesets; tests are of genes. What became of every probeset, and what was done to
    get there. Numbers: arrays/<study>/arrays.json.
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
