# Goldens of R's limma (3.54): Rscript tests/golden/limma.R tests/golden/limma
#
#   plain     four conditions x 3, three batches: contrasts, F; also with a trend, and beyond two-fold
#   twenty, five  its first genes: fewer of them leave fewer knots for the trend
#   pooled    variances that differ less than by chance: the prior has infinite degrees of freedom, trend or not
#   missing   values missing at random, a condition without any in some genes, a gene with none, one per condition
#   weighted  precision weights by gene and sample, some of them zero
#   voom      counts with effective library sizes; also as a study is tested: library sizes from size factors, genes
#             with enough counts (the rule of edgeR's filterByExpr), p-values adjusted and beyond two-fold
#
# With weights or missing values a contrast is a coefficient of a rewritten design (R's contrasts.fit would approximate),
# and F comes from the gene's own weighted fit in base R.
suppressMessages(library(limma))
options(warn = 1)
set.seed(1)
folder <- commandArgs(trailingOnly = TRUE)[1]

save <- function(table, name) {
  if (is.null(colnames(table))) colnames(table) <- paste0("s", seq_len(ncol(table)))
  table <- as.data.frame(table, optional = TRUE)
  numbers <- vapply(table, is.double, TRUE)
  digits <- ifelse(grepl("p_value|p_adjusted", names(table)), 10, 15)
  table[numbers] <- Map(function(x, digits)
    ifelse(is.na(x), "NA", ifelse(is.infinite(x), "inf", formatC(x, digits = digits, format = "g", width = 1))),
    table[numbers], digits[numbers])
  file <- gzfile(file.path(folder, paste0(name, ".tsv.gz")), "wb", compression = 9)
  write.table(table, file, sep = "\t", quote = FALSE, row.names = FALSE)
  close(file)
}

condition <- factor(rep(c("A.v", "A.d", "B.v", "B.d"), each = 3), levels = c("A.v", "A.d", "B.v", "B.d"))
batch <- factor(rep(1:3, 4))
design <- model.matrix(~ 0 + condition + batch)
contrasts <- cbind(a = c(-1, 1, 0, 0, 0, 0), b = c(0, 0, -1, 1, 0, 0), average = c(-1, 1, -1, 1, 0, 0) / 2,
                   interaction = c(1, -1, -1, 1, 0, 0))
save(design, "design")
save(contrasts, "contrasts")

draw <- function(genes, variance) {
  mean <- runif(genes, 3, 14)
  effects <- matrix(rnorm(genes * 6, 0, 0.2) + (runif(genes * 6) < 0.1) * rnorm(genes * 6, 0, 1.5), genes)
  y <- mean + effects %*% t(design) + matrix(rnorm(genes * 12), genes) * sqrt(variance(mean))
  round(y, 4)
}
decaying <- function(mean) (0.05 + exp(-mean / 3)) / rgamma(length(mean), 3, 3)

table_of <- function(fit, f, f_p) {
  out <- data.frame(sigma = fit$sigma, residual_df = fit$df.residual, posterior_variance = fit$s2.post,
                    total_df = fit$df.total, prior_df = fit$df.prior, prior_variance = fit$s2.prior,
                    joint_statistic = f, joint_p_value = f_p)
  for (k in colnames(fit$t))
    out[paste0(c("estimate.", "statistic.", "p_value."), k)] <- list(fit$coefficients[, k], fit$t[, k], fit$p.value[, k])
  out
}

save_plain <- function(y, name) {
  save(y, paste0(name, ".expression"))
  fit <- contrasts.fit(lmFit(y, design), contrasts)
  for (trend in c(FALSE, TRUE)) {
    moderated <- eBayes(fit, trend = trend)
    # the degrees of freedom of t: R's own F.p.value goes beyond those of all genes together
    f_p <- pf(moderated$F, 2, moderated$df.total, lower.tail = FALSE)
    if (moderated$df.prior[1] < 100) stopifnot(all.equal(f_p, moderated$F.p.value))
    table <- table_of(moderated, moderated$F, f_p)
    beyond <- treat(fit, lfc = 1, trend = trend)$p.value
    colnames(beyond) <- paste0("p_value_beyond.", colnames(beyond))
    save(cbind(table, beyond), paste0(name, if (trend) ".trend" else ".constant"))
  }
}
plain <- draw(300, decaying)
save_plain(plain, "plain")
save_plain(plain[1:20, ], "twenty")
save_plain(plain[1:5, ], "five")
pooled <- draw(150, function(mean) rep(0.09, length(mean)))
fit <- lmFit(pooled, design)
residuals <- pooled - fit$coefficients %*% t(design)
save_plain(round(pooled - residuals + residuals * sqrt(0.3 / fit$sigma), 4), "pooled")

# The contrast in the place of the coefficient it weighs: X B with B^-1 holding the contrast in that row.
as_coefficient <- function(contrast) {
  inverse <- diag(length(contrast))
  column <- which(contrast != 0)[1]
  inverse[column, ] <- contrast
  list(design = design %*% solve(inverse), column = column)
}

