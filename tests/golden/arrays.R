# Goldens of R's affy (1.76) on four made arrays: Rscript tests/golden/arrays.R tests/golden/arrays
# The same of real arrays, for a test that runs R: Rscript tests/golden/arrays.R <folder> <folder of arrays_test3>
#
# A chip of 82 x 82 cells (the zones of MAS5 are then of unequal size) with 289 probesets of 1 to 20 probe pairs, one
# pair in two of them. Intensities are noise plus exponential signal, rounded (so there are ties), with a gradient
# over the chip, mismatches above their perfect match, saturated mismatches and a probeset saturated throughout.
#
#   chip       its columns and rows
#   probes     a row per probe pair: probeset from 0, cells (from 0, y * columns + x), raw intensities
#   rma_background, quantiles, rma    perfect matches corrected; also normalised; log2 expression
#   mas5_background                   the cells of probesets, corrected
#   mas5, mas5_unscaled               signal, scaled to 500 or not
#   calls, p_values                   P, M or A
suppressMessages(library(affy))
options(warn = 1)
set.seed(7)
arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[1]

save <- function(table, name, digits = 12) {
  table <- as.data.frame(table)
  doubles <- vapply(table, is.double, TRUE)
  table[doubles] <- lapply(table[doubles], formatC, digits = digits, format = "g", width = 1)
  file <- gzfile(file.path(folder, paste0(name, ".tsv.gz")), "wb", compression = 9)
  write.table(table, file, sep = "\t", quote = FALSE, row.names = FALSE)
  close(file)
}

make_batch <- function() {
  side <- 82
  arrays <- 4
  sizes <- c(rep(11, 200), rep(16, 30), rep(20, 12), rep(13, 15), rep(8, 15), rep(5, 5), rep(4, 5), rep(2, 4),
             rep(1, 3))
  pairs <- sum(sizes)
  pm_y <- seq(0, side - 2, by = 2)
  places <- sample(side * length(pm_y), pairs)
  pm_cell <- (pm_y[(places - 1) %/% side + 1]) * side + (places - 1) %% side
  mm_cell <- pm_cell + side
  probeset <- sample(rep(seq_along(sizes), sizes))
  pm_cell[which(probeset == 2)[1]] <- pm_cell[which(probeset == 1)[1]]
  mm_cell[which(probeset == 2)[1]] <- mm_cell[which(probeset == 1)[1]]

  cells <- matrix(0, side * side, arrays, dimnames = list(NULL, paste0("a", seq_len(arrays))))
  level <- ifelse(runif(length(sizes)) < 0.4, 0, 2^rnorm(length(sizes), 8, 2))
  affinity <- 2^rnorm(pairs, 0, 1)
  x <- (seq_len(side * side) - 1) %% side
  for (a in seq_len(arrays)) {
    cells[, a] <- rnorm(side * side, 90 + 10 * a, 12 + a) + 0.3 * a * x
    signal <- level[probeset] * affinity * 2^rnorm(pairs, 0, 0.3) * c(1, 1.4, 0.8, 1.1)[a] + rexp(pairs, 1 / 20)
    cross <- signal * runif(pairs, 0, 0.9) * ifelse(runif(pairs) < 0.1, 3, 1)
    cells[pm_cell + 1, a] <- cells[pm_cell + 1, a] + signal
    cells[mm_cell + 1, a] <- cells[mm_cell + 1, a] + cross
  }
  cells[mm_cell[probeset == 3] + 1, ] <- 47000
  cells[mm_cell[which(probeset == 4)[1:3]] + 1, ] <- 46500
  cells <- pmin(pmax(round(cells), 20), 65000)

  made <<- new.env()
  for (set in seq_along(sizes))
    assign(sprintf("set%03d", set), cbind(pm = pm_cell[probeset == set], mm = mm_cell[probeset == set]) + 1,
           envir = made)
  new("AffyBatch", exprs = cells, cdfName = "made", nrow = c(Rows = side), ncol = c(Cols = side))
}

read_real <- function(source) {
  plain <- file.path(tempdir(), "Test3.CDF")
  writeLines(readLines(file.path(source, "Test3.ascii.CDF.gz")), plain)
  test3 <<- makecdfenv::make.cdf.env("Test3.CDF", tempdir(), verbose = FALSE)
  batch <- ReadAffy(filenames = file.path(source, c("Test3-1.ascii.CEL.gz", "Test3-2.ascii.CEL.gz")), compress = TRUE)
  batch@cdfName <- "test3"
  batch
}

batch <- if (length(arguments) > 1) read_real(arguments[2]) else make_batch()

named <- function(values, prefix) { colnames(values) <- paste0(prefix, seq_len(ncol(values))); values }
index <- unlist(indexProbes(batch, "pm")) - 1
save(data.frame(columns = ncol(batch), rows = nrow(batch)), "chip")
save(data.frame(probeset = match(probeNames(batch), sort(geneNames(batch))) - 1L, pm_cell = as.integer(index),
                mm_cell = as.integer(unlist(indexProbes(batch, "mm")) - 1), named(pm(batch), "pm"),
                named(mm(batch), "mm")),
     "probes")
corrected <- preprocessCore::rma.background.correct(pm(batch))
save(named(corrected, "a"), "rma_background")
save(named(preprocessCore::normalize.quantiles(corrected), "a"), "quantiles")
save(exprs(rma(batch, destructive = FALSE, verbose = FALSE)), "rma")

used <- sort(unique(unlist(indexProbes(batch, "both")))) - 1
save(data.frame(cell = as.integer(used), intensity(bg.correct(batch, "mas"))[used + 1, ]),
     "mas5_background", digits = 9)
signal <- expresso(batch, bgcorrect.method = "mas", pmcorrect.method = "mas", normalize = FALSE, summary.method = "mas",
                   verbose = FALSE)
save(exprs(signal), "mas5_unscaled")
save(exprs(mas5(batch, verbose = FALSE)), "mas5")
calls <- mas5calls(batch, verbose = FALSE)
save(exprs(calls), "calls")
save(assayData(calls)[["se.exprs"]], "p_values")
