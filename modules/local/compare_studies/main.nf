include { packageVersion } from '../../../functions/versions'

process COMPARE_STUDIES {
    label 'toolkit'
    cache 'deep'
    memory { 2.GB * task.attempt }

    input:
    path(differential, stageAs: 'differential/*')
    val opts

    output:
    path('comparison', emit: folder)
    path('comparison/*', emit: tables)
    tuple(val(task.process), val('scipy'), eval("${packageVersion('scipy')}"), topic: versions)

    script:
    """
    compare_studies.py --differential ${differential} --outdir comparison
    """

    stub:
    """
    mkdir comparison
    touch comparison/consistency.tsv
    """
}
