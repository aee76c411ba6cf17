/*
 * From reads (or ready Salmon folders) to the gene tables of each study.
 */
include { REFERENCES } from './references'
include { FASTQC } from '../modules/local/fastqc/main'
include { QUANTIFY_READS } from '../modules/local/quantify_reads/main'
include { MERGE_QUANTS } from '../modules/local/merge_quants/main'
include { folderBytes } from '../functions/memory'
include { placed } from '../functions/placed'
include { toolkitDigest } from '../functions/digest'

workflow READS {
    take:
    rows        // one map per sample
    studies     // [study, samples.tsv]
    references  // [transcripts:, annotation:, tx2gene:, genome:, index:], [] where not given
    opts        // what changes a result

    main:
    def split = rows.branch { row ->
        reads: row.fastq_1 != 'NA'
        quant: row.quant != 'NA'
    }
    def to_quantify = split.reads.map { _row -> true }.first()
    REFERENCES(rows.map { _row -> true }.first(), to_quantify, references, opts.kmer_size)
    tx2gene = REFERENCES.out.tx2gene
    def index = REFERENCES.out.index.map { folder -> [folder, folderBytes(folder)] }

    def reads = split.reads.map { row ->
        def second = row.fastq_2 == 'NA' ? [] : row.fastq_2.tokenize(';').collect { path -> file(path) }
        [row.subMap('sample', 'study', 'strandedness'), row.fastq_1.tokenize(';').collect { path -> file(path) }, second]
    }
    FASTQC(reads.filter { !opts.skip_fastqc })
    QUANTIFY_READS(reads, index, opts.quantify + [digest: toolkitDigest('quantify_reads.py')])

    def quants = QUANTIFY_READS.out.quant
        .map { meta, folder -> [meta.study, meta.sample, folder] }
        .mix(split.quant.map { row -> [row.study, row.sample, file(row.quant)] })
        .groupTuple()
        .map { study, names, folders -> [study] + [names, folders].transpose().sort { pair -> pair[0] }.transpose() }
    MERGE_QUANTS(
        quants.join(studies),
        tx2gene,
        opts.merge + [digest: toolkitDigest('merge_quants.py')]
    )

    counts = MERGE_QUANTS.out.counts
    status = QUANTIFY_READS.out.status
    logs = FASTQC.out.zip.mix(QUANTIFY_READS.out.fastp, QUANTIFY_READS.out.quant.map { _meta, folder -> folder })
    hashed = REFERENCES.out.hashed.mix(MERGE_QUANTS.out.inputs, QUANTIFY_READS.out.status)
    published = FASTQC.out.zip.mix(FASTQC.out.html).flatten().map { path -> ['reads/fastqc', path] }
        .mix(QUANTIFY_READS.out.fastp.mix(QUANTIFY_READS.out.status).flatten().map { path -> placed(path, 'reads', 1) })
        .mix(QUANTIFY_READS.out.quant.map { _meta, folder -> placed(folder, 'reads', 1) })
        .mix(MERGE_QUANTS.out.published.flatten().map { path -> placed(path, '', 2) })

    emit:
    counts    // [study, gene_counts, gene_counts_length_scaled, gene_lengths]
    tx2gene
    status
    logs
    hashed
    published
}
