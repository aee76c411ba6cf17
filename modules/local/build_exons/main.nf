process BUILD_EXONS {
    label 'toolkit'
    memory { 3.GB * task.attempt }

    input:
    path(annotation, stageAs: 'annotation/*')
    val opts

    output:
    tuple(path('exons.gtf'), path('splice_sites.tsv'), emit: exons)

    script:
    """
    build_exons.py --annotation ${annotation} --outdir .
    """

    stub:
    """
    touch exons.gtf splice_sites.tsv
    """
}
