include { packageVersion } from '../../../functions/versions'

process REPORT_SECTIONS {
    label 'toolkit'
    cache 'deep'
    memory { 2.GB * task.attempt }

    input:
    path(inputs, stageAs: 'results/inputs/*')
    path(status, stageAs: 'results/reads/status/*')
    path(alignment_quality, stageAs: 'results/reads/alignment_quality/*')
    path(expression, stageAs: 'results/expression/*')
    path(differential, stageAs: 'results/differential/*')
    path(arrays, stageAs: 'results/arrays/*')
    path(findings, stageAs: 'results/*')
    path(provenance, stageAs: 'results/provenance/*')
    path(schema, stageAs: 'assets/*')
    val opts

    output:
    path('sections', emit: sections)
    path('tables/*', emit: published)
    tuple(val(task.process), val('pandas'), eval("${packageVersion('pandas')}"), emit: versions)

    script:
    """
    report_sections.py --results results --schema ${schema} --outdir .
    """

    stub:
    """
    mkdir sections tables
    touch sections/stub_mqc.json tables/stub.tsv
    """
}
