process FASTQC {
    tag { metas.collect { meta -> meta.sample }.join(', ') }
    label 'reads'
    memory { 1.GB * task.attempt }

    input:
    tuple val(metas), path(fastq_1, stageAs: 'mate_1/?/*'), path(fastq_2, stageAs: 'mate_2/?/*')

    output:
    path('*_fastqc.zip', emit: zip, optional: true)
    path('*_fastqc.html', emit: html, optional: true)
    tuple(val(task.process), val('fastqc'), eval('fastqc --version | cut -d" " -f2 | tr -d v'), topic: versions)

    // One Java looks at all files, which lie under the names of samples: links, or the lanes joined. A truncated file
    // gives no report here, and a reason in the status that QUANTIFY_READS writes. On little data Java spends most of
    // its time in its optimising compiler, which pays from some 400,000 reads on.
    script:
    // Paths are escaped for the shell where a string takes them in, and nowhere else.
    def firsts = [fastq_1].flatten().collect { lane -> "${lane}" }
    def seconds = [fastq_2].flatten().collect { lane -> "${lane}" }
    def java = [fastq_1].flatten().collect { lane -> lane.size() }.sum() < 20_000_000 ? '-XX:+UseSerialGC -XX:TieredStopAtLevel=1' : '-XX:+UseSerialGC'
    def joins = metas.indices.collect { i ->
        def meta = metas[i]
        def before = metas.take(i)
        def first = firsts.drop(before.collect { one -> one.lanes }.sum() ?: 0).take(meta.lanes)
        def second = seconds.drop(before.collect { one -> one.lanes * (one.mates - 1) }.sum() ?: 0).take(meta.lanes * (meta.mates - 1))
        ["join_lanes '${meta.sample}_1' ${first.join(' ')}"] + (second ? ["join_lanes '${meta.sample}_2' ${second.join(' ')}"] : [])
    }
    """
    export JAVA_TOOL_OPTIONS='${java}'
    join_lanes() {
        local name=\$1 lane suffix=.fastq.gz
        shift
        for lane in "\$@"; do
            [ "\$(head -c 2 "\$lane" | od -An -tx1)" = ' 1f 8b' ] || suffix=.fastq
        done
        case "\$#\$suffix" in
            1.*) ln -s "../\$1" "joined/\$name\$suffix" ;;
            *.gz) cat "\$@" > "joined/\$name\$suffix" ;;
            *) zcat -f "\$@" > "joined/\$name\$suffix" || true ;;
        esac
    }
    trap 'cat messages.txt >&2; rm -rf joined' EXIT
    mkdir joined
    ${joins.flatten().join('\n    ')}
    fastqc --quiet --outdir . joined/* 2> messages.txt || status=\$?
    [ "\${status:-0}" -le 1 ] || exit \$status
    # Broken reads FastQC names; of packed data that end early it makes a report of what it got, and does not say of
    # which: then it looks at each file by itself. A full disk it does not tell.
    broken='java.util.zip|EOFException'
    ! grep -Eq "\$broken" messages.txt || for file in joined/*; do
        fastqc --quiet --outdir . "\$file" 2> one.txt || true
        ! grep -Eq "\$broken" one.txt || echo "Failed to process \$file" >> messages.txt
    done
    for file in joined/*; do
        report=\${file#joined/}
        report=\${report%.gz}
        report=\${report%.fastq}
        if grep -q "Failed to process .*\${file#joined/}\$" messages.txt; then
            rm -f "\${report}_fastqc.zip" "\${report}_fastqc.html"
        elif ! { python3 -m zipfile -t "\${report}_fastqc.zip" && tail -c 100 "\${report}_fastqc.html" | grep -q '</html>'; } &> /dev/null; then
            echo "error: \$report: FastQC ended well but left no whole report; is the disk full?" >&2
            exit 1
        fi
    done
    """

    stub:
    """
    touch ${metas.collect { meta -> "'${meta.sample}_1_fastqc.zip' '${meta.sample}_1_fastqc.html'" }.join(' ')}
    """
}
