% octave.m FILE: what Octave's package netcdf finds in a product, a line a thing.
1;
function say(what, words)
  printf("%s:%s\n", what, sprintf(" %s", words{:}));
end
pkg load netcdf
file = argv(){1};
for name = {"concentration", "discharge", "herbicide_load"}
  values = ncread(file, name{1});
  say(name{1}, arrayfun(@(value) sprintf("%.17g", value), values(:), "UniformOutput", false));
end
% Of all variables, which fails if there is one that it cannot read.
info = ncinfo(file);
ids = ncread(file, "catchment");
if ischar(ids)
  ids = ids';
  ids(ids == 0) = " ";
  ids = cellstr(ids);
else
  ids = arrayfun(@(id) sprintf("%d", id), ids, "UniformOutput", false);
end
say("catchment", ids);
units = strsplit(ncreadatt(file, "time", "units"), " since ");
a_day = struct("seconds", 86400, "minutes", 1440, "hours", 24, "days", 1);
times = datenum(units{2}, "yyyy-mm-dd HH:MM:SS") + double(ncread(file, "time")) / a_day.(units{1});
say("time", cellstr(datestr(times, "yyyy-mm-ddTHH:MM:SS")));
values = ncread(file, "discharge");
averages = mean(values, ndims(values));
say("mean of discharge", arrayfun(@(value) sprintf("%.17g", value), averages(:), "UniformOutput", false));
