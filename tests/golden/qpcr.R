# Goldens of R: R_LIBS=… Rscript tests/golden/qpcr.R tests/golden/qpcr
#
#   groups, tests   values in two to four groups, each group with its weight; t.test of two groups (Welch) and of one (the
#                   differences of pairs), and the same by its definition for more groups than t.test takes
#   references      Ct of five reference genes in ten samples; stability: geNorm's M as the mean of SDs of log ratios, made
#                   from quantities 2^-Ct
#   wells, ratios   Ct of two conditions with efficiencies of target and two references; the ratio of Pfaffl in quantities
#   pairs, concordance   paired fold changes; Pearson's r and epiR's epi.ccc (Debian's r-cran-epir)
set.seed(7)
folder <- commandArgs(trailingOnly = TRUE)[1]
# The function alone: the package would load graphics and maps.
ccc <- local({ lazyLoad(file.path(find.package("epiR", .libPaths()), "R", "epiR"), environment()); epi.ccc })

save <- function(table, name) {
  numbers <- vapply(table, is.double, TRUE)
  table[numbers] <- lapply(table[numbers], function(x) ifelse(is.na(x), "NA", formatC(x, digits = 15, format = "g", width = 1)))
  file <- gzfile(file.path(folder, paste0(name, ".tsv.gz")), "wb", compression = 9)
  write.table(table, file, sep = "\t", quote = FALSE, row.names = FALSE)
  close(file)
}

by_definition <- function(values, weights) {
  share <- mapply(function(x, w) w^2 * var(x) / length(x), values, weights)
  df <- sum(share)^2 / sum(share^2 / (lengths(values) - 1))
  estimate <- sum(weights * vapply(values, mean, 0)); error <- sqrt(sum(share))
  c(estimate, error, df, estimate / error, 2 * pt(-abs(estimate / error), df), estimate + c(-1, 1) * qt(0.975, df) * error)
}
of_t_test <- function(t) c(t$estimate[1] - if (length(t$estimate) > 1) t$estimate[2] else 0, t$stderr, t$parameter,
                           t$statistic, t$p.value, t$conf.int)
sizes <- list(welch_3_3 = c(3, 3), welch_3_8 = c(3, 8), welch_2_6 = c(2, 6), paired_4 = 4, paired_12 = 12,
              average_two_lines = c(3, 3, 3, 3), interaction = c(3, 4, 2, 5))
weights <- list(average_two_lines = c(0.5, -0.5, 0.5, -0.5), interaction = c(1, -1, -1, 1))
groups <- list(); tests <- list()
for (name in names(sizes)) {
  values <- lapply(sizes[[name]], function(n) round(rnorm(n, runif(1, 2, 9), runif(1, 0.1, 1.2)), 4))
  w <- weights[[name]]; if (is.null(w)) w <- c(1, -1)[seq_along(values)]
  groups[[name]] <- data.frame(case = name, group = rep(seq_along(values), lengths(values)), weight = rep(w, lengths(values)),
                               value = unlist(values))
  result <- if (length(values) == 2) of_t_test(t.test(values[[1]], values[[2]])) else
    if (length(values) == 1) of_t_test(t.test(values[[1]])) else by_definition(values, w)
  if (length(values) == 2) stopifnot(all.equal(unname(result), by_definition(values, w)))
  tests[[name]] <- data.frame(case = name, t(setNames(result, c("estimate", "error", "df", "statistic", "p_value", "lower", "upper"))))
}
save(do.call(rbind, groups), "groups")
save(do.call(rbind, tests), "tests")

ct <- data.frame(sample = paste0("s", 1:10), round(vapply(c(.1, .2, .3, .5, 1.1), function(s) 20 + rnorm(10, 0, s), numeric(10)) +
                 rnorm(10), 3))
names(ct)[-1] <- paste0("ref", 1:5)
quantity <- 2^-as.matrix(ct[-1])
m <- vapply(1:5, function(j) mean(vapply(setdiff(1:5, j), function(k) sd(log2(quantity[, j] / quantity[, k])), 0)), 0)
save(ct, "references")
save(data.frame(gene = names(ct)[-1], m = m), "stability")

efficiency <- c(target = 1.93, ref1 = 1.98, ref2 = 1.87)
wells <- expand.grid(well = 1:3, sample = 1:4, condition = c("DMSO", "drug"), target = names(efficiency), stringsAsFactors = FALSE)
wells$ct <- round(24 + match(wells$target, names(efficiency)) - 2 * (wells$target == "target" & wells$condition == "drug") +
                  0.3 * wells$sample + rnorm(nrow(wells), 0, 0.2), 3)
wells$efficiency <- efficiency[wells$target]
save(wells, "wells")
means <- with(wells, tapply(ct, list(target, condition), mean))
power <- function(gene) efficiency[[gene]]^(means[gene, "DMSO"] - means[gene, "drug"])
save(data.frame(ratio = power("target") / sqrt(power("ref1") * power("ref2"))), "ratios")

pairs <- data.frame(gene = paste0("g", 1:12), qpcr = round(rnorm(12, 0.5, 1.6), 4))
pairs$expression <- round(0.8 * pairs$qpcr + rnorm(12, 0.1, 0.6), 4)
save(pairs, "pairs")
agreement <- ccc(pairs$qpcr, pairs$expression)$rho.c
save(data.frame(pearson = cor(pairs$qpcr, pairs$expression), ccc = agreement$est, lower = agreement$lower, upper = agreement$upper), "concordance")
