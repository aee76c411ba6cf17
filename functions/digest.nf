/*
 * A digest of the command and of the toolkit modules that it imports, directly or not: part of a task's
 * input, so that an edit of report.py re-runs the report and not a thousand Salmon jobs.
 */
def toolkitDigest(command) {
    importedFiles(command).collect { source -> source.bytes.digest('SHA-256') }.join('\n').digest('SHA-256')
}

def importedFiles(command) {
    def bin = file("${projectDir}/bin")
    importClosure(bin, [bin.resolve(command)]).sort { source -> source.toString() }
}

/* The files reached, and all that they import in turn; `latest` are those whose imports have not been followed. */
def importClosure(bin, reached, latest = reached) {
    def names = latest.findAll { source -> source.name.endsWith('.py') }
        .collectMany { source -> importedModules(source.text) }
        .unique()
    def next = filesOfModules(bin, names) - reached
    next ? importClosure(bin, reached + next, next) : reached
}

/* Dotted names that a source imports: `from rxpress.a import b` may mean rxpress.a or the module rxpress.a.b. */
def importedModules(source) {
    def statements = (source =~ /(?m)^\s*from\s+(rxpress[\w.]*)\s+import\s+(\([^)]*\)|.*)$/).collect { found -> found }
    def names = statements.collectMany { found ->
        [found[1]] + (found[2] =~ /\w+/).collect { word -> "${found[1]}.${word}".toString() }
    }
    names + (source =~ /(?m)^\s*import\s+(rxpress[\w.]*)/).collect { found -> found[1] }
}

/* The files of dotted names: the modules, the packages above them, and the data that lie in these. */
def filesOfModules(bin, names) {
    def modules = names.collect { name -> bin.resolve("${name.replace('.', '/')}.py") }.findAll { source -> source.exists() }
    def packages = names.collectMany { name -> outwards(name.replace('.', '/')) }
        .unique()
        .collect { path -> bin.resolve(path) }
        .findAll { folder -> folder.resolve('__init__.py').exists() }
    def data = packages.collectMany { folder -> folder.listFiles().findAll { one -> !(one.name =~ /\.pyc?$/) && one.isFile() } }
    (modules + packages.collect { folder -> folder.resolve('__init__.py') } + data).unique()
}

/* A path and the folders above it: a/b/c, a/b, a. */
def outwards(path) {
    def parts = path.tokenize('/')
    (1..parts.size()).collect { depth -> parts.take(depth).join('/') }
}

/* A digest of what folders hold: Nextflow hashes a folder by its name and date. */
def contentDigest(folders) {
    folders.collectMany { folder -> folder.listFiles().toList() }
        .findAll { one -> one.isFile() }
        .sort { one -> one.toString() }
        .collect { one -> "${one.parent.name}/${one.name} ${one.bytes.digest('SHA-256')}" }
        .join('\n')
        .digest('SHA-256')
}
