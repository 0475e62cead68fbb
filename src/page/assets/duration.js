// The duration curve of a catchment: which value is exceeded in how much of the time.

class Duration extends Plot {
  constructor(figure) {
    super(figure);
    this.beside = new Beside(figure.querySelector('details'), () => this.#table());
  }

  drawNow() {
    const { facts, series } = report;
    const { catchment, variable, scenario } = choice;
    const what = facts.variables[variable];
    const curve = what ? series.of(catchment, variable, scenario) : null;
    const sides = [
      ['then', facts.since ? `as of ${facts.since}` : 'before', curve?.then?.duration],
      ['now', 'now', curve?.now?.duration],
    ].filter(([, , values]) => values);
    this.sides = sides;
    this.figure.querySelector('.axis').textContent = what ? titled(what) : '';
    this.beside.renew();
    this.figure.hidden = !sides.length;
    if (!sides.length) return this.say('There is no duration curve of this catchment.');
    const above = sides.flatMap(([, , values]) => [...values].filter(value => value > 0));
    // What is never above 0 has no logarithm.
    const isLog = above.length > 0 && !sides.some(([, , values]) => values.some(value => value < 0));
    this.name(sides);
    const style = { now: { stroke: theme.colour('water'), width: 1.75 }, then: { stroke: theme.colour('then'), width: 1.25, dash: [5, 4] } };
    this.room.setAttribute('aria-label', `Duration curve of ${titled(what)}, catchment ${report.ids[catchment]}. Arrow keys move along it; a table is below.`);
    this.#note(isLog);
    this.data = [series.curves.exceeded, ...sides.map(([, , values]) => (isLog ? positive(values) : known(values)))];
    this.put({
      scales: { x: { time: false, range: [0, 100] }, y: isLog ? { distr: 3, range: (_, low, high) => logRange(low, high) } : {} },
      axes: [
        axis({ values: (_, splits) => splits.map(split => `${split}`), space: 44, size: 30 }),
        amounts(isLog ? 16 : 34),
      ],
      series: [{}, ...sides.map(([mark]) => ({ points: { show: false }, ...style[mark] }))],
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
      hooks: { setCursor: [plot => this.#tell(plot)] },
    }, this.data);
  }

  // How long it is 0, which a logarithmic axis can't show.
  #note(isLog) {
    const { exceeded } = report.series.curves;
    const values = this.sides.at(-1)[2];
    const first = values.findIndex(value => value <= 0);
    this.figure.querySelector('.thinned').textContent = isLog && first > 0 ? `0 from ${number(exceeded[first])} % on` : '';
  }

  #tell(plot) {
    const { idx } = plot.cursor;
    this.when.textContent = idx == null ? '' : `${number(this.data[0][idx])} %`;
    this.sides.forEach(([, , values], at) => (this.outputs[at].textContent = idx == null ? '' : number(values[idx])));
  }

  #table() {
    if (!this.sides.length) return 'There is no duration curve.';
    const rows = [...report.series.curves.exceeded].map((percent, at) => [`${number(percent)} %`, ...this.sides.map(([, , values]) => number(values[at]))]);
    return table(`Exceeded in so much of the time: catchment ${report.ids[choice.catchment]}`, ['of the time', ...this.sides.map(([, name]) => name)], rows);
  }
}
