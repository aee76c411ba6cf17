include { packageVersion } from '../../../functions/versions'
include { options } from '../../../functions/options'

process EXPORT_RESULTS {
    label 'toolkit'
    cache 'deep'
    memory { 3.GB * task.attempt }

    input:
    path(inputs, stageAs: 'results/inputs/*')
    path(expression, stageAs: 'results/expression/*')
    path(differential, stageAs: 'results/differential/*')
    path(arrays, stageAs: 'results/arrays/*')
    path(findings, stageAs: 'results/*')
    path(provenance, stageAs: 'results/provenance/*')
    path(packs, stageAs: 'packs/*')
    path(gene_sets, stageAs: 'gene_sets/*')
    path(page, stageAs: 'assets/*')
    path(schema, stageAs: 'assets/*')
    val opts

    output:
    path('gene_explorer.html', emit: explorer)
    path('results.xlsx', emit: workbook)
    tuple(val(task.process), val('xlsxwriter'), eval("${packageVersion('xlsxwriter')}"), emit: versions)

    script:
    def more = options(title: opts.title, drug_pack: packs as List, gene_sets: gene_sets)
    """
    export_results.py --results results --schema ${schema} --page ${page} ${more} --outdir .
    """

    stub:
    """
    touch gene_explorer.html results.xlsx
    """
}
