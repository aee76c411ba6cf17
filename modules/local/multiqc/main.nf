include { packageVersion } from '../../../functions/versions'
include { options ; inert } from '../../../functions/options'

process MULTIQC {
    label 'multiqc'
    cache 'deep'
    memory { 2.GB * task.attempt }

    input:
    path(files, stageAs: 'inputs/?/*')
    path(config, stageAs: 'config/*')
    path(own_config, stageAs: 'own_config/*')
    val opts

    output:
    path('rxpress_report.html', emit: report)
    path('rxpress_report_data', emit: data)
    path('inputs.tsv', emit: inputs)
    tuple(val(task.process), val('multiqc'), eval("${packageVersion('multiqc')}"), emit: versions)

    script:
    def own = own_config ? "--config ${own_config}" : ''
    def title = options(title: inert(opts.report_title))
    // MultiQC keeps what rxpress's own plots show as text and as JSON; the text stays, and report/tables holds it in full.
    """
    multiqc --strict --force --no-version-check --config ${config} ${own} ${title} --filename rxpress_report.html inputs
    tail -c 100 rxpress_report.html 2> /dev/null | grep -q '</html>' || { echo 'error: MultiQC left no whole rxpress_report.html; is the disk full?' >&2; exit 1; }
    rm -f rxpress_report_data/multiqc_rxpress_*.json
    hash_inputs.py --role multiqc_config ${own_config} --out inputs.tsv
    """

    stub:
    """
    mkdir rxpress_report_data
    touch rxpress_report.html
    printf 'path\\tsize\\tsha256\\trole\\n' > inputs.tsv
    """
}
