/*
 * What the tests mean: the studies against each other, and against what is known of the drug.
 */
include { COMPARE_STUDIES } from '../modules/local/compare_studies/main'
include { INTERPRET_RESPONSE } from '../modules/local/interpret_response/main'
include { toolkitDigest ; contentDigest } from '../functions/digest'
include { placed } from '../functions/placed'
include { byName } from '../functions/channels'

workflow INTERPRET {
    take:
    differential   // folder of each study, with its contrasts and gene tables
    expression     // folder of each study, with its log2_expression.tsv
    known          // files: [drug_packs:, signatures:, gene_sets:, pathway_weights:], [] where not given
    opts           // [packs_given:, drug:, permutations:, seed:]

    main:
    def studies = byName(differential).filter { folders -> folders }
    COMPARE_STUDIES(studies.filter { folders -> folders.size() > 1 }, [digest: toolkitDigest('compare_studies.py')])

    INTERPRET_RESPONSE(
        studies,
        byName(expression),
        known.drug_packs,
        known.signatures,
        known.gene_sets,
        known.pathway_weights,
        file("${projectDir}/assets/schema/drug_pack.schema.json"),
        opts + [
            packs: contentDigest(known.drug_packs),
            digest: toolkitDigest('interpret_response.py')
        ]
    )

    folders = COMPARE_STUDIES.out.folder.mix(INTERPRET_RESPONSE.out.folder)
    published = COMPARE_STUDIES.out.tables.mix(INTERPRET_RESPONSE.out.tables).flatten().map { path -> placed(path, '', 1) }

    emit:
    folders
    published
}
