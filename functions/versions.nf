/*
 * The command that tells the version of a Python package: from its record, as to import it may take seconds.
 */
def packageVersion(name) {
    "python3 -c 'from importlib.metadata import version; print(version(\"${name}\"))'"
}

/*
 * What was used, as lines in order and each once. told : channel of [process, tool, version]; statuses : of
 * [process, status.json of a sample], which tells the tools that made it.
 */
def versionLines(told, statuses) {
    told
        .mix(statuses.flatMap { process, status -> versionsIn(status).collect { tool, version -> [process, tool, version] } })
        .map { process, tool, version -> [process.tokenize(':').last(), tool, version].join('\t') }
        .unique()
        .toSortedList()
}

def versionsIn(status) {
    new groovy.json.JsonSlurper().parse(status).tools ?: [:]
}
