# terra.R FILE: what R's terra finds in a product, a line a thing. It takes the last two dimensions for a map whose rows go upwards.
suppressPackageStartupMessages(library(terra))
file <- commandArgs(TRUE)[1]
for (name in c("concentration", "discharge", "herbicide_load")) {
  raster <- suppressWarnings(flip(rast(file, subds = name), "vertical"))
  # A column a layer, row after row.
  cat(paste0(name, ":"), sprintf("%.17g", values(raster)), "\n")
}
