# Goldens of tests of log2 expression, by R's limma (3.54), t.test and lm:
#   Rscript tests/golden/array_tests.R tests/golden/array_tests
#
#   lines     three lines (S1 varies twice as much) x vehicle and three doses x 3, three batches. A row per gene and test:
#             limma, limma.weighted (samples weigh by the variance of their line), anova (lm, all samples; anova() of two
#             models for joint tests): with batches. ttest (t.test, or lm of the samples of the conditions asked): without.
#             class: over lines, prior variance a trend of the mean; without batches
#   relative  the variance of each line that the weights rest on
#   patients  six pairs, one vehicle on two arrays: limma with patients as blocks, the paired t.test, lm
suppressMessages(library(limma))
set.seed(5)
folder <- commandArgs(trailingOnly = TRUE)[1]

save <- function(table, name) {
  numbers <- vapply(table, is.double, TRUE)
  table[numbers] <- lapply(table[numbers], function(x) ifelse(is.na(x), "NA", formatC(x, digits = 14, format = "g", width = 1)))
  file <- gzfile(file.path(folder, paste0(name, ".tsv.gz")), "wb", compression = 9)
  write.table(table, file, sep = "\t", quote = FALSE, row.names = FALSE)
  close(file)
}

genes <- 60
ids <- sprintf("g%03d", seq_len(genes))
draw <- function(samples, sd) {
  mean <- runif(genes, 4, 12)
  effects <- matrix(rnorm(genes * nlevels(samples$condition), 0, 0.2), genes)
  batches <- matrix(rnorm(genes * 3, 0, 0.3), genes)
  noise <- matrix(rnorm(genes * nrow(samples)), genes) * sqrt(0.05 / rgamma(genes, 3, 3))
  y <- mean + effects[, samples$condition] + batches[, samples$batch] + t(t(noise) * sd)
  y[1:15, ] <- y[1:15, ] + 2 * rep(samples$dose > 0, each = 15)
  dimnames(y) <- list(ids, samples$sample)
  round(y, 4)
}
results <- list()
keep <- function(method, contrast, estimate, statistic, p, beyond = NA) {
  results[[length(results) + 1]] <<- data.frame(method, contrast, gene_id = ids, estimate, statistic, p_value = p, p_beyond = beyond)
}

# Lines
samples <- expand.grid(replicate = 1:3, dose = c(0, 5, 10, 20), line = c("S1", "S2", "R1"), stringsAsFactors = FALSE)
samples$batch <- samples$replicate
samples$sample <- with(samples, paste(line, ifelse(dose > 0, "drug", "DMSO"), dose, 24, replicate, sep = "_"))
samples$condition <- with(samples, factor(paste(line, dose), unique(paste(line, dose))))
y <- draw(samples, ifelse(samples$line == "S1", 2, 1))
save(data.frame(gene_id = ids, y, check.names = FALSE), "lines.expression")
design <- model.matrix(~ 0 + condition + factor(batch), samples)
colnames(design) <- sub("^condition", "", colnames(design))
weights_of <- function(...) {
  w <- c(...)
  stopifnot(names(w) %in% colnames(design))
  vector <- setNames(numeric(ncol(design)), colnames(design))
  vector[names(w)] <- w
  vector
}
contrasts <- cbind(
  "drug.drug.S1.5nM" = weights_of("S1 5" = 1, "S1 0" = -1),
  "drug.drug.R1.5nM" = weights_of("R1 5" = 1, "R1 0" = -1),
  "drug.drug.sensitive.5nM" = weights_of("S1 5" = 1, "S1 0" = -1, "S2 5" = 1, "S2 0" = -1) / 2,
  "baseline.resistant_vs_sensitive" = weights_of("R1 0" = 1, "S1 0" = -1 / 2, "S2 0" = -1 / 2),
  "interaction.drug.resistant_vs_sensitive.5nM" =
    weights_of("R1 5" = 1, "R1 0" = -1, "S1 5" = -1 / 2, "S1 0" = 1 / 2, "S2 5" = -1 / 2, "S2 0" = 1 / 2))
jointly <- list("any_dose.drug.S1" = cbind(weights_of("S1 10" = 1, "S1 5" = -1), weights_of("S1 20" = 1, "S1 5" = -1)),
                "any_dose.drug.R1" = cbind(weights_of("R1 10" = 1, "R1 5" = -1), weights_of("R1 20" = 1, "R1 5" = -1)))
one_line <- lapply(c(S1 = "S1", R1 = "R1"), function(line) paste(line, c(5, 10, 20)))
names(one_line) <- names(jointly)

with_limma <- function(y, design, contrasts, jointly, weights, method) {
  fit <- lmFit(y, design, weights = weights)
  of <- contrasts.fit(fit, contrasts)
  moderated <- eBayes(of)
  beyond <- treat(of, lfc = 1)$p.value
  for (k in colnames(contrasts))
    keep(method, k, moderated$coefficients[, k], moderated$t[, k], moderated$p.value[, k], beyond[, k])
  for (k in names(jointly)) {
    f <- eBayes(contrasts.fit(fit, jointly[[k]]))
    keep(method, k, NA, f$F, f$F.p.value)
  }
}
with_limma(y, design, contrasts, jointly, NULL, "limma")

