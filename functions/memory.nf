/*
 * Memory that follows from inputs.
 */

/* Bytes of the files in a folder, e.g. of a Salmon index, which Salmon holds in memory. */
def folderBytes(folder) {
    bytesOf(folder.listFiles())
}

/* Bytes of the tables in Salmon folders, as text: a packed one is some four times as long. */
def quantBytes(folders) {
    folders.collect { folder ->
        def table = ['quant.sf', 'quant.sf.gz'].collect { name -> folder.resolve(name) }.find { path -> path.exists() } ?: folder
        table.name.endsWith('.gz') ? table.size() * 4 : table.size()
    }.sum()
}

/* What an aligner holds of its index: STAR its suffixes twice, where it puts the annotation in as it starts. */
def alignerBytes(folder) {
    def suffixes = folder.resolve('exons.sha256').exists() ? [] : ['SA', 'SAindex'].collect { name -> folder.resolve(name) }
    folderBytes(folder) + bytesOf(suffixes.findAll { path -> path.exists() })
}

def bytesOf(files) {
    files.collect { path -> path.size() }.sum() ?: 0
}
