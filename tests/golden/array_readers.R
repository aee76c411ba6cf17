# Digests (SHA-256) of what affyio and makecdfenv read in the real Test3 arrays: cells as little-endian floats
# and 16-bit counts, and the cells (from 0) of each probeset by name. The values themselves are not ours to keep.
# Usage: Rscript array_readers.R <folder of the arrays> > array_readers.tsv; needs r-bioc-affyio, r-bioc-makecdfenv.
folder <- normalizePath(commandArgs(TRUE)[1])
suppressPackageStartupMessages({library(affyio); library(makecdfenv)})

digest <- function(write) {
  path <- tempfile(); to <- file(path, "wb"); write(to); close(to)
  sub(" .*", "", system2("sha256sum", path, stdout = TRUE))
}
say <- function(...) cat(..., sep = "\t", fill = FALSE)
say("what", "sha256\n")
for (array in c("Test3-1", "Test3-2")) {
  cel <- read.celfile(file.path(folder, paste0(array, ".ascii.CEL.gz")), intensity.means.only = FALSE)$INTENSITY
  say(paste(array, "mean"), paste0(digest(function(to) writeBin(cel$MEAN, to, size = 4, endian = "little")), "\n"))
  say(paste(array, "sd"), paste0(digest(function(to) writeBin(cel$STDEV, to, size = 4, endian = "little")), "\n"))
  say(paste(array, "pixels"), paste0(digest(function(to) writeBin(as.integer(cel$NPIXELS), to, size = 2, endian = "little")), "\n"))
}
sets <- as.list(make.cdf.env("Test3.xda.CDF", cdf.path = folder, verbose = FALSE))
lines <- unlist(lapply(sort(names(sets), method = "radix"), function(name)
  sprintf("%s\t%d\t%d", name, as.integer(sets[[name]][, "pm"] - 1), as.integer(sets[[name]][, "mm"] - 1))))
say("probesets", paste0(digest(function(to) writeLines(lines, to)), "\n"))
