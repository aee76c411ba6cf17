include { packageVersion } from '../../../functions/versions'
include { options } from '../../../functions/options'

process QUANTIFY_ALIGNMENT {
    tag { meta.sample }
    label 'align'
    cpus 2
    memory { 4.GB * task.attempt }
    time { 8.h * task.attempt }

    input:
    tuple val(meta), path(bams, stageAs: 'bam/?/*'), path(transcriptome, stageAs: 'transcriptome/*'), path(reads, stageAs: 'reads/*')
    tuple path(exons, stageAs: 'annotation/*'), path(splice_sites, stageAs: 'annotation/*')
    path(transcripts, stageAs: 'transcripts/*')
    val opts

    output:
    tuple(val(meta), path("salmon/${meta.sample}"), emit: quant, optional: true)
    tuple(val(meta), path("counts/${meta.sample}.tsv"), emit: counts, optional: true)
    path("status/${meta.sample}.status.json", emit: status)
    path("alignment_quality/${meta.sample}.json", emit: quality, optional: true)
    path('counts/*.{summary,txt}', emit: logs, optional: true)
    tuple(val(task.process), val('pysam'), eval("${packageVersion('pysam')}"), topic: versions)
    tuple(val(task.process), val("${meta.quantifier}"), eval("${versionCommand(meta.quantifier)}"), topic: versions)

    script:
    def more = options(
        transcriptome_bam: transcriptome, reads: reads, transcripts: meta.quantifier == 'salmon' ? transcripts : [],
        bootstraps: opts.bootstraps, extra_salmon_args: opts.extra_salmon_args)
    """
    quantify_alignment.py --sample '${meta.sample}' ${bams ? "--bam ${bams}" : ''} --exons ${exons} --quantifier ${meta.quantifier} \\
        --strandedness ${meta.strandedness} --threads ${task.cpus} ${more} --outdir .
    """

    stub:
    """
    mkdir -p 'salmon/${meta.sample}' counts status alignment_quality
    touch 'salmon/${meta.sample}/quant.sf' 'counts/${meta.sample}.tsv'
    echo '{}' > 'alignment_quality/${meta.sample}.json'
    echo '{"sample": "${meta.sample}", "passed": true, "reason": "", "inputs": []}' > 'status/${meta.sample}.status.json'
    """
}

def versionCommand(quantifier) {
    [
        salmon: 'salmon --version | cut -d" " -f2',
        htseq: 'htseq-count --version',
        featurecounts: 'featureCounts -v 2>&1 | sed -n "s/featureCounts v//p"'
    ][quantifier]
}
