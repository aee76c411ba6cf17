/*
 * Whether results can be written at all, and what to do when a disk is full.
 */

/* Why a folder on this machine cannot be written into, an empty text if it can; of others the first file will tell. */
def unwritable(folder) {
    def path = file(folder)
    if (path.toUri().scheme != 'file') {
        return ''
    }
    try {
        java.nio.file.Files.createDirectories(path)
        java.nio.file.Files.delete(java.nio.file.Files.createTempFile(path, '.writable', ''))
        return ''
    }
    catch (java.io.IOException problem) {
        def known = [AccessDeniedException: 'Permission denied', FileAlreadyExistsException: 'it is no folder']
        return known[problem.class.simpleName] ?: problem.message.replaceFirst('^.*: ', '')
    }
}

/* What to do about the disk that stopped a run, a list of lines; empty when no disk did. `words` are what was said of it. */
def diskAdvice(words, outdir, work) {
    def reason = ['No space left on device', 'Disk quota exceeded', 'Read-only file system'].find { text -> words.contains(text) }
    def places = ['--outdir': file(outdir), '-work-dir': file(work)].findAll { _option, path -> path.toUri().scheme == 'file' }
    def full = places.findAll { _option, path -> freeBytes(path) < 1024 * 1024 }
    if (!reason && !full) {
        return []
    }
    def left = places.sort { one -> freeBytes(one.value) }.collect { option, path -> "${option} ${path} (${freeBytes(path).intdiv(1024 * 1024)} MB free)" }
    ["${reason ?: 'A disk is full'}: make room in ${left.join(' or ')}, then run again with -resume: what is done stays done."]
}

/* Bytes that this user may still write where a path is or will be. */
def freeBytes(path) {
    def folder = path.toAbsolutePath().toFile()
    folder.exists() ? folder.usableSpace : freeBytes(path.toAbsolutePath().parent)
}
