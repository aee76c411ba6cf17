include { options } from '../../../functions/options'

process TEST_EXPRESSION {
    tag { study }
    label 'toolkit'
    cache 'deep'
    cpus 2
    memory { 3.GB * task.attempt }
    time { 4.h * task.attempt }

    input:
    tuple val(study), path(counts), path(samples), path(contrasts)
    val opts

    output:
    path "differential/${study}", emit: differential
    path "expression/${study}", emit: expression
    path "{differential,expression}/${study}/*", emit: published
    tuple val(task.process), val('pydeseq2'), eval('python3 -c "from importlib.metadata import version; print(version(\'pydeseq2\'))"'), topic: versions

    script:
    def more = options(
        length_correction: opts.length_correction, test_method: opts.test_method, alpha: opts.alpha,
        fold_change: opts.fold_change, p_value: opts.p_value)
    """
    mkdir -p 'differential/${study}' 'expression/${study}'
    cp ${samples} ${contrasts} 'differential/${study}/'
    test_expression.py --counts ${counts} --samples ${samples} --contrasts ${contrasts} ${more} \\
        --threads ${task.cpus} --outdir 'differential/${study}'
    mv 'differential/${study}/log2_expression.tsv' 'expression/${study}/'
    """

    stub:
    """
    mkdir -p 'differential/${study}' 'expression/${study}'
    cp ${samples} ${contrasts} 'differential/${study}/'
    touch 'expression/${study}/log2_expression.tsv' 'differential/${study}/summary.tsv'
    """
}
