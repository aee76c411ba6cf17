process FASTQC {
    tag { meta.sample }
    label 'reads'
    memory { 1.GB * task.attempt }

    input:
    tuple val(meta), path(fastq_1, stageAs: 'mate_1/?/*'), path(fastq_2, stageAs: 'mate_2/?/*')

    output:
    path '*_fastqc.zip', emit: zip, optional: true
    path '*_fastqc.html', emit: html, optional: true
    tuple val(task.process), val('fastqc'), eval('fastqc --version | cut -d" " -f2 | tr -d v'), topic: versions

    // Lanes are joined and named after the sample by reading from standard input. A truncated file gives no
    // report here, and a reason in the status that QUANTIFY_READS writes.
    script:
    def second = fastq_2 ? "{ zcat -f ${fastq_2} || true; } | fastqc --quiet --outdir . 'stdin:${meta.sample}_2'" : ''
    """
    { zcat -f ${fastq_1} || true; } | fastqc --quiet --outdir . 'stdin:${meta.sample}_1'
    ${second}
    """

    stub:
    """
    touch '${meta.sample}_1_fastqc.zip' '${meta.sample}_1_fastqc.html'
    """
}
