process COMPARE_STUDIES {
    label 'toolkit'
    cache 'deep'
    memory { 2.GB * task.attempt }

    input:
    path differential, stageAs: 'differential/*'
    val opts

    output:
    path 'comparison', emit: folder
    path 'comparison/*', emit: tables
    tuple val(task.process), val('scipy'), eval('python3 -c "import scipy; print(scipy.__version__)"'), topic: versions

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
