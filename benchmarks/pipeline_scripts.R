# The usual way's turn in benchmarks/pipeline.py: tximport, then DESeq2 with a shrunken fold change per contrast.
suppressMessages({
  library(tximport)
  library(DESeq2)
})
arguments <- commandArgs(trailingOnly = TRUE)
samples <- read.csv(arguments[1])
samples <- samples[!duplicated(samples$sample), ]
map <- read.delim(arguments[2])
files <- setNames(file.path("salmon", samples$sample, "quant.sf"), samples$sample)
txi <- suppressMessages(tximport(files, "salmon", tx2gene = map[, 1:2]))
samples$group <- factor(make.names(paste(samples$cell_line, samples$treatment, sep = "_")))
dds <- suppressMessages(DESeqDataSetFromTximport(txi, samples, ~ 0 + group))
dds <- suppressMessages(DESeq(dds, quiet = TRUE))
lines <- unique(make.names(samples$cell_line))
group <- function(line, treatment) paste0("group", line, "_", treatment)
drug <- sapply(lines, group, "bortezomib")
vehicle <- sapply(lines, group, "DMSO")
contrasts <- c(
  lapply(seq_along(lines), function(i) list(drug[[i]], vehicle[[i]])),
  list(list(unname(drug), unname(vehicle))),
  list(list(c(drug[[1]], vehicle[[2]]), c(vehicle[[1]], drug[[2]]))),
  lapply(list(vehicle, drug), function(arm) list(arm[[2]], arm[[1]]))
)
dir.create("tests")
for (i in seq_along(contrasts)) {
  tested <- results(dds, contrast = contrasts[[i]], alpha = 0.05)
  write.table(as.data.frame(tested), file.path("tests", paste0(i, ".tsv")), sep = "\t", quote = FALSE)
}
write.table(counts(dds, normalized = TRUE), "tests/normalized.tsv", sep = "\t", quote = FALSE)
pdf("tests/pca.pdf")
print(plotPCA(vst(dds), intgroup = "group"))
invisible(dev.off())
