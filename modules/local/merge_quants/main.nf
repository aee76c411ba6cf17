include { packageVersion } from '../../../functions/versions'
include { options } from '../../../functions/options'

process MERGE_QUANTS {
    tag { study }
    label 'toolkit'
    cache 'deep'
    memory { (1.GB + quant_bytes * 2.B) * task.attempt }

    input:
    tuple val(study), val(names), path(quants, stageAs: 'quants/?/*'), val(quant_bytes), path(samples, stageAs: 'samples/*')
    path(tx2gene, stageAs: 'map/*')
    val opts

    output:
    tuple(val(study), path("expression/${study}/gene_counts.tsv"), path("expression/${study}/gene_counts_length_scaled.tsv"), path("expression/${study}/gene_lengths.tsv"), emit: counts)
    path("expression/${study}/*", emit: published)
    path('inputs.tsv', emit: inputs)
    tuple(val(task.process), val('pyarrow'), eval("${packageVersion('pyarrow')}"), topic: versions)

    script:
    def more = options(names: names, transcript_tables: opts.transcript_tables)
    """
    merge_quants.py --quants ${quants} --samples ${samples} --tx2gene ${tx2gene} ${more} --outdir 'expression/${study}'
    mv 'expression/${study}/inputs.tsv' .
    """

    stub:
    """
    mkdir -p 'expression/${study}'
    touch 'expression/${study}/gene_counts.tsv' 'expression/${study}/gene_counts_length_scaled.tsv' 'expression/${study}/gene_lengths.tsv'
    printf 'path\\tsize\\tsha256\\trole\\n' > inputs.tsv
    """
}
