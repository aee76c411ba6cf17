include { options } from '../../../functions/options'

process MERGE_COUNTS {
    tag { study }
    label 'toolkit'
    cache 'deep'
    memory { (1.GB + 10.MB * names.size()) * task.attempt }

    input:
    tuple val(study), val(names), path(counts, stageAs: 'counts/?/*'), path(samples, stageAs: 'samples/*')
    tuple path(exons, stageAs: 'annotation/*'), path(splice_sites, stageAs: 'annotation/*')
    val opts

    output:
    tuple(val(study), path("expression/${study}/gene_counts.tsv"), emit: counts)
    path("expression/${study}/*", emit: published)

    script:
    """
    merge_counts.py --counts ${counts} ${options(names: names)} --samples ${samples} --exons ${exons} --outdir 'expression/${study}'
    """

    stub:
    """
    mkdir -p 'expression/${study}'
    touch 'expression/${study}/gene_counts.tsv'
    """
}
