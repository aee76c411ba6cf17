/*
 * What the tests mean: the studies against each other, and against what is known of the drug.
 */
include { COMPARE_STUDIES } from '../modules/local/compare_studies/main'
include { INTERPRET_RESPONSE } from '../modules/local/interpret_response/main'
include { toolkitDigest ; contentDigest } from '../functions/digest'
include { byName } from '../functions/channels'

workflow INTERPRET {
    take:
    differential   // folder of each study, with its contrasts and gene tables
    expression     // folder of each study, with its log2_expression.tsv
    known          // files: [drug_pack:, signatures:, gene_sets:, pathway_weights:], [] where not given
    opts           // [drug:, permutations:, seed:]

    main:
    def studies = byName(differential).filter { folders -> folders }
    COMPARE_STUDIES(studies.filter { folders -> folders.size() > 1 }, [digest: toolkitDigest('compare_studies.py')])

    def packs = known.drug_pack ? [known.drug_pack] : shippedPacks()
    INTERPRET_RESPONSE(
        studies,
        byName(expression),
        packs,
        known.signatures,
        known.gene_sets,
        known.pathway_weights ?: file("${projectDir}/assets/pathways/progeny_human.tsv.gz"),
        file("${projectDir}/assets/schema/drug_pack.schema.json"),
        opts + [
            packs_given: known.drug_pack as boolean,
            packs: contentDigest(packs),
            digest: toolkitDigest('interpret_response.py')
        ]
    )

    comparison = COMPARE_STUDIES.out.tables
    interpretation = INTERPRET_RESPONSE.out.tables
    published = comparison.flatten().map { path -> ['comparison', path] }
        .mix(interpretation.flatten().map { path -> ['interpretation', path] })

    emit:
    comparison
    interpretation
    published
}

/* The drugs that come with the pipeline; each speaks of the studies that name it. */
def shippedPacks() {
    file("${projectDir}/assets/drugs").listFiles().findAll { one -> one.isDirectory() }.sort { one -> one.name }
}
