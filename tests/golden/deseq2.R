# Goldens of R's DESeq2 (1.38) for made studies: Rscript tests/golden/deseq2.R tests/golden/deseq2
#
#   lines      four lines x vehicle, drug x 3 replicates, 3 batches; genes silent in line C, outliers
#   replicates two groups of 8: outliers are replaced and their genes fitted anew
#   groups     two groups of 4: outliers are flagged, save low counts
#   lengths    two groups of 4 with gene lengths that change: offsets, as tximport hands them over
#   patients   six sensitive and six resistant patients before and under a drug, four more before it only
#   pairs      two groups of 2: the dispersion prior is matched to the whole distribution of residuals
#
# Shrunken fold changes are minima, by optim, of apeglm's posterior with flat priors on everything but the contrast.
suppressMessages(library(DESeq2))

folder <- commandArgs(trailingOnly = TRUE)[1]

save <- function(table, name) {
  numbers <- vapply(table, is.double, TRUE)
  table[numbers] <- lapply(table[numbers], function(x) ifelse(is.na(x), "NA", formatC(x, digits = 8, format = "g")))
  file <- gzfile(file.path(folder, paste0(name, ".tsv.gz")), "wb", compression = 9)
  write.table(table, file, sep = "\t", quote = FALSE, row.names = FALSE)
  close(file)
}

draw_counts <- function(genes, condition, batch, scatter = 0.5) {
  mean <- 2^rnorm(genes, 6, 2.5)
  mean[1:3] <- 2e6
  dispersion <- (0.05 + 3 / mean) * exp(rnorm(genes, 0, scatter))
  k <- nlevels(condition)
  effects <- matrix(rnorm(genes * k, 0, 0.15) + (runif(genes * k) < 0.12) * rnorm(genes * k, 0, 1.5), genes)
  batches <- matrix(rnorm(genes * nlevels(batch), 0, 0.2), genes)
  factors <- exp(rnorm(length(condition), 0, 0.3))
  mu <- mean * exp(effects[, as.integer(condition)] + batches[, as.integer(batch)]) * rep(factors, each = genes)
  matrix(rnbinom(length(mu), mu = mu, size = 1 / dispersion), genes)
}

add_outliers <- function(counts, number) {
  for (gene in sample(nrow(counts), number)) {
    sample <- sample(ncol(counts), 1)
    counts[gene, sample] <- counts[gene, sample] * 20 + 200
  }
  counts
}

fit <- function(counts, samples, design, lengths = NULL) {
  storage.mode(counts) <- "integer"
  rownames(counts) <- sprintf("g%04d", seq_len(nrow(counts)))
  colnames(counts) <- samples$sample
  if (is.null(lengths)) return(suppressMessages(DESeq(DESeqDataSetFromMatrix(counts, samples, design))))
  txi <- list(counts = counts, length = lengths, abundance = counts / lengths, countsFromAbundance = "no")
  suppressMessages(DESeq(DESeqDataSetFromTximport(txi, samples, design)))
}

# A gene whose fit does not converge has the coefficients at which optim happens to stop: leave such genes out.
without_stuck <- function(counts, samples, ...) {
  stuck <- lapply(list(...), function(design) which(mcols(fit(counts, samples, design))$betaIter >= 100))
  if (length(unlist(stuck)) == 0) counts else without_stuck(counts[-unlist(stuck), ], samples, ...)
}

# R flags a gene by the Cook's distances of all samples; here only those of the contrast's conditions count.
flag_involved <- function(dds, contrast) {
  matrix <- attr(dds, "modelMatrix")
  involved <- rowSums(matrix[, contrast != 0, drop = FALSE] != 0) > 0 & DESeq2:::nOrMoreInCell(matrix, 3)
  mcols(dds)$maxCooks <- apply(cbind(0, assays(dds)[["cooks"]][, involved, drop = FALSE]), 1, max)
  dds
}

contrast_table <- function(dds, contrast) {
  plain <- results(dds, contrast = contrast, alpha = 0.05)
  beyond <- results(dds, contrast = contrast, alpha = 0.05, lfcThreshold = 1)
  data.frame(
    gene_id = rownames(dds), log2_fold_change = plain$log2FoldChange, lfc_se = plain$lfcSE,
    statistic = plain$stat, p_value = plain$pvalue, p_adjusted = plain$padj,
    p_threshold = beyond$pvalue, p_adjusted_threshold = beyond$padj)
}

# A set of contrasts, by likelihood ratio against the design in which they are all 0. A reduced model is settled where
# least squares converge; elsewhere its likelihood is what optim happens to stop at.
save_joint <- function(dds, reduced, name) {
  full <- attr(dds, "modelMatrix")
  test <- suppressMessages(DESeq(dds, test = "LRT", full = full, reduced = reduced, betaPrior = FALSE))
  result <- results(test, alpha = 0.05)
  expressed <- which(!mcols(test)$allZero)
  settled <- rep(TRUE, nrow(test))
  alone <- DESeq2:::fitNbinomGLMs(test[expressed, ], modelMatrix = reduced, renameCols = FALSE, useOptim = FALSE)
  settled[expressed] <- alone$betaIter < 100
  save(data.frame(gene_id = rownames(test), df = ncol(full) - ncol(reduced), settled = as.integer(settled),
                  statistic = result$stat, p_value = result$pvalue, p_adjusted = result$padj), name)
}

