include { options } from '../../../functions/options'

process WRITE_MANIFEST {
    label 'toolkit'
    cache 'deep'
    memory { 1.GB * task.attempt }

    input:
    val prefixes
    path(files, stageAs: 'staged/?/*')
    path(inputs, stageAs: 'inputs/?/*')
    path(versions, stageAs: 'given/*')
    path(given, stageAs: 'given/*')
    path(launch, stageAs: 'given/*')
    path(code, stageAs: 'pipeline/*')
    val opts

    output:
    path('provenance/manifest.tsv', emit: manifest)
    path('provenance/versions.yml', emit: versions)
    path('provenance/params.json', emit: params)
    path('provenance/rerun.sh', emit: rerun)
    path('provenance/main.nf', emit: code)
    path('ro-crate-metadata.json', emit: crate)

    script:
    """
    cat > prefixes.txt <<'END'
    ${prefixes.join('\n    ')}
    END
    write_manifest.py --staged staged --outputs-prefixes prefixes.txt ${options(inputs: inputs)} \\
        --versions ${versions} --params ${given} --launch ${launch} --main ${code} --outdir .
    """

    stub:
    """
    mkdir provenance
    touch provenance/{manifest.tsv,versions.yml,params.json,rerun.sh,main.nf} ro-crate-metadata.json
    """
}
