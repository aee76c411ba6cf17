/*
 * What was launched and how, as JSON: what it takes to launch it again.
 */
def launchFacts(run) {
    def known = ["${run.projectDir}/nextflow.config", "${run.launchDir}/nextflow.config", "${run.homeDir}/.nextflow/config"]*.toString()
    def configs = run.configFiles.collect { path -> path.toString() }.findAll { path -> !(path in known) }
    groovy.json.JsonOutput.toJson([
        name: run.manifest.name,
        description: run.manifest.description,
        version: run.manifest.version,
        nextflow: run.nextflow.version.toString(),
        repository: (run.repository ?: run.projectDir).toString(),
        launch_folder: run.launchDir.toString(),
        commit: run.commitId ?: '',
        profile: run.profile == 'standard' ? '' : run.profile,
        configs: configs
    ])
}