save_fit <- function(dds, name, factors = sizeFactors(dds)) {
  counts <- data.frame(gene_id = rownames(dds), counts(dds), check.names = FALSE)
  save(counts, paste0(name, ".counts"))
  genes <- mcols(dds)
  save(data.frame(gene_id = rownames(dds), base_mean = genes$baseMean, gene_wise = genes$dispGeneEst,
                  fitted = genes$dispFit, final = genes$dispersion), paste0(name, ".dispersions"))
  trend <- attributes(dispersionFunction(dds))
  save(data.frame(sample = colnames(dds), condition = dds$condition, batch = dds$batch, size_factor = factors),
       paste0(name, ".samples"))
  save(data.frame(asymptotic = trend$coefficients[1], extra_poisson = trend$coefficients[2],
                  residual_variance = trend$varLogDispEsts, prior_variance = trend$dispPriorVar), paste0(name, ".trend"))
}

set.seed(42)
condition <- factor(rep(c("A.v", "A.d", "B.v", "B.d", "C.v", "C.d", "D.v", "D.d"), each = 3),
                    levels = c("A.v", "A.d", "B.v", "B.d", "C.v", "C.d", "D.v", "D.d"))
lines <- data.frame(sample = paste0("s", 1:24), condition = condition, batch = factor(rep(c("x", "y", "z"), 8)))
counts <- add_outliers(draw_counts(700, condition, lines$batch), 45)
counts[200:270, condition %in% c("C.v", "C.d")] <- 0
counts[271:280, condition == "C.v"] <- 0
counts[4:9, ] <- 0
counts <- without_stuck(counts, lines, ~ 0 + condition + batch, ~ 0 + condition)
dds <- fit(counts, lines, ~ 0 + condition + batch)
save_fit(dds, "lines")
k <- length(resultsNames(dds))
contrasts <- list(
  one_line = replace(numeric(k), 1:2, c(-1, 1)),
  silent_line = replace(numeric(k), 5:6, c(-1, 1)),
  average = replace(numeric(k), 1:8, c(-1, 1) / 4),
  interaction = replace(numeric(k), 1:8, c(1, -1, 1, -1, -1, 1, -1, 1) / 2))
for (name in names(contrasts)) {
  save(contrast_table(dds, contrasts[[name]]), paste0("lines.", name))
}
lines$line <- substr(lines$condition, 1, 1)
lines$drug <- substr(lines$condition, 3, 3)
save_joint(dds, model.matrix(~ line + batch, lines), "lines.effects")
save_joint(dds, model.matrix(~ line + drug + batch, lines), "lines.differences")
unblocked <- fit(counts, lines, ~ 0 + condition)
save_joint(unblocked, model.matrix(~ line, lines), "lines.effects.unblocked")
one_line <- contrasts$one_line[1:8]
save(contrast_table(flag_involved(unblocked, one_line), one_line), "lines.one_line.unblocked")
lines_dds <- dds
vst <- assay(varianceStabilizingTransformation(dds, blind = TRUE))[1:150, ]
save(data.frame(gene_id = rownames(vst), vst, check.names = FALSE), "lines.vst")

two_groups <- function(replicates) {
  condition <- factor(rep(c("vehicle", "drug"), each = replicates), levels = c("vehicle", "drug"))
  data.frame(sample = paste0("s", seq_along(condition)), condition = condition, batch = factor("x"))
}

compare_groups <- function(name, samples, genes, outliers, scatter = 0.5) {
  counts <- add_outliers(draw_counts(genes, samples$condition, samples$batch, scatter), outliers)
  counts[10, ] <- c(40, numeric(nrow(samples) - 1))
  dds <- fit(without_stuck(counts, samples, ~ 0 + condition), samples, ~ 0 + condition)
  save_fit(dds, name)
  save(contrast_table(dds, c(-1, 1)), paste0(name, ".drug"))
  save_joint(dds, model.matrix(~ 1, samples), paste0(name, ".joint"))
}
compare_groups("replicates", two_groups(8), 300, 40)
compare_groups("groups", two_groups(4), 400, 80)
compare_groups("pairs", two_groups(2), 500, 0, scatter = 1.4)

