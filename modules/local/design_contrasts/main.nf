include { options } from '../../../functions/options'

process DESIGN_CONTRASTS {
    label 'toolkit'
    cache 'deep'
    memory { 1.GB * task.attempt }

    input:
    path(samples, stageAs: 'understood/*')
    path(status, stageAs: 'status/*')
    path(contrasts, stageAs: 'requested/*')
    path(labels, stageAs: 'labels/*')
    val opts

    output:
    path('*/samples.tsv', emit: samples)
    path('*/contrasts.json', emit: contrasts)
    path('excluded_samples.tsv', emit: excluded)

    script:
    def more = options(
        status: status, contrasts: contrasts, labels: labels, drug: opts.drug, vehicle: opts.vehicle, covariates: opts.covariates,
        min_reads: opts.min_reads, min_mapped_percent: opts.min_mapped_percent, min_rin: opts.min_rin,
        min_purity: opts.min_purity, strict: opts.strict)
    """
    design_contrasts.py --samples ${samples} ${more} --outdir .
    """

    stub:
    """
    cut -f2 ${samples} | tail -n +2 | sort -u | while read -r study; do
        mkdir "\$study"
        cp ${samples} "\$study/samples.tsv"
        echo '{}' > "\$study/contrasts.json"
    done
    printf 'sample\\tstudy\\treason\\n' > excluded_samples.tsv
    """
}
