# Goldens of PROGENy (Debian's r-bioc-progeny 1.20, Apache-2.0, Schubert et al., Nat Commun 2018), whose own tests they
# are: Rscript tests/golden/progeny.R tests/golden/progeny
#
#   expression  121 genes x 8 samples of airway cells
#   weights     the ten best genes of each pathway
#   expected    its activities of those samples from them, scaled over the samples
folder <- commandArgs(trailingOnly = TRUE)[1]
data(model_human_full, package = "progeny")
save <- function(table, name) {
  file <- gzfile(file.path(folder, paste0(name, ".tsv.gz")), "wb", compression = 9)
  write.table(table, file, sep = "\t", quote = FALSE, row.names = FALSE)
  close(file)
}
read <- function(name, first) {
  table <- read.csv(system.file("extdata", name, package = "progeny"), check.names = FALSE)
  names(table)[1] <- first
  table
}
best <- by(model_human_full, model_human_full$pathway, function(x) head(x[order(x$p.value), ], 10))
save(do.call(rbind, best)[, c("pathway", "gene", "weight")], "weights")
save(read("human_input.csv", "gene"), "expression")
save(read("human_def_expected.csv", "sample"), "expected")