samples <- two_groups(4)
counts <- draw_counts(250, samples$condition, samples$batch)
switched <- 1:60
lengths <- matrix(round(2^rnorm(250, 10, 1)), 250, 8) * matrix(sample(c(0.9, 1, 1.1), 2000, TRUE), 250)
lengths[switched, samples$condition == "drug"] <- lengths[switched, samples$condition == "drug"] * 2
counts[switched, samples$condition == "drug"] <- counts[switched, samples$condition == "drug"] * 2
dds <- fit(counts, samples, ~ 0 + condition, lengths)
stopifnot(all(mcols(dds)$betaIter < 100))
relative <- lengths / exp(rowMeans(log(lengths)))
save_fit(dds, "lengths", estimateSizeFactorsForMatrix(counts / relative))
save(data.frame(gene_id = rownames(dds), lengths), "lengths.lengths")
save(contrast_table(dds, c(-1, 1)), "lengths.drug")
save_joint(dds, model.matrix(~ 1, samples), "lengths.joint")

patient <- factor(c(1:12, 1:12, 13:16))
drug <- rep(c(0, 1, 0), c(12, 12, 4))
resistant <- c(rep(c(0, 1, 0, 1), each = 6), 0, 0, 1, 1)
condition <- factor(paste0(c("S", "R")[resistant + 1], c(".v", ".d")[drug + 1]))
samples <- data.frame(sample = paste0("s", 1:28), condition = condition, batch = patient)
paired <- 1:24
blocked <- cbind(model.matrix(~ 0 + factor(patient[paired])), drug = drug[paired], interaction = (drug * resistant)[paired])
colnames(blocked)[1:12] <- paste0("patient", 1:12)
counts <- without_stuck(draw_counts(200, condition, patient), samples)
stuck <- which(mcols(fit(counts[, paired], samples[paired, ], blocked))$betaIter >= 100)
if (length(stuck) > 0) counts <- counts[-stuck, ]
save(data.frame(gene_id = sprintf("g%04d", seq_len(nrow(counts))), counts), "patients.counts")
save(cbind(samples, drug = drug, resistant = resistant), "patients.samples")
dds <- fit(counts[, paired], samples[paired, ], blocked)
save(contrast_table(dds, as.numeric(1:14 == 13)), "patients.drug")
save(contrast_table(dds, as.numeric(1:14 == 14)), "patients.interaction")
before <- drug == 0
dds <- fit(counts[, before], droplevels(samples[before, ]), ~ 0 + condition)
save(contrast_table(dds, c(1, -1)), "patients.baseline")

# The basis is completed so that the contrast is the last coefficient.
prior_scale <- function(estimate, error) {
  keep <- !is.na(estimate) & !is.na(error)
  squares <- estimate[keep]^2
  noise <- error[keep]^2
  excess <- function(a) sum((squares - noise) / (a + noise)^2) / sum((a + noise)^-2) - a
  if (excess(1e-6) < 0) 1e-3 else min(sqrt(uniroot(excess, c(1e-6, 400), tol = 1e-12)$root), 1)
}
shrink_gene <- function(y, x, log_factors, size, start, scale) {
  p <- ncol(x)
  f <- function(b) {
    eta <- drop(x %*% b) + log_factors
    -sum(y * eta - (y + size) * log(size + exp(eta))) + log1p((b[p] / scale)^2)
  }
  gradient <- function(b) {
    mu <- exp(drop(x %*% b) + log_factors)
    drop(t(x) %*% ((y + size) * mu / (size + mu) - y)) + c(numeric(p - 1), 2 * b[p] / (scale^2 + b[p]^2))
  }
  starts <- list(start, replace(start, p, 0))
  fits <- lapply(starts, function(s) {
    for (i in 1:3) s <- optim(s, f, gradient, method = "BFGS", control = list(reltol = 1e-15, maxit = 5000))$par
    s
  })
  best <- fits[[which.min(vapply(fits, f, 0))]]
  c(best[p], sqrt(solve(optimHess(best, f, gradient))[p, p]), scale)
}
shrink <- function(dds, contrast, name) {
  result <- results(dds, contrast = contrast, cooksCutoff = FALSE)
  scale <- prior_scale(result$log2FoldChange * log(2), result$lfcSE * log(2))
  x <- attr(dds, "modelMatrix")
  p <- ncol(x)
  basis <- cbind(qr.Q(qr(cbind(contrast, diag(p)[, -1])), complete = TRUE)[, -1], contrast / sum(contrast^2))
  beta <- as.matrix(mcols(dds)[, resultsNames(dds)]) * log(2)
  separated <- apply(counts(dds), 1, function(y) sum(y > 0) < p || qr(x[y > 0, , drop = FALSE])$rank < p)
  genes <- head(which(!separated), 120)
  rows <- t(vapply(genes, function(g) {
    shrink_gene(counts(dds)[g, ], x %*% basis, log(sizeFactors(dds)), 1 / dispersions(dds)[g],
                solve(basis, beta[g, ]), scale)
  }, numeric(3)))
  save(data.frame(gene_id = rownames(dds)[genes], shrunken = rows[, 1] / log(2), shrunken_se = rows[, 2] / log(2),
                  prior_scale = rows[, 3]), name)
}
shrink(lines_dds, contrasts$one_line, "lines.one_line.shrunken")
shrink(lines_dds, contrasts$interaction, "lines.interaction.shrunken")
