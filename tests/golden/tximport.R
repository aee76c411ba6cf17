# Makes the small study in tests/golden/tximport/quants and what R's tximport makes of it.
# Run in tests/golden: Rscript tximport.R   (Debian: r-bioc-tximport, r-cran-jsonlite; goldens from tximport 1.26.1)
suppressMessages(library(tximport))
set.seed(20)

samples <- paste0("S", 1:6)
replicates <- 5
genes <- sprintf("ENSG%05d.%d", sample(99999, 25), sample(9, 25, TRUE))
gene <- c(genes, sample(genes, 33, TRUE))
transcripts <- c(sprintf("ENST%05d.%d", sample(99999, 58), sample(9, 58, TRUE)), "ERCC-00002", "ERCC-00004")
length <- sample(250:6000, 60)
abundance <- rgamma(60, 0.6) * 50
abundance[c(which(gene == genes[3]))] <- 0        # a gene absent everywhere
sometimes <- which(gene == genes[7])              # a gene seen in some samples only
abundance[sometimes] <- 20
abundance[sample(setdiff(1:58, sometimes), 8)] <- 0
tx2gene <- data.frame(transcript_id = transcripts[1:58], gene_id = gene, gene_name = sub("ENSG", "G", gene))

root <- "tximport"
unlink(root, recursive = TRUE)
digits <- function(x, n) formatC(x, format = "f", digits = n)
tsv <- function(x, file) write.table(x, file.path(root, file), sep = "\t", quote = FALSE, row.names = FALSE)

for (i in seq_along(samples)) {
  aux <- file.path(root, "quants", samples[i], "aux_info")
  dir.create(file.path(aux, "bootstrap"), recursive = TRUE)
  effective <- pmax(length - runif(60, 150, 190), 3.5)
  mean <- abundance * effective / 100 * runif(1, 0.5, 2)
  if (i > 3) mean[sometimes] <- 0
  reads <- rpois(60, mean) + ifelse(mean > 0, runif(60), 0)
  tpm <- reads / effective
  quant <- data.frame(
    Name = transcripts, Length = length, EffectiveLength = digits(effective, 3),
    TPM = digits(tpm / sum(tpm) * 1e6, 6), NumReads = digits(reads, 3)
  )
  tsv(quant, file.path("quants", samples[i], "quant.sf"))
  bootstraps <- gzfile(file.path(aux, "bootstrap", "bootstraps.gz"), "wb")
  writeBin(as.double(rpois(60 * replicates, reads)), bootstraps, endian = "little")
  close(bootstraps)
  names <- gzfile(file.path(aux, "bootstrap", "names.tsv.gz"), "w")
  writeLines(paste(transcripts, collapse = "\t"), names)
  close(names)
  writeLines('{"auxDir": "aux_info"}', file.path(root, "quants", samples[i], "cmd_info.json"))
  writeLines(sprintf(
    '{"salmon_version": "1.10.1", "samp_type": "bootstrap", "num_bootstraps": %d, "num_valid_targets": 60, "index_seq_hash": "0f"}',
    replicates
  ), file.path(aux, "meta_info.json"))
}
tsv(tx2gene, "tx2gene.tsv")
tsv(data.frame(sample = samples, cell_line = "MM1S", treatment = rep(c("DMSO", "bortezomib"), 3)), "samples.tsv")

files <- setNames(file.path(root, "quants", samples, "quant.sf"), samples)
golden <- function(values, file) {
  text <- apply(values, 2, sprintf, fmt = "%.17g")
  tsv(data.frame(id = rownames(values), text, check.names = FALSE), file)
}
for (mode in c("no", "scaledTPM", "lengthScaledTPM")) {
  of_genes <- tximport(files, "salmon", tx2gene = tx2gene[, 1:2], countsFromAbundance = mode, dropInfReps = TRUE)
  golden(of_genes$counts, paste0("golden_counts_", mode, ".tsv"))
}
golden(of_genes$abundance, "golden_tpm.tsv")
golden(of_genes$length, "golden_length.tsv")
variance <- tximport(files, "salmon", tx2gene = tx2gene[, 1:2], varReduce = TRUE)$variance
golden(variance, "golden_variance.tsv")

# dtuScaledTPM wants a gene for every transcript: the spike-ins are left out of what tximport reads.
mapped <- function(file) subset(read.delim(file), Name %in% tx2gene$transcript_id)
of_transcripts <- tximport(
  files, "salmon", tx2gene = tx2gene[, 1:2], txOut = TRUE, countsFromAbundance = "dtuScaledTPM",
  dropInfReps = TRUE, importer = mapped
)
golden(of_transcripts$counts, "golden_counts_dtuScaledTPM.tsv")
