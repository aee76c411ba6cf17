# Goldens of R's metafor: Rscript tests/golden/metafor.R tests/golden/metafor
#
#   studies   genes in up to eight studies: estimate.1 to 8, se.1 to 8 and p.1 to 8, NA where a study lacks the gene.
#             Genes of 2, 3, 4, 5 and 8 studies without heterogeneity, with some, with much, and with errors that differ
#             a hundredfold; then genes that lack up to six of eight studies
#   metafor   the fixed effect; REML's tau2 and I2; Q; Hartung-Knapp as it is (knha) and with a variance factor of at
#             least 1 (adhoc); and Stouffer's z by qnorm
suppressMessages(library(metafor))
set.seed(11)
folder <- commandArgs(trailingOnly = TRUE)[1]

save <- function(table, name) {
  numbers <- vapply(table, is.double, TRUE)
  table[numbers] <- lapply(table[numbers], function(x) ifelse(is.na(x), "NA", formatC(x, digits = 15, format = "g", width = 1)))
  file <- gzfile(file.path(folder, paste0(name, ".tsv.gz")), "wb", compression = 9)
  write.table(table, file, sep = "\t", quote = FALSE, row.names = FALSE)
  close(file)
}

draw <- function(k, tau, spread) {
  se <- 0.2 * exp(runif(k, -spread, spread))
  c(rnorm(k, rnorm(1, 0, 0.5), sqrt(se^2 + tau^2)), rep(NA, 8 - k), se, rep(NA, 8 - k))
}
rows <- list()
for (k in c(2, 3, 4, 5, 8)) for (tau in c(0, 0.2, 1.5)) for (spread in c(0.3, 2.3)) {
  for (repeated in 1:8) rows <- c(rows, list(draw(k, tau, spread)))
}
for (absent in rep(1:6, each = 8)) {
  row <- draw(8, 0.3, 1)
  gone <- sample(8, absent)
  row[c(gone, gone + 8)] <- NA
  rows <- c(rows, list(row))
}
table <- as.data.frame(round(do.call(rbind, rows), 6))
names(table) <- c(paste0("estimate.", 1:8), paste0("se.", 1:8))
y <- as.matrix(table[1:8])
se <- as.matrix(table[9:16])
p <- 2 * pt(-abs(y / se), 12)
colnames(p) <- paste0("p.", 1:8)

combine <- function(i) {
  here <- !is.na(y[i, ])
  fit <- function(...) rma(y[i, here], sei = se[i, here], ..., control = list(threshold = 1e-10, maxiter = 10000))
  fixed <- fit(method = "FE")
  part <- function(x, name) setNames(c(x$b, x$se, x$ci.lb, x$ci.ub, x$zval, x$pval),
                                     paste0(name, c("estimate", "error", "lower", "upper", "statistic", "p_value")))
  adhoc <- fit(method = "REML", test = "adhoc")
  z <- sum(sign(y[i, here]) * qnorm(p[i, here] / 2, lower.tail = FALSE)) / sqrt(sum(here))
  c(studies = sum(here), part(fixed, "fixed."), q = fixed$QE, q_p_value = fixed$QEp, tau2 = adhoc$tau2, i2 = adhoc$I2,
    part(adhoc, "adhoc."), part(fit(method = "REML", test = "knha"), "knha."), stouffer_z = z,
    stouffer_p_value = 2 * pnorm(-abs(z)))
}
save(cbind(table, p), "studies")
save(as.data.frame(do.call(rbind, lapply(seq_len(nrow(y)), combine))), "metafor")
