# Goldens of R's limma (3.54) for a test over lines: Rscript tests/golden/line_level.R tests/golden/line_level
#
# 3 sensitive and 4 resistant lines, vehicle and drug, 2 libraries each. Each line is one value per gene, from log2 CPM
# with DESeq2's size factors; the prior variance follows the mean expression of the conditions.
suppressMessages({library(DESeq2); library(limma)})

folder <- commandArgs(trailingOnly = TRUE)[1]

save <- function(table, name) {
  numbers <- vapply(table, is.double, TRUE)
  table[numbers] <- lapply(table[numbers], function(x) ifelse(is.na(x), "NA", formatC(x, digits = 12, format = "g")))
  file <- gzfile(file.path(folder, paste0(name, ".tsv.gz")), "wb", compression = 9)
  write.table(table, file, sep = "\t", quote = FALSE, row.names = FALSE)
  close(file)
}

set.seed(3)
genes <- 300
samples <- expand.grid(replicate = 1:2, treatment = c("DMSO", "drug"), cell_line = c(paste0("S", 1:3), paste0("R", 1:4)),
                       stringsAsFactors = FALSE)
samples$sample <- with(samples, paste(cell_line, treatment, replicate, sep = "_"))
resistant <- substr(samples$cell_line, 1, 1) == "R"
treated <- samples$treatment == "drug"
mean <- 2^rnorm(genes, 6, 2.5)
of_line <- matrix(rnorm(genes * 7, 0, 0.4), genes, dimnames = list(NULL, unique(samples$cell_line)))
response <- matrix(rnorm(genes * 7, 0, 0.3), genes, dimnames = dimnames(of_line))
drug <- (runif(genes) < 0.3) * rnorm(genes, 0, 1.5)
marker <- (runif(genes) < 0.2) * rnorm(genes, 0, 1.5)
mu <- vapply(seq_len(nrow(samples)), function(i) {
  line <- samples$cell_line[i]
  mean * exp(of_line[, line] + resistant[i] * marker + treated[i] * (drug + response[, line]) + rnorm(1, 0, 0.3))
}, numeric(genes))
counts <- matrix(rnbinom(length(mu), mu = mu, size = 10), genes)
dimnames(counts) <- list(sprintf("g%03d", 1:genes), samples$sample)
save(data.frame(gene_id = rownames(counts), counts), "counts")

factors <- estimateSizeFactorsForMatrix(counts)
sizes <- factors * mean(colSums(counts) / factors)
cpm <- t(log2((t(counts) + 0.5) / (sizes + 1) * 1e6))
normalized <- t(t(counts) / factors)
average <- function(x, line, arm) rowMeans(x[, samples$cell_line == line & samples$treatment == arm])
lines <- unique(samples$cell_line)
of <- function(x, arm) vapply(lines, function(line) average(x, line, arm), numeric(genes))
side <- ifelse(substr(lines, 1, 1) == "R", "resistant", "sensitive")

over_lines <- function(values, levels, means, design, contrast, enough, golden) {
  tested <- rowSums(levels >= 10) >= enough
  fit <- contrasts.fit(lmFit(values[tested, ], design), contrast)
  fit$Amean <- means[tested]
  moderated <- eBayes(fit, trend = TRUE)
  table <- data.frame(gene_id = rownames(counts), tested = as.integer(tested), lfc = drop(values %*% design %*% (contrast / colSums(design))),
                      t = NA_real_, p_value = NA_real_, p_adjusted = NA_real_, p_adjusted_threshold = NA_real_)
  table$t[tested] <- moderated$t[, 1]
  table$p_value[tested] <- moderated$p.value[, 1]
  table$p_adjusted[tested] <- p.adjust(moderated$p.value[, 1], "BH")
  table$p_adjusted_threshold[tested] <- p.adjust(treat(fit, lfc = 1, trend = TRUE)$p.value[, 1], "BH")
  save(table, golden)
}
two <- cbind(resistant = side == "resistant", sensitive = side == "sensitive") * 1
one <- matrix(1, 7, 1)
arm_means <- function(arms) rowMeans(cpm[, samples$treatment %in% arms])
both <- (of(normalized, "drug") + of(normalized, "DMSO")) / 2
effect <- of(cpm, "drug") - of(cpm, "DMSO")
over_lines(of(cpm, "DMSO"), of(normalized, "DMSO"), arm_means("DMSO"), two, c(1, -1), 3, "baseline")
over_lines(effect, both, arm_means(c("DMSO", "drug")), two, c(1, -1), 3, "interaction")
over_lines(effect, both, arm_means(c("DMSO", "drug")), one, 1, 4, "drug")
