include { packageVersion } from '../../../functions/versions'

process DRAW_FIGURES {
    label 'toolkit'
    cache 'deep'
    memory { 2.GB * task.attempt }

    input:
    path(inputs, stageAs: 'results/inputs/*')
    path(expression, stageAs: 'results/expression/*')
    path(differential, stageAs: 'results/differential/*')
    path(arrays, stageAs: 'results/arrays/*')
    path(findings, stageAs: 'results/*')
    path(provenance, stageAs: 'results/provenance/*')
    path(schema, stageAs: 'assets/*')
    val opts

    output:
    path('figures/*', emit: figures, optional: true)
    tuple(val(task.process), val('matplotlib'), eval("${packageVersion('matplotlib')}"), emit: versions)

    script:
    """
    draw_figures.py --results results --schema ${schema} --outdir .
    """

    stub:
    """
    mkdir figures
    touch figures/stub.png
    """
}
