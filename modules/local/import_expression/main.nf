include { options } from '../../../functions/options'

process IMPORT_EXPRESSION {
    tag { study }
    label 'toolkit'
    cache 'deep'
    memory { (1.5.GB + expression_matrix.size() * 8.B) * task.attempt }

    input:
    tuple val(study), path(samples, stageAs: 'samples/*')
    path(expression_matrix, stageAs: 'matrix/*')
    path(probe_annotation, stageAs: 'annotation/*')
    val opts

    output:
    tuple(val(study), path("expression/${study}/gene_expression.tsv"), emit: genes)
    path("expression/${study}/*.tsv", emit: tables)
    path("arrays/${study}", emit: quality)

    script:
    def more = options(probe_annotation: probe_annotation, probesets_per_gene: opts.probesets_per_gene)
    """
    import_expression.py --expression_matrix ${expression_matrix} --samples ${samples} ${more} --outdir 'expression/${study}'
    mkdir -p arrays
    mv 'expression/${study}/arrays' 'arrays/${study}'
    """

    stub:
    """
    mkdir -p 'expression/${study}' 'arrays/${study}'
    touch 'expression/${study}/gene_expression.tsv' 'expression/${study}/probeset_expression.tsv' 'arrays/${study}/quality.tsv'
    """
}