# Whether the observations of a gene determine a contrast. Of dependent columns R leaves out the last, and gives the
# others an estimate even if it depends on that choice.
determined <- function(seen, contrast) {
  seen <- design[seen, , drop = FALSE]
  if (nrow(seen) == 0) FALSE else qr(rbind(seen, contrast))$rank == qr(seen)$rank
}

own_f <- function(y, w, s2_post, contrasts) {
  seen <- is.finite(y) & w > 0
  if (!any(seen)) return(NA)
  fit <- lm.wfit(design[seen, , drop = FALSE], y[seen], w[seen])
  known <- fit$qr$pivot[seq_len(fit$rank)]
  if (any(contrasts[-known, ] != 0)) return(NA)
  b <- crossprod(contrasts, ifelse(is.na(fit$coefficients), 0, fit$coefficients))
  v <- crossprod(contrasts[known, ], chol2inv(qr.R(fit$qr)[seq_len(fit$rank), seq_len(fit$rank)]) %*% contrasts[known, ])
  drop(crossprod(b, solve(v, b))) / length(b) / s2_post
}

exact <- function(y, weights, trend) {
  fits <- lapply(colnames(contrasts), function(k) {
    basis <- as_coefficient(contrasts[, k])
    fit <- suppressWarnings(lmFit(y, basis$design, weights = weights))
    suppressWarnings(eBayes(fit, trend = trend))[, basis$column]
  })
  fit <- fits[[1]]
  for (part in c("coefficients", "t", "p.value")) {
    fit[[part]] <- do.call(cbind, lapply(fits, function(f) f[[part]]))
    colnames(fit[[part]]) <- colnames(contrasts)
  }
  w <- if (is.null(weights)) array(1, dim(y)) else weights
  for (k in colnames(contrasts)) {
    unknown <- !apply(is.finite(y) & w > 0, 1, determined, contrasts[, k])
    for (part in c("coefficients", "t", "p.value")) fit[[part]][unknown, k] <- NA
  }
  f <- vapply(seq_len(nrow(y)), function(g) own_f(y[g, ], w[g, ], fit$s2.post[g], contrasts[, 1:2]), 0)
  table_of(fit, f, pf(f, 2, fit$df.total, lower.tail = FALSE))
}

missing <- draw(200, decaying)
missing[matrix(runif(length(missing)) < 0.08, nrow(missing))] <- NA
missing[1:10, 1:3] <- NA
missing[11:14, ] <- NA
missing[15:20, c(2:3, 5:6, 8:9, 11:12)] <- NA
save(missing, "missing.expression")
save(exact(missing, NULL, FALSE), "missing.constant")

weighted <- draw(200, decaying)
weights <- round(exp(matrix(rnorm(length(weighted), 0, 0.8), nrow(weighted))), 4)
weights[1:5, 2] <- 0
save(weighted, "weighted.expression")
save(weights, "weighted.weights")
for (trend in c(FALSE, TRUE)) save(exact(weighted, weights, trend), if (trend) "weighted.trend" else "weighted.constant")

mu <- 2^rnorm(400, 5, 2.5)
effects <- matrix(exp((runif(400 * 4) < 0.1) * rnorm(400 * 4)), 400)
factors <- exp(rnorm(12, 0, 0.4))
expected <- mu * effects[, as.integer(condition)] * rep(factors, each = 400)
counts <- matrix(rnbinom(length(expected), mu = expected, size = 1 / (0.03 + 1 / mu)), 400)
counts[1:10, ] <- 0L
counts[11:20, ] <- rpois(120, 0.3)
sizes <- round(colSums(counts) * exp(rnorm(12, 0, 0.1)))
transformed <- voom(counts, design, lib.size = sizes)
save(counts, "voom.counts")
save(data.frame(size = sizes), "voom.sizes")
save(transformed$E, "voom.expression")
save(transformed$weights, "voom.weights")
save(exact(transformed$E, transformed$weights, FALSE), "voom.constant")

of_line <- function(samples) {
  own <- model.matrix(~ 0 + droplevels(condition[samples]) + batch[samples])
  voom(counts[, samples], own, lib.size = sizes[samples])$weights
}
save(cbind(of_line(1:6), of_line(7:12)), "voom.line_weights")

factors <- sizes / exp(mean(log(sizes)))
lib <- factors * exp(mean(log(colSums(counts))))
least <- 1 / max(hat(design, intercept = FALSE))
keep <- rowSums(t(t(counts) / lib) >= 10 / median(lib)) >= least - 1e-8 & rowSums(counts) >= 15
transformed <- voom(counts[keep, ], design, lib.size = lib)
basis <- as_coefficient(contrasts[, "average"])
fit <- lmFit(transformed$E, basis$design, weights = transformed$weights)
p <- eBayes(fit)$p.value[, basis$column]
beyond <- treat(fit, lfc = 1)$p.value[, basis$column]
save(data.frame(gene = which(keep), estimate = fit$coefficients[, basis$column],
                statistic = eBayes(fit)$t[, basis$column], p_value = p, p_adjusted = p.adjust(p, "BH"),
                p_adjusted_threshold = p.adjust(beyond, "BH")), "voom.study")
