/*
 * What the user gave: looked at here, since a task in a container sees only what is staged, and judged by
 * CHECK_INPUTS before anything else starts.
 */
include { CHECK_INPUTS } from '../modules/local/check_inputs/main'
include { toolkitDigest } from '../functions/digest'
include { existing ; peekParameters ; peekSheet ; tableLine } from '../functions/peek'
include { startingText } from '../functions/plan'
include { checkedParameters } from '../functions/parameters'

workflow INPUTS {
    take:
    given   // map of all parameters

    main:
    def peek = (peekSheet(given.input) + peekParameters(given)).collect { row -> tableLine(row) }
    def header = 'line\tcolumn\tpath\tresolved\texists\tkind\tsize\thead'
    def native_tools = workflow.containerEngine ? null : 'multiqc' + (given.skip_fastqc ? '' : ' fastqc')

    CHECK_INPUTS(
        [tools: native_tools, digest: toolkitDigest('check_inputs.py')],
        existing(given.input),
        channel.of([header] + peek).flatten().collectFile(name: 'peek.tsv', newLine: true, sort: false).first(),
        channel.of(checkedParameters(given)).collectFile(name: 'params.json').first(),
        [file("${projectDir}/nextflow_schema.json")] + ['samplesheet', 'viability', 'qpcr', 'drug_pack'].collect { table -> file("${projectDir}/assets/schema/${table}.schema.json") },
        existing(given.transcripts),
        existing(given.gtf ?: given.gff),
        existing(given.tx2gene),
        existing(given.aligner == 'none' && given.salmon_index ? null : given.genome),    // not used then
        existing(given.salmon_index),
        existing(given.counts),
        existing(given.expression_matrix),
        existing(given.cdf),
        existing(given.probes),
        existing(given.probe_annotation),
        existing(given.viability),
        existing(given.qpcr),
        existing(given.contrasts),
        existing(given.control_genes),
        existing(given.drug_pack),
        existing(given.signatures),
        existing(given.gene_sets),
        existing(given.pathway_weights)
    )

    rows = CHECK_INPUTS.out.samples.splitCsv(header: true, sep: '\t')
    samples = CHECK_INPUTS.out.samples
    studies = CHECK_INPUTS.out.studies.flatten().map { table -> [table.parent.name, table] }
    plan = CHECK_INPUTS.out.plan
    known = plan.map { path -> new groovy.json.JsonSlurper().parse(path) }
    known.subscribe { content -> startingText(content).each { line -> log.info(line) } }
    hashed = CHECK_INPUTS.out.inputs

    emit:
    rows    // one map per sample
    samples    // samples.tsv
    studies
    plan    // plan.json
    known    // its content, a map
    hashed    // inputs.tsv
}
