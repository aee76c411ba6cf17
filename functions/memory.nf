/*
 * Memory that follows from inputs.
 */

/* Bytes of the files in a folder, e.g. of a Salmon index, which Salmon holds in memory. */
def folderBytes(folder) {
    bytesOf(folder.listFiles())
}

/* What an aligner holds of its index: STAR its suffixes twice, where it puts the annotation in as it starts. */
def alignerBytes(folder) {
    def suffixes = folder.resolve('exons.sha256').exists() ? [] : ['SA', 'SAindex'].collect { name -> folder.resolve(name) }
    folderBytes(folder) + bytesOf(suffixes.findAll { path -> path.exists() })
}

def bytesOf(files) {
    files.collect { path -> path.size() }.sum() ?: 0
}
