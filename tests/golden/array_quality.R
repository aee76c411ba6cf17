# Goldens of R's preprocessCore (1.60) and stats on the arrays of arrays.R, whose goldens it reads:
# Rscript tests/golden/array_quality.R tests/golden/arrays tests/golden/array_quality
#
#   standard_errors   of rcModelPLM, probesets x arrays; NA for probesets of one probe
#   boxes             measure (rle, nuse), array, then the numbers of a box: quartiles by quantile(), whiskers by
#                     the last values within 1.5 interquartile ranges
#   measures          mean correlation of each array with the others
#   density           of log2 perfect matches of each array, by density() with bandwidth nrd0 at 128 points
suppressMessages(library(preprocessCore))
arguments <- commandArgs(trailingOnly = TRUE)

get <- function(name) read.table(gzfile(file.path(arguments[1], paste0(name, ".tsv.gz"))), header = TRUE, sep = "\t")
save <- function(table, name) {
  table <- as.data.frame(table)
  doubles <- vapply(table, is.double, TRUE)
  table[doubles] <- lapply(table[doubles], formatC, digits = 12, format = "g", width = 1)
  file <- gzfile(file.path(arguments[2], paste0(name, ".tsv.gz")), "wb", compression = 9)
  write.table(table, file, sep = "\t", quote = FALSE, row.names = FALSE)
  close(file)
}

probes <- get("probes")
log2_pm <- log2(as.matrix(get("quantiles")))
arrays <- ncol(log2_pm)
errors <- t(sapply(split(seq_len(nrow(probes)), probes$probeset), function(rows) {
  if (length(rows) < 2) return(rep(NA, arrays))
  rcModelPLM(log2_pm[rows, ])$StdErrors[seq_len(arrays)]
}))
colnames(errors) <- colnames(log2_pm)
save(errors, "standard_errors")

rma <- as.matrix(get("rma"))
known <- errors[!is.na(errors[, 1]), ]
values <- list(rle = sweep(rma, 1, apply(rma, 1, median)), nuse = sweep(known, 1, apply(known, 1, median), "/"))
box <- function(x) {
  q <- quantile(x, c(0.25, 0.5, 0.75), names = FALSE)
  whiskers <- range(x[x >= q[1] - 1.5 * (q[3] - q[1]) & x <= q[3] + 1.5 * (q[3] - q[1])])
  c(min(x), whiskers[1], q, whiskers[2], max(x))
}
boxes <- do.call(rbind, lapply(names(values), function(measure) {
  numbers <- t(apply(values[[measure]], 2, box))
  colnames(numbers) <- c("minimum", "lower_whisker", "lower_quartile", "median", "upper_quartile", "upper_whisker",
                         "maximum")
  data.frame(measure, array = seq_len(arrays), numbers)
}))
save(boxes, "boxes")

likeness <- cor(rma)
save(data.frame(mean_correlation = (rowSums(likeness) - 1) / (arrays - 1)), "measures")

raw <- log2(as.matrix(probes[paste0("pm", seq_len(arrays))]))
save(do.call(rbind, lapply(seq_len(arrays), function(a) {
  curve <- density(raw[, a], bw = "nrd0", n = 128, from = min(raw), to = max(raw))
  data.frame(array = a, x = curve$x, density = curve$y)
})), "density")
