include { packageVersion } from '../../../functions/versions'
include { options } from '../../../functions/options'

process ANALYZE_QPCR {
    label 'toolkit'
    cache 'deep'
    memory { 2.GB * task.attempt }

    input:
    path(qpcr, stageAs: 'qpcr_table/*')
    path(samples, stageAs: 'samples/?/*')
    path(contrasts, stageAs: 'contrasts/?/*')
    path(differential, stageAs: 'differential/*')
    path(schema, stageAs: 'assets/*')
    val opts

    output:
    path('qpcr', emit: folder)
    path('qpcr/*', emit: tables)
    tuple(val(task.process), val('scipy'), eval("${packageVersion('scipy')}"), topic: versions)

    script:
    def more = options(
        contrasts: contrasts, differential: differential, reference_genes: opts.reference_genes, vehicle: opts.vehicle,
        max_ct_sd: opts.max_ct_sd, max_ct: opts.max_ct, alpha: opts.alpha)
    """
    analyze_qpcr.py --qpcr ${qpcr} --samples ${samples} --schema ${schema} ${more} --outdir qpcr
    """

    stub:
    """
    mkdir qpcr
    touch qpcr/fold_changes.tsv
    """
}
