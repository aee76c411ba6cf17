# The weights of assets/pathways/progeny_human.tsv.gz, from the full human model of PROGENy:
#
#   Rscript assets/pathways/progeny_human.R assets/pathways/progeny_human.tsv.gz
#
# needs the package progeny among R's libraries (Debian's r-bioc-progeny 1.20; nothing of it but its data is loaded).
# A row per pathway and gene, the 500 genes of smallest p of each pathway, in that order.
data(model_human_full, package = "progeny")
best <- by(model_human_full, as.character(model_human_full$pathway), function(pathway) {
  head(pathway[order(pathway$p.value, as.character(pathway$gene), method = "radix"), ], 500)
})
best <- do.call(rbind, best[sort(names(best), method = "radix")])
table <- data.frame(
  pathway = best$pathway, gene = best$gene,
  weight = signif(best$weight, 6), p_value = signif(best$p.value, 3)
)
file <- gzfile(commandArgs(trailingOnly = TRUE)[1], "wb", compression = 9)
write.table(table, file, sep = "\t", quote = FALSE, row.names = FALSE)
close(file)
