/*
 * From reads (or ready Salmon folders) to the gene tables of each study.
 */
include { GFFREAD } from '../modules/local/gffread/main'
include { SALMON_INDEX } from '../modules/local/salmon_index/main'
include { BUILD_TX2GENE } from '../modules/local/build_tx2gene/main'
include { FASTQC } from '../modules/local/fastqc/main'
include { QUANTIFY_READS } from '../modules/local/quantify_reads/main'
include { MERGE_QUANTS } from '../modules/local/merge_quants/main'
include { folderBytes } from '../functions/memory'
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
    def wanted = rows.map { _row -> true }.first()
    def to_quantify = split.reads.map { _row -> true }.first()

    // References: nothing is built that the user gave or that no sample needs.
    GFFREAD(
        to_quantify.filter { !references.transcripts && !references.index }.map { _yes -> references.genome },
        references.annotation
    )
    def transcripts = references.transcripts
        ? wanted.map { _yes -> references.transcripts }
        : GFFREAD.out.transcripts.ifEmpty { [] }.first()
    SALMON_INDEX(
        to_quantify.filter { !references.index }.combine(transcripts).map { _yes, fasta -> fasta }.first(),
        references.genome,
        [kmer_size: opts.kmer_size, digest: toolkitDigest('hash_inputs.py')]
    )
    def index = references.index ? to_quantify.map { _yes -> references.index } : SALMON_INDEX.out.index
    BUILD_TX2GENE(
        wanted.filter { references.annotation && !references.tx2gene }.map { _yes -> references.annotation },
        transcripts,
        [digest: toolkitDigest('build_tx2gene.py')]
    )
    tx2gene = references.tx2gene ? wanted.map { _yes -> references.tx2gene } : BUILD_TX2GENE.out.tx2gene

    def reads = split.reads.map { row ->
        def second = row.fastq_2 == 'NA' ? [] : row.fastq_2.tokenize(';').collect { path -> file(path) }
        [row.subMap('sample', 'study', 'strandedness'), row.fastq_1.tokenize(';').collect { path -> file(path) }, second]
    }
    FASTQC(reads.filter { !opts.skip_fastqc })
    QUANTIFY_READS(reads, index.map { folder -> [folder, folderBytes(folder)] }, opts.quantify + [digest: toolkitDigest('quantify_reads.py')])

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
    hashed = GFFREAD.out.inputs.mix(SALMON_INDEX.out.inputs, MERGE_QUANTS.out.inputs, QUANTIFY_READS.out.status)
    published = FASTQC.out.zip.mix(FASTQC.out.html).map { path -> ['reads/fastqc', path] }
        .mix(QUANTIFY_READS.out.published.map { path -> ['reads', path] })
        .mix(MERGE_QUANTS.out.published.map { path -> ['', path] })

    emit:
    counts    // [study, gene_counts, gene_counts_length_scaled]
    tx2gene
    status
    logs
    hashed
    published
}
