/*
 * Memory that follows from inputs.
 */

/* Bytes of the files in a folder, e.g. of a Salmon index, which Salmon holds in memory. */
def folderBytes(folder) {
    folder.listFiles().collect { path -> path.size() }.sum() ?: 0
}
