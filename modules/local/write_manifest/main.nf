include { options } from '../../../functions/options'

process WRITE_MANIFEST {
    label 'toolkit'
    cache 'deep'
    memory { 1.GB * task.attempt }

    input:
    val prefixes
    path files, stageAs: 'staged/?/*'
    path inputs, stageAs: 'inputs/?/*'
    path versions, stageAs: 'given/*'
    path given, stageAs: 'given/*'
    val opts

    output:
    path 'manifest.tsv', emit: manifest
    path 'versions.yml', emit: versions
    path 'params.json', emit: params

    script:
    """
    cat > prefixes.txt <<'END'
    ${prefixes.join('\n    ')}
    END
    write_manifest.py --staged staged --outputs-prefixes prefixes.txt ${options(inputs: inputs)} \\
        --versions ${versions} --params ${given} --outdir .
    """

    stub:
    """
    touch manifest.tsv versions.yml params.json
    """
}
