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

    // One Java looks at both mates, which lie under the sample's name: a link, or the lanes joined. A truncated file
    // gives no report here, and a reason in the status that QUANTIFY_READS writes. On little data Java spends most
    // of its time in its optimising compiler, which pays from some 400,000 reads on.
    script:
    def bytes = [fastq_1].flatten().collect { lane -> lane.size() }.sum()
    def java = bytes < 20_000_000 ? '-XX:+UseSerialGC -XX:TieredStopAtLevel=1' : '-XX:+UseSerialGC'
    def second = fastq_2 ? "join_lanes '${meta.sample}_2' ${fastq_2}" : ''
    """
    export JAVA_TOOL_OPTIONS='${java}'
    join_lanes() {
        local name=\$1 lane suffix=.fastq.gz
        shift
        for lane in "\$@"; do
            [ "\$(head -c 2 "\$lane" | od -An -tx1)" = ' 1f 8b' ] || suffix=.fastq
        done
        case "\$#\$suffix" in
            1.*) ln -s "\$1" "\$name\$suffix" ;;
            *.gz) cat "\$@" > "\$name\$suffix" ;;
            *) zcat -f "\$@" > "\$name\$suffix" || true ;;
        esac
    }
    trap 'cat messages.txt >&2; rm -f ${meta.sample}_[12].fastq ${meta.sample}_[12].fastq.gz' EXIT
    join_lanes '${meta.sample}_1' ${fastq_1}
    ${second}
    fastqc --quiet --outdir . ${meta.sample}_[12].fastq* 2> messages.txt || status=\$?
    [ "\${status:-0}" -le 1 ] || exit \$status
    # Broken reads FastQC names; of packed data that end early it makes a report of what it got; a full disk it does
    # not tell.
    broken='java.util.zip|EOFException'
    ! grep -Eq "\$broken" messages.txt || rm -f ${meta.sample}_[12]_fastqc.*
    for report in ${meta.sample}_1 ${fastq_2 ? "${meta.sample}_2" : ''}; do
        { python3 -m zipfile -t \${report}_fastqc.zip && tail -c 100 \${report}_fastqc.html | grep -q '</html>'; } &> /dev/null ||
            grep -Eq "Failed to process .*\$report\\.fastq|\$broken" messages.txt ||
            { echo "error: \$report: FastQC ended well but left no whole report; is the disk full?" >&2; exit 1; }
    done
    """

    stub:
    """
    touch '${meta.sample}_1_fastqc.zip' '${meta.sample}_1_fastqc.html'
    """
}
