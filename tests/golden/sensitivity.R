# Goldens of R: Rscript tests/golden/sensitivity.R tests/golden/sensitivity
#
#   values       80 genes x 10 lines, some values missing; level, what the prior variance follows; sensitivity of the lines
#   regression   limma's slope, interval, moderated t and p with that trend, and R's correlation
suppressMessages(library(limma))
set.seed(3)
folder <- commandArgs(trailingOnly = TRUE)[1]

save <- function(table, name) {
  numbers <- vapply(table, is.double, TRUE)
  table[numbers] <- lapply(table[numbers], function(x) ifelse(is.na(x), "NA", formatC(x, digits = 15, format = "g", width = 1)))
  file <- gzfile(file.path(folder, paste0(name, ".tsv.gz")), "wb", compression = 9)
  write.table(table, file, sep = "\t", quote = FALSE, row.names = FALSE)
  close(file)
}

sensitivity <- round(log10(exp(rnorm(10, 2, 1.5))), 4)
level <- round(runif(80, 2, 14), 4)
slope <- ifelse(seq_len(80) <= 10, 1, 0)
values <- round(level + outer(slope, sensitivity) + matrix(rnorm(800, 0, sqrt(1 / level)), 80), 4)
values[cbind(21:40, rep(1:10, 2))] <- NA
values[cbind(31:40, rep(3:7, 2))] <- NA
fit <- lmFit(values, model.matrix(~ sensitivity))
fit$Amean <- level
table <- topTable(eBayes(fit, trend = TRUE), coef = 2, number = Inf, sort.by = "none", confint = TRUE)
correlation <- apply(values, 1, cor, sensitivity, use = "complete.obs")
colnames(values) <- paste0("line", 1:10)
save(cbind(as.data.frame(values), level), "values")
save(data.frame(sensitivity), "lines")
save(data.frame(lines = rowSums(!is.na(values)), slope = table$logFC, lower = table$CI.L, upper = table$CI.R,
                statistic = table$t, p_value = table$P.Value, p_adjusted = table$adj.P.Val, correlation), "regression")
