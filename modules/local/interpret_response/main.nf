include { packageVersion } from '../../../functions/versions'
include { options } from '../../../functions/options'

process INTERPRET_RESPONSE {
    label 'toolkit'
    cache 'deep'
    cpus { gene_sets ? 2 : 1 }
    memory { 3.GB * task.attempt }

    input:
    path(differential, stageAs: 'differential/*')
    path(expression, stageAs: 'expression/*')
    path(packs, stageAs: 'packs/*')
    path(signatures, stageAs: 'signatures/*')
    path(gene_sets, stageAs: 'gene_sets/*')
    path(pathway_weights, stageAs: 'pathway_weights/*')
    path(schema, stageAs: 'assets/*')
    val opts

    output:
    path('interpretation', emit: folder)
    path('interpretation/*', emit: tables)
    tuple(val(task.process), val('scipy'), eval("${packageVersion('scipy')}"), topic: versions)

    script:
    def more = options(
        packs_given: opts.packs_given, drug: opts.drug, signatures: signatures, gene_sets: gene_sets,
        pathway_weights: pathway_weights, permutations: opts.permutations, seed: opts.seed, threads: task.cpus)
    """
    interpret_response.py --differential ${differential} --expression ${expression} --drug_pack ${packs} \\
        --schema ${schema} ${more} --outdir interpretation
    """

    stub:
    """
    mkdir interpretation
    touch interpretation/markers.tsv
    """
}
