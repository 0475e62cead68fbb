// The curves of a catchment out of the finest level that has it.

class Series {
  constructor(curves, arrays) {
    this.curves = curves;
    this.arrays = arrays;
    this.time = curves.time;
    this.times = arrays.get(curves.time?.times);
  }

  // The time of a step, in seconds since 1970 UTC; or the step's number, without a time axis.
  at(step) {
    if (!this.time) return step;
    return this.times ? this.times[step] : this.time.start + step * this.time.step;
  }

  // The last level that has all of these; with the place of the catchment in it.
  #level(catchment, variable, scenario) {
    const { levels } = this.curves;
    for (let at = levels.length - 1; at >= 0; at--) {
      const level = levels[at];
      if (!level.variables.includes(variable) || !level.scenarios.includes(scenario)) continue;
      const place = level.catchments ? this.arrays.get(level.catchments).indexOf(catchment) : catchment;
      if (place >= 0) return { level, place };
    }
    return null;
  }

  // Where in the arrays of a level a curve is. `s` is the place of the scenario in the level.
  #row({ level, place }, variable, s, side) {
    return ((place * level.variables.length + level.variables.indexOf(variable)) * level.scenarios.length + s) * level.sides + side;
  }

  // Whether a curve of this could be in the page, be it empty.
  hasRoom(catchment, variable, scenario) {
    return !!this.#level(catchment, variable, scenario);
  }

  // The first scenario in which there is a curve of this; -1 without any.
  scenarioOf(catchment, variable) {
    return report.facts.scenarios.findIndex((_, scenario) => {
      const found = this.#level(catchment, variable, scenario);
      if (!found) return false;
      const first = this.#row(found, variable, found.level.scenarios.indexOf(scenario), 0);
      return Array.from({ length: found.level.sides }, (_, side) => first + side)
        .some(row => this.#values(found.level, found.level.values, row).some(Number.isFinite));
    });
  }

  // What is drawn of a catchment; `null` if there is no curve of it.
  of(catchment, variable, scenario) {
    const found = this.#level(catchment, variable, scenario);
    if (!found) return null;
    const { level, place } = found;
    const { buckets } = level;
    const steps = this.time?.steps ?? buckets;
    const isWhole = !level.highs;
    // The middle of each bucket: of what it has, there is only the least and the greatest.
    const edge = bucket => Math.floor((bucket * steps) / buckets);
    const times = Float64Array.from({ length: buckets }, (_, bucket) =>
      isWhole ? this.at(bucket) : (this.at(edge(bucket)) + this.at(edge(bucket + 1) - 1)) / 2);
    const own = level.scenarios.indexOf(scenario);
    const side = (s, which) => {
      const at = this.#row(found, variable, s, which);
      const low = this.#values(level, level.values, at);
      const high = isWhole ? low : this.#values(level, level.highs, at);
      return low.some(Number.isFinite) ? { low, high, duration: this.#duration(level, at, low) } : null;
    };
    return {
      times, isWhole, width: steps / buckets,
      now: side(own, 0),
      then: level.sides > 1 ? side(own, 1) : null,
      band: this.#band(level, place * level.variables.length + level.variables.indexOf(variable), s => side(s, 0)),
    };
  }

  #values(level, name, row) {
    const values = this.arrays.get(name).subarray(row * level.buckets, (row + 1) * level.buckets);
    if (!level.range) return values;
    const [low, high] = this.arrays.get(level.range).subarray(2 * row, 2 * row + 2);
    const most = values instanceof Uint8Array ? 254 : 65534;
    return Float32Array.from(values, value => (value > most ? NaN : low + (value / most) * (high - low)));
  }

  // What is exceeded in so much of the time; of whole series it is made here.
  #duration(level, row, series) {
    const { exceeded } = this.curves;
    if (!level.highs) {
      const sorted = series.filter(Number.isFinite).sort().reverse();
      const last = sorted.length - 1;
      return Float32Array.from(exceeded, percent => {
        const place = (percent / 100) * last;
        const at = Math.floor(place);
        return sorted[at] + (sorted[Math.min(at + 1, last)] - sorted[at]) * (place - at);
      });
    }
    const values = this.arrays.get(level.durations)?.subarray(row * exceeded.length, (row + 1) * exceeded.length);
    return values?.some(Number.isFinite) ? values : null;
  }

  // The least and the greatest of all scenarios; NaN where none has a value.
  #band(level, row, side) {
    if (level.bands) {
      const [low, high] = level.bands.map(name => this.arrays.get(name).subarray(row * level.buckets, (row + 1) * level.buckets));
      return { low, high };
    }
    if (level.scenarios.length < 2) return null;
    const sides = level.scenarios.map((_, s) => side(s)).filter(Boolean);
    const of = (which, best) => Float32Array.from({ length: level.buckets }, (_, at) =>
      sides.map(each => each[which][at]).filter(Number.isFinite).reduce((far, value) => best(far ?? value, value), null) ?? NaN);
    return { low: of('low', Math.min), high: of('high', Math.max) };
  }
}
