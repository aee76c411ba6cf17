# Goldens of R's DESeq2 (1.38) for a made cohort of patients: Rscript tests/golden/patients.R tests/golden/patients
#
# 6 sensitive and 6 resistant patients, untreated and under the drug; two have no vehicle and two no drug. One
# patient's vehicle was sequenced twice: its libraries are summed. Each model has its own samples, and so its
# own size factors.
suppressMessages(library(DESeq2))

folder <- commandArgs(trailingOnly = TRUE)[1]

save <- function(table, name) {
  numbers <- vapply(table, is.double, TRUE)
  table[numbers] <- lapply(table[numbers], function(x) ifelse(is.na(x), "NA", formatC(x, digits = 8, format = "g")))
  file <- gzfile(file.path(folder, paste0(name, ".tsv.gz")), "wb", compression = 9)
  write.table(table, file, sep = "\t", quote = FALSE, row.names = FALSE)
  close(file)
}

set.seed(7)
genes <- 400
patients <- sprintf("P%02d", 1:12)
samples <- expand.grid(treatment = c("vehicle", "drug"), patient = patients, stringsAsFactors = FALSE)
samples$response <- ifelse(samples$patient <= "P06", "sensitive", "resistant")
lost <- c("P02 vehicle", "P09 vehicle", "P05 drug", "P12 drug")
samples <- samples[!paste(samples$patient, samples$treatment) %in% lost, ]
samples <- rbind(samples, samples[samples$patient == "P03" & samples$treatment == "vehicle", ])
samples$sample <- paste0("L", seq_len(nrow(samples)))

mean <- 2^rnorm(genes, 7, 2)
dispersion <- (0.05 + 2 / mean) * exp(rnorm(genes, 0, 0.4))
of_patient <- matrix(rnorm(genes * 12, 0, 0.5), genes, dimnames = list(NULL, patients))
changed <- function(share) (runif(genes) < share) * rnorm(genes, 0, 1.2)
drug <- changed(0.2)
resistance <- changed(0.15)
interaction <- changed(0.15)
mu <- vapply(seq_len(nrow(samples)), function(i) {
  treated <- samples$treatment[i] == "drug"
  resistant <- samples$response[i] == "resistant"
  effect <- of_patient[, samples$patient[i]] + treated * drug + resistant * resistance + treated * resistant * interaction
  mean * exp(effect + rnorm(1, 0, 0.3))
}, numeric(genes))
counts <- matrix(rnbinom(length(mu), mu = mu, size = 1 / dispersion), genes)
counts[1:5, samples$response == "sensitive"] <- 0
storage.mode(counts) <- "integer"
dimnames(counts) <- list(sprintf("g%03d", 1:genes), samples$sample)
save(data.frame(gene_id = rownames(counts), counts), "counts")
save(samples[c("sample", "patient", "treatment", "response")], "samples")

unit <- factor(paste(samples$patient, samples$treatment), levels = unique(paste(samples$patient, samples$treatment)))
summed <- t(rowsum(t(counts), unit))
columns <- samples[match(levels(unit), unit), ]
rownames(columns) <- levels(unit)
columns$treatment <- factor(columns$treatment, c("vehicle", "drug"))
columns$response <- factor(columns$response, c("sensitive", "resistant"))
columns$patient <- factor(columns$patient)
paired <- columns$patient %in% names(which(table(columns$patient) == 2))

fit <- function(rows, design) {
  data <- droplevels(columns[rows, ])
  matrix <- if (is.function(design)) design(data) else design
  suppressMessages(DESeq(DESeqDataSetFromMatrix(summed[, rows], data, matrix)))
}

save_contrast <- function(dds, golden, ...) {
  plain <- results(dds, ..., alpha = 0.05)
  beyond <- results(dds, ..., alpha = 0.05, lfcThreshold = 1)
  save(data.frame(gene_id = rownames(dds), base_mean = plain$baseMean, log2_fold_change = plain$log2FoldChange,
                  lfc_se = plain$lfcSE, statistic = plain$stat, p_value = plain$pvalue, p_adjusted = plain$padj,
                  p_adjusted_threshold = beyond$padj), golden)
}

# ~ patient + response:treatment, without the columns that a factor of patients nested in responses leaves empty.
nested <- function(data) {
  full <- model.matrix(~ patient + response:treatment, data)
  full[, !grepl("treatmentvehicle", colnames(full))]
}
dds <- fit(paired, ~ patient + treatment)
save_contrast(dds, "all", name = "treatment_drug_vs_vehicle")
dds <- fit(paired, nested)
effects <- grep("treatmentdrug", resultsNames(dds), value = TRUE)
sensitive <- grep("sensitive", effects, value = TRUE)
resistant <- grep("resistant", effects, value = TRUE)
save_contrast(dds, "sensitive", name = sensitive)
save_contrast(dds, "resistant", name = resistant)
save_contrast(dds, "interaction", contrast = list(resistant, sensitive))
dds <- fit(columns$treatment == "vehicle", ~ response)
save_contrast(dds, "baseline", name = "response_resistant_vs_sensitive")
dds <- fit(columns$treatment == "drug", ~ response)
save_contrast(dds, "treated", name = "response_resistant_vs_sensitive")
