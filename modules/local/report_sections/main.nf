process REPORT_SECTIONS {
    label 'toolkit'
    cache 'deep'
    memory { 2.GB * task.attempt }

    input:
    path inputs, stageAs: 'results/inputs/*'
    path status, stageAs: 'results/reads/status/*'
    path expression, stageAs: 'results/expression/*'
    path differential, stageAs: 'results/differential/*'
    path comparison, stageAs: 'results/comparison/*'
    path interpretation, stageAs: 'results/interpretation/*'
    path dose_response, stageAs: 'results/dose_response/*'
    path qpcr, stageAs: 'results/qpcr/*'
    path provenance, stageAs: 'results/provenance/*'
    path schema
    val opts

    output:
    path 'sections', emit: sections
    path '{figures,tables}/*', emit: published
    tuple val(task.process), val('matplotlib'), eval('python3 -c "import matplotlib; print(matplotlib.__version__)"'), emit: versions

    script:
    """
    report_sections.py --results results --schema ${schema} --outdir .
    """

    stub:
    """
    mkdir sections figures tables
    touch sections/stub_mqc.json figures/stub.png tables/stub.tsv
    """
}
