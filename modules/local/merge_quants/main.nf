include { options } from '../options'

process MERGE_QUANTS {
    tag { study }
    label 'toolkit'
    cache 'deep'
    memory { 2.GB * task.attempt + 100.MB * names.size() }
    publishDir { "${params.outdir}/expression/${study}" }, mode: params.publish_dir_mode, failOnError: true, overwrite: true,
        pattern: '{gene,transcript,expression,tx2gene}*'

    input:
    tuple val(study), val(names), path(quants, stageAs: 'quants/?/*'), path(samples)
    path tx2gene, stageAs: 'map/*'
    val opts

    output:
    tuple val(study), path('gene_counts.tsv'), path('gene_lengths.tsv'), path('gene_counts_length_scaled.tsv'), emit: counts
    tuple val(study), path('{gene,transcript,expression,tx2gene}*'), emit: tables
    path 'inputs.tsv', emit: inputs
    tuple val(task.process), val('pyarrow'), eval('python3 -c "import pyarrow; print(pyarrow.__version__)"'), topic: versions

    script:
    def more = options(names: names, transcript_tables: opts.transcript_tables)
    """
    merge_quants.py --quants ${quants} --samples ${samples} --tx2gene ${tx2gene} ${more} --outdir .
    """

    stub:
    """
    touch gene_counts.tsv gene_lengths.tsv gene_counts_length_scaled.tsv gene_tpm.tsv gene_counts_scaled.tsv \\
        transcripts.parquet tx2gene.tsv expression.h5ad
    printf 'path\\tsize\\tsha256\\trole\\n' > inputs.tsv
    """
}
