/*
 * The parameters of a run as JSON.
 */

/* For CHECK_INPUTS: with unknown ones, without what only says where results go. */
def checkedParameters(given) {
    def modes = ['symlink', 'rellink', 'link', 'copy', 'copyNoFollow']
    def neutral = [
        outdir: given.outdir ? 'set' : null,
        publish_dir_mode: given.publish_dir_mode in modes ? 'copy' : given.publish_dir_mode
    ]
    asJson(given + neutral, ['help', 'version'] + imagePlaces())
}

/* For the report and the provenance. */
def shownParameters(given) {
    asJson(given, ['help', 'version', 'outdir', 'publish_dir_mode'] + imagePlaces())
}

/* Where images come from changes no result. */
def imagePlaces() {
    ['container_registry', 'container_dir']
}

/* Nextflow adds a camelCase twin to a name with dashes: the twin is enough. */
def asJson(given, hidden) {
    def shown = given.findAll { name, _value -> !name.contains('-') && !(name in hidden) }
    groovy.json.JsonOutput.prettyPrint(groovy.json.JsonOutput.toJson(shown.sort()))
}
