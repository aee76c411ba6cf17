include { options } from '../../../functions/options'

process CHECK_INPUTS {
    label 'toolkit'
    cache 'deep'
    memory { 2.GB * task.attempt }

    input:
    val opts
    path(sheet, stageAs: 'sheet/*')
    path(peek, stageAs: 'seen/*')
    path(given, stageAs: 'seen/*')
    path(schemas, stageAs: 'schemas/*')
    path(transcripts, stageAs: 'transcripts/*')
    path(annotation, stageAs: 'annotation/*')
    path(tx2gene, stageAs: 'tx2gene/*')
    path(genome, stageAs: 'genome/*')
    path(index, stageAs: 'index/*')
    path(counts, stageAs: 'counts/*')
    path(expression_matrix, stageAs: 'expression_matrix/*')
    path(cdf, stageAs: 'cdf/*')
    path(probes, stageAs: 'probes/*')
    path(probe_annotation, stageAs: 'probe_annotation/*')
    path(viability, stageAs: 'viability/*')
    path(qpcr, stageAs: 'qpcr/*')
    path(contrasts, stageAs: 'contrasts/*')
    path(control_genes, stageAs: 'control/*')
    path(drug_pack, stageAs: 'drug_pack/*')
    path(signatures, stageAs: 'signatures/*')
    path(gene_sets, stageAs: 'gene_sets/*')
    path(pathway_weights, stageAs: 'pathway_weights/*')

    output:
    path('samples.tsv', emit: samples)
    path('*/samples.tsv', emit: studies, optional: true)
    path('plan.json', emit: plan)
    path('inputs.tsv', emit: inputs)
    tuple(val(task.process), val('python'), eval('python3 -c "import platform; print(platform.python_version())"'), topic: versions)

    script:
    def files = options(
        input: sheet, transcripts: transcripts, annotation: annotation, tx2gene: tx2gene, genome: genome, index: index, counts: counts,
        expression_matrix: expression_matrix, cdf: cdf, probes: probes, probe_annotation: probe_annotation,
        viability: viability, qpcr: qpcr, contrasts: contrasts, control_genes: control_genes, drug_pack: drug_pack,
        signatures: signatures, gene_sets: gene_sets, pathway_weights: pathway_weights, tools: opts.tools,
        memory: task.resourceLimits?.memory?.toBytes())
    """
    check_inputs.py --params ${given} --peek ${peek} \\
        --schema schemas/nextflow_schema.json --table_schemas schemas ${files} --outdir .
    """

    stub:
    def files = options(
        input: sheet, transcripts: transcripts, annotation: annotation, tx2gene: tx2gene, genome: genome, index: index, counts: counts,
        expression_matrix: expression_matrix, cdf: cdf, probes: probes, probe_annotation: probe_annotation,
        viability: viability, qpcr: qpcr, contrasts: contrasts, control_genes: control_genes, drug_pack: drug_pack,
        signatures: signatures, gene_sets: gene_sets, pathway_weights: pathway_weights)
    """
    check_inputs.py --params ${given} --peek ${peek} \\
        --schema schemas/nextflow_schema.json --table_schemas schemas ${files} --outdir .
    """
}
