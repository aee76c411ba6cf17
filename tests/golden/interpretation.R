# Goldens of R: Rscript tests/golden/interpretation.R tests/golden/interpretation
#
#   expression, sets, weights   600 genes x 8 samples with ties and zeros, gene sets as members, weights of four pathways:
#                               what the peers of interpretation.py read too
#   camera, camera_ranks        limma's cameraPR of the first sample at three correlations, parametric and by ranks
#   over_representation         phyper: the sets among the 60 genes that are highest in the second sample
#   univariate                  t and p of lm(sample ~ weight), pathway by pathway
#   scores, score_tests         twelve scores by sample, one value missing, and lm's estimate, t, p and interval of two
#                               contrasts of four conditions
suppressMessages(library(limma))
set.seed(5)
folder <- commandArgs(trailingOnly = TRUE)[1]

save <- function(table, name) {
  table <- as.data.frame(table, optional = TRUE)
  numbers <- vapply(table, is.double, TRUE)
  table[numbers] <- lapply(table[numbers], function(x) ifelse(is.na(x), "NA", formatC(x, digits = 15, format = "g", width = 1)))
  file <- gzfile(file.path(folder, paste0(name, ".tsv.gz")), "wb", compression = 9)
  write.table(table, file, sep = "\t", quote = FALSE, row.names = FALSE)
  close(file)
}

genes <- paste0("g", 1:600)
expression <- matrix(round(rnorm(600 * 8, rexp(600, 0.2), 1.5), 3), 600, dimnames = list(genes, paste0("s", 1:8)))
expression[expression < 0.5 & runif(length(expression)) < 0.5] <- 0
sizes <- c(2, 5, 15, 15, 30, 60, 120, 300)
sets <- do.call(rbind, lapply(seq_along(sizes), function(i) {
  chance <- if (i %% 2) rep(1, 600) else exp(rowMeans(expression) / 6)
  data.frame(set = paste0("set", i), gene = sample(genes, sizes[i], prob = chance))
}))
weights <- matrix(0, 600, 4, dimnames = list(genes, paste0("p", 1:4)))
for (j in 1:4) weights[sample(600, 20 * j), j] <- round(rnorm(20 * j), 2)
weights[weights[, 4] != 0, 4] <- 1
save(cbind(gene = genes, as.data.frame(expression)), "expression")
save(sets, "sets")
save(cbind(gene = genes, as.data.frame(weights)), "weights")

index <- split(match(sets$gene, genes), sets$set)[unique(sets$set)]
statistic <- expression[, 1] - mean(expression[, 1])
camera <- function(ranks) do.call(rbind, lapply(c(0, 0.01, 0.1), function(correlation) {
  table <- cameraPR(statistic, index, use.ranks = ranks, inter.gene.cor = correlation, sort = FALSE)
  data.frame(correlation, set = rownames(table), direction = table$Direction, p_value = table$PValue, p_adjusted = table$FDR)
}))
save(camera(FALSE), "camera")
save(camera(TRUE), "camera_ranks")

hits <- rank(-expression[, 2], ties.method = "first") <= 60
found <- vapply(index, function(rows) sum(hits[rows]), 0)
p <- phyper(found - 1, lengths(index), 600 - lengths(index), 60, lower.tail = FALSE)
save(data.frame(set = names(index), found, p_value = p, p_adjusted = p.adjust(p, "BH")), "over_representation")

save(do.call(rbind, lapply(1:4, function(j) do.call(rbind, lapply(1:8, function(s) {
  row <- summary(lm(expression[, s] ~ weights[, j]))$coefficients[2, ]
  data.frame(pathway = paste0("p", j), sample = s, statistic = row[3], p_value = row[4])
})))), "univariate")

condition <- factor(rep(1:4, each = 3))
design <- model.matrix(~ 0 + condition)
contrasts <- cbind(c(-1, 1, 0, 0), c(1, -1, -1, 1))
scores <- matrix(round(rnorm(12 * 3, rep(c(0, 2, 0, 1), each = 3)), 3), 12, dimnames = list(NULL, paste0("score", 1:3)))
scores[4, 3] <- NA
save(scores, "scores")
save(do.call(rbind, lapply(1:3, function(i) do.call(rbind, lapply(1:2, function(k) {
  fit <- lm(scores[, i] ~ 0 + condition)
  estimate <- sum(contrasts[, k] * coef(fit))
  error <- sqrt(drop(contrasts[, k] %*% vcov(fit) %*% contrasts[, k]))
  t <- estimate / error
  half <- qt(0.975, fit$df.residual) * error
  data.frame(score = i, contrast = k, estimate, statistic = t, p_value = 2 * pt(-abs(t), fit$df.residual),
             low = estimate - half, high = estimate + half)
})))), "score_tests")
