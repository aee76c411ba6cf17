include { options } from '../../../functions/options'

process EXPORT_RESULTS {
    label 'toolkit'
    cache 'deep'
    memory { 3.GB * task.attempt }

    input:
    path inputs, stageAs: 'results/inputs/*'
    path expression, stageAs: 'results/expression/*'
    path differential, stageAs: 'results/differential/*'
    path comparison, stageAs: 'results/comparison/*'
    path interpretation, stageAs: 'results/interpretation/*'
    path dose_response, stageAs: 'results/dose_response/*'
    path qpcr, stageAs: 'results/qpcr/*'
    path provenance, stageAs: 'results/provenance/*'
    path packs, stageAs: 'packs/*'
    path gene_sets, stageAs: 'gene_sets/*'
    path page
    val opts

    output:
    path 'gene_explorer.html', emit: explorer
    path 'results.xlsx', emit: workbook
    tuple val(task.process), val('xlsxwriter'), eval('python3 -c "import xlsxwriter; print(xlsxwriter.__version__)"'), emit: versions

    script:
    def more = options(title: opts.report_title, drug_pack: packs as List, gene_sets: gene_sets)
    """
    export_results.py --results results --page ${page} ${more} --outdir .
    """

    stub:
    """
    touch gene_explorer.html results.xlsx
    """
}
