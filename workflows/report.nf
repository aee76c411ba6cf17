/*
 * From everything made so far to one report and the account of where it comes from.
 */
include { REPORT_SECTIONS } from '../modules/local/report_sections/main'
include { EXPORT_RESULTS } from '../modules/local/export_results/main'
include { DRAW_FIGURES } from '../modules/local/draw_figures/main'
include { MULTIQC } from '../modules/local/multiqc/main'
include { WRITE_MANIFEST } from '../modules/local/write_manifest/main'
include { toolkitDigest ; contentDigest } from '../functions/digest'
include { placed } from '../functions/placed'
include { byName } from '../functions/channels'
include { shownParameters } from '../functions/parameters'
include { launchFacts } from '../functions/launch'
include { versionLines } from '../functions/versions'

workflow REPORT {
    take:
    results     // channels: [inputs:, status:, alignments:, expression:, differential:, arrays:, findings:, logs:, hashed:]
    published   // [where it stands under --outdir, file or files]
    known       // files: [drug_packs:, gene_sets:]
    given       // map of all parameters

    main:
    def used = versionLines(channel.topic('versions'), channel.topic('statuses'))
        .flatMap { lines -> ['process\ttool\tversion'] + lines + ["rxpress\trxpress\t${workflow.manifest.version}", "nextflow\tnextflow\t${workflow.nextflow.version}"] }
        .collectFile(name: 'versions.tsv', newLine: true, sort: false)
        .first()
    def parameters = channel.of(shownParameters(given)).collectFile(name: 'params.json').first()

    def provenance = used.mix(parameters).toSortedList { path -> path.name }
    def (schema, page, config) = ['nextflow_schema.json', 'assets/gene_explorer', 'assets/multiqc_config.yml'].collect { path -> file("${projectDir}/${path}") }

    def (tables, expression, differential, arrays, findings) = ['inputs', 'expression', 'differential', 'arrays', 'findings'].collect { part -> byName(results[part]) }
    REPORT_SECTIONS(
        tables, byName(results.status), byName(results.alignments), expression, differential, arrays, findings, provenance, schema,
        [digest: toolkitDigest('report_sections.py')]
    )
    EXPORT_RESULTS(
        tables, expression, differential, arrays, findings, provenance, known.drug_packs, known.gene_sets, page, schema,
        [title: given.report_title, assets: contentDigest(known.drug_packs + [page]), digest: toolkitDigest('export_results.py')]
    )
    // MultiQC waits for the sections, so figures give way to them: on two cores all then end at about the same time.
    def after_sections = REPORT_SECTIONS.out.sections.map { _files -> schema }
    DRAW_FIGURES(tables, expression, differential, arrays, findings, provenance, after_sections, [digest: toolkitDigest('draw_figures.py')])
    MULTIQC(
        byName(results.logs.flatten().mix(REPORT_SECTIONS.out.sections)), config, given.multiqc_config ? file(given.multiqc_config, glob: false) : [],
        [report_title: given.report_title, digest: toolkitDigest('hash_inputs.py')]
    )

    def outputs = published
        .mix(REPORT_SECTIONS.out.published.mix(DRAW_FIGURES.out.figures).flatten().map { path -> placed(path, 'report', 1) })
        .mix(MULTIQC.out.report.mix(MULTIQC.out.data, EXPORT_RESULTS.out.explorer, EXPORT_RESULTS.out.workbook).map { path -> ['report', path] })
        .toSortedList { row -> "${row[0]}/${row[1].name}/${row[1]}".toString() }
    def all_used = used.splitText()
        .mix(REPORT_SECTIONS.out.versions.mix(EXPORT_RESULTS.out.versions, DRAW_FIGURES.out.versions, MULTIQC.out.versions).map { process, tool, version -> "${process.tokenize(':').last()}\t${tool}\t${version}\n" })
        .collectFile(name: 'versions.tsv', sort: { line -> line.startsWith('process') ? '' : line })
        .first()
    WRITE_MANIFEST(
        outputs.map { rows -> rows.collect { row -> row[0] } },
        outputs.map { rows -> rows.collect { row -> row[1] } },
        byName(results.hashed.mix(MULTIQC.out.inputs)),
        all_used,
        parameters,
        channel.of(launchFacts(workflow)).collectFile(name: 'launch.json').first(),
        file("${projectDir}/main.nf"),
        [digest: toolkitDigest('write_manifest.py')]
    )

    report = MULTIQC.out.report
    manifest = WRITE_MANIFEST.out.manifest

    emit:
    report
    manifest
}
