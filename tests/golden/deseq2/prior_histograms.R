# Histograms of the sampling error of log dispersions that R's DESeq2 matches residuals with (its function
# estimateDispersionsPriorVar, seed 2, 10,000 draws each), for one to three residual degrees of freedom. The
# result is bin/rxpress/deseq/prior_histograms.tsv.gz.
#
#   Rscript prior_histograms.R | gzip -9n > prior_histograms.tsv.gz
breaks <- -20:20 / 2
cat(c("residual_df", format(breaks[-41], trim = TRUE)), sep = "\t")
cat("\n")
for (df in 1:3) {
  set.seed(2)
  for (variance in seq(0, 8, length = 200)) {
    draws <- log(rchisq(1e4, df = df)) + rnorm(1e4, 0, sqrt(variance)) - log(df)
    draws <- draws[draws > min(breaks) & draws < max(breaks)]
    cat(c(df, hist(draws, breaks = breaks, plot = FALSE)$counts), sep = "\t")
    cat("\n")
  }
}