# The variance of a line: over genes the mean log of s2 of its own lm, without its bias by few degrees of freedom.
line_variance <- vapply(unique(samples$line), function(line) {
  own <- droplevels(samples[samples$line == line, ])
  s2 <- vapply(ids, function(g) summary(lm(y[g, own$sample] ~ own$condition + factor(own$batch)))$sigma^2, 0)
  df <- nrow(own) - 4 - 2
  exp(mean(log(s2)) + log(df / 2) - digamma(df / 2))
}, 0)
line_variance <- line_variance / exp(median(log(line_variance)))
save(data.frame(line = names(line_variance), variance = unname(line_variance)), "relative")
with_limma(y, design, contrasts, jointly, 1 / unname(line_variance[samples$line]), "limma.weighted")

# Not moderated: lm, and of two conditions t.test.
for (k in colnames(contrasts)) {
  found <- vapply(ids, function(g) {
    fit <- lm(y[g, ] ~ 0 + design)
    estimate <- sum(contrasts[, k] * coef(fit))
    t <- estimate / sqrt(drop(contrasts[, k] %*% vcov(fit) %*% contrasts[, k]))
    c(estimate, t, 2 * pt(-abs(t), fit$df.residual))
  }, numeric(3))
  keep("anova", k, found[1, ], found[2, ], found[3, ])

  involved <- rownames(contrasts)[contrasts[, k] != 0]
  own <- samples$condition %in% involved
  found <- vapply(ids, function(g) {
    if (length(involved) == 2) {
      test <- t.test(y[g, samples$condition == involved[contrasts[involved, k] > 0]],
                     y[g, samples$condition == involved[contrasts[involved, k] < 0]], var.equal = TRUE)
      return(c(unname(test$estimate[1] - test$estimate[2]), unname(test$statistic), test$p.value))
    }
    fit <- lm(y[g, own] ~ 0 + factor(as.character(samples$condition[own]), involved))
    t <- sum(contrasts[involved, k] * coef(fit)) / sqrt(drop(contrasts[involved, k] %*% vcov(fit) %*% contrasts[involved, k]))
    c(sum(contrasts[involved, k] * coef(fit)), t, 2 * pt(-abs(t), fit$df.residual))
  }, numeric(3))
  keep("ttest", k, found[1, ], found[2, ], found[3, ])
}
for (k in names(one_line)) {
  found <- vapply(ids, function(g) {
    merged <- factor(ifelse(samples$condition %in% one_line[[k]], "merged", as.character(samples$condition)))
    test <- anova(lm(y[g, ] ~ merged + factor(batch), samples), lm(y[g, ] ~ condition + factor(batch), samples))
    c(test$F[2], test$`Pr(>F)`[2])
  }, numeric(2))
  keep("anova", k, NA, found[1, ], found[2, ])
  own <- droplevels(samples[samples$condition %in% one_line[[k]], ])
  found <- vapply(ids, function(g) unlist(anova(lm(y[g, own$sample] ~ own$condition))[1, c("F value", "Pr(>F)")]), numeric(2))
  keep("ttest", k, NA, found[1, ], found[2, ])
}

mean_of <- function(condition) rowMeans(y[, samples$condition == condition])
effect <- vapply(unique(samples$line), function(line) mean_of(paste(line, 5)) - mean_of(paste(line, 0)), numeric(genes))
fit <- lmFit(effect)
fit$Amean <- rowMeans(y[, samples$dose %in% c(0, 5)])
over_lines <- eBayes(fit, trend = TRUE)
keep("class", "drug.drug.all.5nM.class", over_lines$coefficients[, 1], over_lines$t[, 1], over_lines$p.value[, 1],
     treat(fit, lfc = 1, trend = TRUE)$p.value[, 1])

# Patients
arrays <- expand.grid(patient = paste0("P", 1:6), dose = c(0, 20), stringsAsFactors = FALSE)
arrays <- rbind(arrays, arrays[3, ])
arrays$sample <- paste0("A", seq_len(nrow(arrays)))
arrays$batch <- as.integer(substr(arrays$patient, 2, 2)) %% 3 + 1
arrays$condition <- factor(arrays$dose)
z <- draw(arrays, 1)
save(data.frame(gene_id = ids, z, check.names = FALSE), "patients.expression")
save(arrays[c("sample", "patient", "dose")], "patients.samples")
pairs <- arrays[1:12, ]
z[, 3] <- (z[, 3] + z[, 13]) / 2
z <- z[, 1:12]
design <- model.matrix(~ patient + condition, pairs)
contrast <- cbind("drug.drug.all" = as.numeric(colnames(design) == "condition20"))
with_limma(z, design, contrast, list(), NULL, "limma.patients")
before <- pairs$dose == 0
paired <- vapply(ids, function(g) {
  test <- t.test(z[g, !before], z[g, before], paired = TRUE)
  c(unname(test$estimate), unname(test$statistic), test$p.value)
}, numeric(3))
keep("ttest.patients", "drug.drug.all", paired[1, ], paired[2, ], paired[3, ])
by_lm <- vapply(ids, function(g) summary(lm(z[g, ] ~ patient + condition, pairs))$coefficients["condition20", c(1, 3, 4)], numeric(3))
keep("anova.patients", "drug.drug.all", by_lm[1, ], by_lm[2, ], by_lm[3, ])
save(do.call(rbind, results), "tests")
