include { options } from '../../../functions/options'

process CHECK_INPUTS {
    label 'toolkit'
    cache 'deep'
    memory { 2.GB * task.attempt }

    input:
    val opts
    path sheet
    path peek, stageAs: 'seen/*'
    path given, stageAs: 'seen/*'
    path schemas, stageAs: 'schemas/*'
    path transcripts, stageAs: 'transcripts/*'
    path annotation, stageAs: 'annotation/*'
    path tx2gene, stageAs: 'tx2gene/*'
    path genome, stageAs: 'genome/*'
    path index, stageAs: 'index/*'
    path counts, stageAs: 'counts/*'
    path contrasts, stageAs: 'contrasts/*'
    path control_genes, stageAs: 'control/*'

    output:
    path 'samples.tsv', emit: samples
    path '*/samples.tsv', emit: studies
    path 'plan.json', emit: plan
    path 'inputs.tsv', emit: inputs
    tuple val(task.process), val('python'), eval('python3 -c "import platform; print(platform.python_version())"'), topic: versions

    script:
    def files = options(
        transcripts: transcripts, annotation: annotation, tx2gene: tx2gene, genome: genome, index: index, counts: counts,
        contrasts: contrasts, control_genes: control_genes, tools: opts.tools)
    """
    check_inputs.py --input '${sheet}' --params '${given}' --peek '${peek}' \\
        --schema schemas/nextflow_schema.json --sheet_schema schemas/samplesheet.schema.json ${files} --outdir .
    """

    stub:
    def files = options(
        transcripts: transcripts, annotation: annotation, tx2gene: tx2gene, genome: genome, index: index, counts: counts,
        contrasts: contrasts, control_genes: control_genes)
    """
    check_inputs.py --input '${sheet}' --params '${given}' --peek '${peek}' \\
        --schema schemas/nextflow_schema.json --sheet_schema schemas/samplesheet.schema.json ${files} --outdir .
    """
}
