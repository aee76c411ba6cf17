/*
 * From reads that are aligned to a genome, and from ready alignments, to Salmon folders or counts.
 */
include { BUILD_EXONS } from '../modules/local/build_exons/main'
include { BUILD_INDEX } from '../modules/local/build_index/main'
include { GFFREAD } from '../modules/local/gffread/main'
include { ALIGN_READS } from '../modules/local/align_reads/main'
include { QUANTIFY_ALIGNMENT } from '../modules/local/quantify_alignment/main'
include { MERGE_COUNTS } from '../modules/local/merge_counts/main'
include { bySample } from '../functions/channels'
include { alignerBytes } from '../functions/memory'
include { placed } from '../functions/placed'
include { toolkitDigest } from '../functions/digest'

workflow ALIGNMENTS {
    take:
    reads       // [meta, first mates, second mates]
    bams        // [meta, BAM file]
    references  // [genome:, annotation:, index:], [] where not given
    studies     // [study, samples.tsv]
    opts        // [plan: a channel of plan.json as a map, aligner:, align:, quantify:]

    main:
    def to_align = reads.map { _reads -> true }.first()
    BUILD_EXONS(
        reads.mix(bams).map { _any -> references.annotation }.first(),
        [digest: toolkitDigest('build_exons.py')]
    )
    exons = BUILD_EXONS.out.exons
    BUILD_INDEX(
        to_align.filter { !references.index }.map { _yes -> references.genome },
        exons,
        opts.plan.map { plan -> plan.aligner_memory },
        [aligner: opts.aligner, digest: toolkitDigest('build_index.py')]
    )
    GFFREAD(
        reads.filter { meta, _first, _second -> meta.quantifier == 'salmon' }.first().map { _reads -> references.genome },
        exons.map { gtf, _splice_sites -> gtf }
    )
    def index = (references.index ? to_align.map { _yes -> references.index } : BUILD_INDEX.out.index)
        .map { folder -> [folder, alignerBytes(folder)] }
    // What counts alignments is no concern of the aligner: another counter takes them as they are.
    ALIGN_READS(
        reads.map { meta, first, second -> [meta.subMap('sample', 'study', 'strandedness') + [transcriptome: meta.quantifier == 'salmon'], first, second] },
        index,
        exons,
        opts.align + [aligner: opts.aligner, digest: toolkitDigest('align_reads.py')]
    )
    def aligned = ALIGN_READS.out.aligned.combine(opts.plan)
        .map { meta, bam, transcriptome, known, plan -> [meta.subMap('sample', 'study', 'strandedness') + [quantifier: plan.route.reads], bam, transcriptome, known] }
    QUANTIFY_ALIGNMENT(
        aligned.mix(bams.map { meta, bam -> [meta, bam, [], []] }),
        exons,
        GFFREAD.out.transcripts.ifEmpty { [] },
        opts.quantify + [digest: toolkitDigest('quantify_alignment.py')]
    )
    MERGE_COUNTS(bySample(QUANTIFY_ALIGNMENT.out.counts).join(studies), exons, [digest: toolkitDigest('merge_counts.py')])

    quant = QUANTIFY_ALIGNMENT.out.quant
    counts = MERGE_COUNTS.out.counts
    status = QUANTIFY_ALIGNMENT.out.status
    quality = QUANTIFY_ALIGNMENT.out.quality
    logs = ALIGN_READS.out.logs.mix(ALIGN_READS.out.fastp, QUANTIFY_ALIGNMENT.out.logs)
    hashed = BUILD_INDEX.out.inputs.mix(GFFREAD.out.inputs)
    published = ALIGN_READS.out.published.mix(ALIGN_READS.out.logs).flatten().map { path -> placed(path, 'reads', 2) }
        .mix(ALIGN_READS.out.fastp.mix(status, quality, QUANTIFY_ALIGNMENT.out.logs).flatten().map { path -> placed(path, 'reads', 1) })
        .mix(quant.mix(QUANTIFY_ALIGNMENT.out.counts).map { _meta, path -> placed(path, 'reads', 1) })
        .mix(MERGE_COUNTS.out.published.flatten().map { path -> placed(path, '', 2) })

    emit:
    quant       // [meta, Salmon folder]
    counts      // [study, gene_counts]
    status
    quality
    logs
    hashed
    published
}
