# stars.R FILE: what R's stars finds in a product, a line a thing.
suppressPackageStartupMessages(library(stars))
file <- commandArgs(TRUE)[1]
say <- function(what, words) cat(paste0(what, ":"), words, "\n")
for (name in c("concentration", "discharge", "herbicide_load")) {
  array <- read_mdim(file, variable = name)
  say(name, sprintf("%.17g", array[[1]]))
}
times <- st_get_dimension_values(array, "time")
# Of a product without scenarios stars takes time for a direction on a map, and says where cells begin, half a step before.
if (inherits(times, "POSIXct")) say("time", format(times, "%Y-%m-%dT%H:%M:%S", tz = "UTC"))
