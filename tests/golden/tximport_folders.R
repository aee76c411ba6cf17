# What R's tximport makes of Salmon folders: Rscript tximport_folders.R <folder of folders> <map> <outdir>
arguments <- commandArgs(trailingOnly = TRUE)
folders <- list.files(arguments[1])
files <- setNames(Sys.glob(file.path(arguments[1], folders, "quant.sf*")), folders)
map <- read.delim(arguments[2], header = FALSE)
for (mode in c("no", "scaledTPM", "lengthScaledTPM")) {
  txi <- tximport::tximport(files, "salmon", tx2gene = map, countsFromAbundance = mode, dropInfReps = TRUE)
  for (name in c("counts", "length")) {
    path <- file.path(arguments[3], paste0(name, "_", mode, ".txt"))
    write.table(format(txi[[name]], digits = 17), path, quote = FALSE)
  }
}
