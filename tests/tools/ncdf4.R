# ncdf4.R FILE: what R's ncdf4 finds in a product, a line a thing.
library(ncdf4)
nc <- nc_open(commandArgs(TRUE)[1])
say <- function(what, words) cat(paste0(what, ":"), words, "\n")
numbers <- function(values) sprintf("%.17g", values)
for (name in c("concentration", "discharge", "herbicide_load")) say(name, numbers(ncvar_get(nc, name)))
say("catchment", as.character(ncvar_get(nc, "catchment")))
units <- strsplit(ncatt_get(nc, "time", "units")$value, " since ")[[1]]
times <- as.POSIXct(units[2], tz = "UTC") + as.difftime(c(ncvar_get(nc, "time")), units = sub("seconds", "secs", units[1]))
say("time", format(times, "%Y-%m-%dT%H:%M:%S"))
if ("scenario" %in% names(nc$dim)) say("scenario", gsub(" ", "_", ncvar_get(nc, "scenario")))
# Over time, which is the last dimension in R.
discharge <- ncvar_get(nc, "discharge")
say("mean of discharge", numbers(apply(discharge, seq_len(length(dim(discharge)) - 1), mean)))
