/*
 * A published file with the folder under --outdir where it stands: `top`, then the folders that it has been
 * written to, `depth` of them. [reads/fastp, …/fastp/a.json] for top 'reads' and depth 1.
 */
def placed(path, top, depth) {
    def parts = path.toString().tokenize('/').dropRight(1).takeRight(depth)
    [((top ? [top] : []) + parts).join('/'), path]
}
