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
    // report here, and a reason in the status that QUANTIFY_READS writes. On little data Java spends most of its
    // time in its optimising compiler, which pays from some 400,000 reads on.
    script:
    def bytes = [fastq_1].flatten().collect { lane -> lane.size() }.sum()
    def java = bytes < 20_000_000 ? '-XX:+UseSerialGC -XX:TieredStopAtLevel=1' : '-XX:+UseSerialGC'
    def second = fastq_2 ? "{ zcat -f ${fastq_2} || true; } | fastqc --quiet --outdir . 'stdin:${meta.sample}_2' 2>> messages.txt" : ''
    """
    export JAVA_TOOL_OPTIONS='${java}'
    trap 'cat messages.txt >&2' EXIT
    { zcat -f ${fastq_1} || true; } | fastqc --quiet --outdir . 'stdin:${meta.sample}_1' 2>> messages.txt
    ${second}
    # Reads that it cannot read FastQC names; that the disk is full it does not. It ends well on both.
    for report in ${meta.sample}_1 ${fastq_2 ? "${meta.sample}_2" : ''}; do
        { python3 -m zipfile -t \${report}_fastqc.zip && tail -c 100 \${report}_fastqc.html | grep -q '</html>'; } &> /dev/null ||
            grep -q "Failed to process file stdin:\$report\$" messages.txt ||
            { echo "error: \$report: FastQC ended well but left no whole report; is the disk full?" >&2; exit 1; }
    done
    """

    stub:
    """
    touch '${meta.sample}_1_fastqc.zip' '${meta.sample}_1_fastqc.html'
    """
}
