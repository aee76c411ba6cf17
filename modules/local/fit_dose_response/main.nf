include { packageVersion } from '../../../functions/versions'
include { options } from '../../../functions/options'

process FIT_DOSE_RESPONSE {
    label 'toolkit'
    cache 'deep'
    memory { 2.GB * task.attempt }

    input:
    path(viability, stageAs: 'viability/*')
    path(samples, stageAs: 'understood/*')
    path(schema, stageAs: 'assets/*')
    val opts

    output:
    path('dose_response', emit: folder)
    path('dose_response/*', emit: tables)
    path('dose_response/labels.tsv', emit: labels)
    tuple(val(task.process), val('scipy'), eval("${packageVersion('scipy')}"), topic: versions)

    script:
    def more = options(vehicle: opts.vehicle, ic50_threshold: opts.ic50_threshold)
    """
    fit_dose_response.py --viability ${viability} --samples ${samples} --schema ${schema} ${more} --outdir dose_response
    """

    stub:
    """
    mkdir dose_response
    touch dose_response/fits.tsv
    printf 'study\\tcell_line\\ttreatment\\tresponse\\tsource\\tic50_nM\\treason\\n' > dose_response/labels.tsv
    """
}
