/*
 * From reads, alignments or ready Salmon folders to the gene tables of each study.
 */
include { REFERENCES } from './references'
include { ALIGNMENTS } from './alignments'
include { FASTQC } from '../modules/local/fastqc/main'
include { QUANTIFY_READS } from '../modules/local/quantify_reads/main'
include { MERGE_QUANTS } from '../modules/local/merge_quants/main'
include { bySample ; fewReadsTogether ; pathsOf } from '../functions/channels'
include { folderBytes ; quantBytes } from '../functions/memory'
include { placed } from '../functions/placed'
include { toolkitDigest } from '../functions/digest'

workflow READS {
    take:
    rows        // one map per sample
    studies     // [study, samples.tsv]
    plan        // plan.json as a map
    references  // [transcripts:, annotation:, tx2gene:, genome:, index:, aligner_index:], [] where not given
    opts        // what changes a result

    main:
    def split = rows.combine(plan).branch { row, known ->
        reads: row.fastq_1 != 'NA'
            return [row.subMap('sample', 'study', 'strandedness') + [quantifier: known.route.reads], pathsOf(row.fastq_1), pathsOf(row.fastq_2)]
        quant: row.quant != 'NA'
            return row
        bam: row.bam != 'NA'
            return [row.subMap('sample', 'study', 'strandedness') + [quantifier: known.route.bam], file(row.bam, glob: false)]
    }
    def reads = split.reads.branch { _reads ->
        to_align: opts.aligner != 'none'
        to_map: true
    }
    def to_quantify = reads.to_map.map { _reads -> true }.first()
    REFERENCES(rows.map { _row -> true }.first(), to_quantify, references, opts.kmer_size)
    tx2gene = REFERENCES.out.tx2gene
    def index = REFERENCES.out.index.map { folder -> [folder, folderBytes(folder)] }

    QUANTIFY_READS(reads.to_map, index, opts.quantify + [digest: toolkitDigest('quantify_reads.py')])
    ALIGNMENTS(
        reads.to_align,
        split.bam,
        [genome: references.genome, annotation: references.annotation, index: references.aligner_index],
        studies,
        [
            plan: plan,
            aligner: opts.aligner,
            align: opts.quantify.subMap('skip_trimming', 'extra_fastp_args') + [extra_aligner_args: opts.extra_aligner_args],
            quantify: opts.quantify.subMap('bootstraps', 'extra_salmon_args')
        ]
    )
    FASTQC(fewReadsTogether(split.reads.filter { !opts.skip_fastqc }, QUANTIFY_READS.out.status.mix(ALIGNMENTS.out.status)))

    def quants = bySample(QUANTIFY_READS.out.quant.mix(ALIGNMENTS.out.quant, split.quant.map { row -> [row, file(row.quant, glob: false)] }))
        .map { study, names, folders -> [study, names, folders, quantBytes(folders)] }
    MERGE_QUANTS(quants.join(studies), tx2gene, opts.merge + [digest: toolkitDigest('merge_quants.py')])

    counts = MERGE_QUANTS.out.counts.mix(ALIGNMENTS.out.counts.map { study, plain -> [study, plain, plain, []] })
    status = QUANTIFY_READS.out.status.mix(ALIGNMENTS.out.status)
    quality = ALIGNMENTS.out.quality
    logs = FASTQC.out.zip.mix(QUANTIFY_READS.out.fastp, ALIGNMENTS.out.logs, QUANTIFY_READS.out.quant.mix(ALIGNMENTS.out.quant).map { _meta, folder -> folder })
    hashed = REFERENCES.out.hashed.mix(ALIGNMENTS.out.hashed, MERGE_QUANTS.out.inputs, status)
    published = FASTQC.out.zip.mix(FASTQC.out.html).flatten().map { path -> ['reads/fastqc', path] }
        .mix(QUANTIFY_READS.out.fastp.mix(QUANTIFY_READS.out.status).flatten().map { path -> placed(path, 'reads', 1) })
        .mix(QUANTIFY_READS.out.quant.map { _meta, folder -> placed(folder, 'reads', 1) })
        .mix(MERGE_QUANTS.out.published.flatten().map { path -> placed(path, '', 2) })
        .mix(ALIGNMENTS.out.published)

    emit:
    counts    // [study, gene_counts, gene_counts_length_scaled, gene_lengths]; the same counts twice and no lengths where alignments are counted
    tx2gene
    status
    quality   // of alignments, JSON per sample
    logs
    hashed
    published
}
