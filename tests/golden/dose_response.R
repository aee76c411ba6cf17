# Goldens of R's nls and its profile likelihood (MASS::confint): Rscript tests/golden/dose_response.R tests/golden/dose_response
#
#   points   curves with noise: triplicates at eight doses and single points at twelve, some with wells of dose zero; seeds
#            are taken in order, curves kept for which R finds all intervals, once for EC50 and once for IC50 as parameter
#   fits     per curve the parameters, residual sum of squares and 95 % limits; ic50 from the second form
suppressMessages(library(MASS))
options(warn = -1)
folder <- commandArgs(trailingOnly = TRUE)[1]
per_kind <- 12

save <- function(table, name) {
  numbers <- vapply(table, is.double, TRUE)
  table[numbers] <- lapply(table[numbers], formatC, digits = 12, format = "g", width = 1)
  file <- gzfile(file.path(folder, paste0(name, ".tsv.gz")), "wb", compression = 9)
  write.table(table, file, sep = "\t", quote = FALSE, row.names = FALSE)
  close(file)
}

curve <- function(x, top, bottom, centre, log_hill) bottom + (top - bottom) * plogis(exp(log_hill) * (centre - x))
ec50_of <- function(top, bottom, ic50, log_hill) ic50 - log((top - 0.5) / (0.5 - bottom)) / exp(log_hill)

draw <- function(kind) {
  dose <- if (kind == "triplicate") rep(10^seq(-1, 3, length.out = 8), each = 3) else 10^seq(-1, 3, length.out = 12)
  if (runif(1) < 0.5) dose <- c(rep(0, if (kind == "triplicate") 6 else 2), dose)
  x <- ifelse(dose > 0, log(dose), -1000)
  truth <- list(top = 1, bottom = runif(1, 0.1, 0.3), centre = log(10^runif(1, 0.5, 1.5)), log_hill = log(runif(1, 0.8, 2)))
  data.frame(dose = dose, x = x, viability = do.call(curve, c(list(x), truth)) + rnorm(length(x), 0, 0.03))
}

fit <- function(points) {
  control <- nls.control(maxiter = 500, tol = 1e-6, minFactor = 1e-12)
  start <- list(top = 1, bottom = 0.2, centre = log(10), log_hill = 0.2)
  one <- nls(viability ~ curve(x, top, bottom, centre, log_hill), points, start, control)
  found <- as.list(coef(one))
  start$centre <- with(found, centre + log((top - 0.5) / (0.5 - bottom)) / exp(log_hill))
  start <- c(found[c("top", "bottom")], ic50 = start$centre, found["log_hill"])
  two <- nls(viability ~ curve(x, top, bottom, ec50_of(top, bottom, ic50, log_hill), log_hill), points, start, control)
  limits <- rbind(confint(one), ic50 = confint(two)["ic50", ])
  if (anyNA(limits)) stop("no limit")
  values <- c(coef(one), coef(two)["ic50"])
  data.frame(parameter = rownames(limits), value = values, lower = limits[, 1], upper = limits[, 2], rss = deviance(one))
}

points <- fits <- list()
for (kind in c("triplicate", "single")) {
  kept <- 0
  for (seed in 1:1000) {
    if (kept == per_kind) break
    set.seed(seed)
    drawn <- draw(kind)
    answer <- tryCatch(suppressMessages(fit(drawn)), error = function(e) NULL)
    if (is.null(answer)) next
    kept <- kept + 1
    name <- paste(kind, kept, sep = "_")
    points[[name]] <- cbind(curve = name, drawn[c("dose", "viability")])
    fits[[name]] <- cbind(curve = name, answer)
  }
}
save(do.call(rbind, points), "points")
save(do.call(rbind, fits), "fits")
