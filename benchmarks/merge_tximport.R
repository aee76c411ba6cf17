# R tximport's turn in benchmarks/merge.py: print the seconds of one warm merge of <study>.
# Each file is read once: of the count modes one comes from tximport, the others from makeCountsFromAbundance.
# Where rxpress writes Parquet and AnnData, it writes R's own format, uncompressed, which is R's quickest.
suppressMessages(library(tximport))
arguments <- commandArgs(trailingOnly = TRUE)
study <- arguments[1]
work <- arguments[2]
outdir <- arguments[3]

tsv <- function(x, file) write.table(x, file.path(outdir, file), sep = "\t", quote = FALSE, row.names = FALSE)

merge_samples <- function(samples) {
  files <- setNames(file.path(study, "quants", samples, "quant.sf"), samples)
  map <- read.delim(file.path(study, "tx2gene.tsv"))
  bootstraps <- work == "bootstraps"
  if (work == "tables") {
    transcripts <- tximport(files, "salmon", txOut = TRUE, dropInfReps = TRUE)
    txi <- summarizeToGene(transcripts, map[, 1:2])
  } else {
    txi <- tximport(files, "salmon", tx2gene = map[, 1:2], dropInfReps = !bootstraps, varReduce = bootstraps)
  }
  scaled <- lapply(c(scaled = "scaledTPM", length_scaled = "lengthScaledTPM"), function(mode) {
    makeCountsFromAbundance(txi$counts, txi$abundance, txi$length, mode)
  })
  if (work != "tables") return(invisible())
  tables <- list(
    gene_counts = txi$counts, gene_tpm = txi$abundance, gene_lengths = txi$length,
    gene_counts_scaled = scaled$scaled, gene_counts_length_scaled = scaled$length_scaled
  )
  ids <- rownames(txi$counts)
  genes <- data.frame(gene_id = ids, gene_name = map$gene_name[match(ids, map$gene_id)])
  for (name in names(tables)) tsv(cbind(genes, tables[[name]]), paste0(name, ".tsv"))
  tsv(map, "tx2gene.tsv")
  saveRDS(transcripts, file.path(outdir, "transcripts.rds"), compress = FALSE)
  saveRDS(txi, file.path(outdir, "expression.rds"), compress = FALSE)
}

dir.create(outdir, recursive = TRUE, showWarnings = FALSE)
samples <- read.delim(file.path(study, "samples.tsv"))$sample
suppressMessages(merge_samples(samples[1:2]))
start <- proc.time()
suppressMessages(merge_samples(samples))
took <- proc.time() - start
reader <- if (requireNamespace("readr", quietly = TRUE)) "readr" else "base reader, readr is not installed"
cat(sprintf("version %s (%s)\n", packageVersion("tximport"), reader))
cat(sprintf("seconds %.4f\ncpu %.4f\n", took[["elapsed"]], took[["user.self"]] + took[["sys.self"]]))
