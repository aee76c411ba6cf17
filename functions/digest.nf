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

/* The files reached, and all that they import in turn. */
def importClosure(bin, reached) {
    def next = reached.findAll { source -> source.name.endsWith('.py') }
        .collectMany { source -> importedModules(source.text) }
        .collectMany { name -> moduleFiles(bin, name) }
        .unique()
        .findAll { source -> !reached.contains(source) }
    next ? importClosure(bin, reached + next) : reached
}

/* Dotted names that a source imports: `from rxpress.a import b` may mean rxpress.a or the module rxpress.a.b. */
def importedModules(source) {
    def statements = (source =~ /(?m)^\s*from\s+(rxpress[\w.]*)\s+import\s+(\([^)]*\)|.*)$/).collect { found -> found }
    def names = statements.collectMany { found ->
        [found[1]] + (found[2] =~ /\w+/).collect { word -> "${found[1]}.${word}" }
    }
    names + (source =~ /(?m)^\s*import\s+(rxpress[\w.]*)/).collect { found -> found[1] }
}

/* The files of a dotted name: the module, the packages above it, and the data that lie in them. */
def moduleFiles(bin, name) {
    def parts = name.toString().tokenize('.')
    def packages = (1..parts.size()).collect { depth -> bin.resolve(parts.take(depth).join('/')) }
        .findAll { folder -> folder.resolve('__init__.py').exists() }
    def data = packages.collectMany { folder -> folder.listFiles().findAll { one -> one.isFile() && !(one.name =~ /\.pyc?$/) } }
    (packages.collect { folder -> folder.resolve('__init__.py') } + data + [bin.resolve("${parts.join('/')}.py")])
        .findAll { source -> source.exists() }
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
