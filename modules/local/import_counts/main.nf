include { options } from '../options'

process IMPORT_COUNTS {
    tag { study }
    label 'toolkit'
    cache 'deep'
    memory { 2.GB * task.attempt }
    publishDir { "${params.outdir}/expression/${study}" }, mode: params.publish_dir_mode, failOnError: true, overwrite: true

    input:
    tuple val(study), path(samples)
    path counts, stageAs: 'counts/*'
    path tx2gene, stageAs: 'map/*'
    val opts

    output:
    tuple val(study), path('gene_counts.tsv'), emit: counts

    script:
    """
    import_counts.py --counts ${counts} --samples ${samples} ${options(tx2gene: tx2gene)} --out gene_counts.tsv
    """

    stub:
    """
    touch gene_counts.tsv
    """
}
