include { options } from '../../../functions/options'

process IMPORT_COUNTS {
    tag { study }
    label 'toolkit'
    cache 'deep'
    memory { 2.GB * task.attempt }

    input:
    tuple val(study), path(samples, stageAs: 'samples/*')
    path(counts, stageAs: 'counts/*')
    path(tx2gene, stageAs: 'map/*')
    val opts

    output:
    tuple(val(study), path("expression/${study}/gene_counts.tsv"), emit: counts)

    script:
    """
    import_counts.py --counts ${counts} --samples ${samples} ${options(tx2gene: tx2gene)} --out 'expression/${study}/gene_counts.tsv'
    """

    stub:
    """
    mkdir -p 'expression/${study}'
    touch 'expression/${study}/gene_counts.tsv'
    """
}
