include { packageVersion } from '../../../functions/versions'
include { options } from '../../../functions/options'

process TEST_EXPRESSION {
    tag { study }
    label 'toolkit'
    cache 'deep'
    // Of little data one core is as quick: genes are tested in blocks.
    cpus { opts.inference == 'batched' && [counts, expression].flatten().collect { table -> table.size() }.sum() < 20_000_000 ? 1 : 2 }
    memory { 3.GB * task.attempt }
    time { 4.h * task.attempt }

    input:
    tuple val(study), path(counts, stageAs: 'counts/*'), path(lengths, stageAs: 'lengths/*'), path(expression, stageAs: 'expression_matrix/*'), path(samples, stageAs: 'design/*'), path(contrasts, stageAs: 'design/*')
    path(control_genes, stageAs: 'control/*')
    val opts

    output:
    path("differential/${study}", emit: differential)
    path("expression/${study}/log2_expression.tsv", emit: log2_expression)
    path("for_report/${study}", emit: for_report)
    tuple(val(task.process), val('pydeseq2'), eval("${packageVersion('pydeseq2')}"), topic: versions)

    // Files are published into a folder that other tasks fill too; the report is given a folder named by study.
    script:
    def more = options(
        counts: counts, lengths: lengths, expression: expression, control_genes: control_genes, length_correction: opts.length_correction,
        test_method: opts.test_method, fit: opts.fit, inference: opts.inference,
        alpha: opts.alpha, fold_change: opts.fold_change, p_value: opts.p_value)
    """
    mkdir -p 'differential/${study}' 'expression/${study}' 'for_report/${study}'
    cp ${samples} ${contrasts} 'differential/${study}/'
    test_expression.py --samples ${samples} --contrasts ${contrasts} ${more} \\
        --threads ${task.cpus} --outdir 'differential/${study}'
    cp 'differential/${study}/log2_expression.tsv' 'for_report/${study}/'
    mv 'differential/${study}/log2_expression.tsv' 'expression/${study}/'
    """

    stub:
    """
    mkdir -p 'differential/${study}' 'expression/${study}' 'for_report/${study}'
    cp ${samples} ${contrasts} 'differential/${study}/'
    touch 'expression/${study}/log2_expression.tsv' 'differential/${study}/summary.tsv'
    """
}
