/*
 * What is known of drugs and pathways, as files for staging: the user's, else what comes with the pipeline.
 */
include { existing } from './peek'

def knownOf(given) {
    [
        drug_packs: given.drug_pack ? [existing(given.drug_pack)] : shippedPacks(),
        signatures: existing(given.signatures),
        gene_sets: existing(given.gene_sets),
        pathway_weights: existing(given.pathway_weights) ?: file("${projectDir}/assets/pathways/progeny_human.tsv.gz")
    ]
}

/* Each of these speaks of the studies that name its drug. */
def shippedPacks() {
    file("${projectDir}/assets/drugs").listFiles().findAll { one -> one.isDirectory() }.sort { one -> one.name }
}
