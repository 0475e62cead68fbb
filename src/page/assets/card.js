// What is known of the chosen catchment, as a table: every number of the map, now and as of the tag.

class Card {
  constructor(root) {
    this.root = root;
    this.heading = root.querySelector('h3');
    this.body = root.querySelector('.numbers');
  }

  draw() {
    const { facts, ids, arrays } = report;
    const { catchment, scenario } = choice;
    this.heading.replaceChildren('Catchment ', element('span', { class: 'id' }, ids[catchment]));
    const own = facts.colours.filter(colour => colour.scenario === scenario);
    const status = own.find(colour => colour.kind === 'status');
    const state = status && arrays.get(status.values)[catchment];
    const hasThen = own.some(colour => colour.then);
    const rows = own.filter(colour => colour !== status).map(colour => {
      const now = arrays.get(colour.values)[catchment];
      const then = arrays.get(colour.then)?.[catchment];
      const change = now - then;
      const difference = !colour.then || Number.isNaN(change) ? '' : change === 0 ? 'unchanged' : signed(change, 3);
      const percent = !difference ? '' : change === 0 ? '0' : then ? signed((change / Math.abs(then)) * 100, 3) : 'was 0';
      return [titled(colour), number(now), ...(hasThen ? [colour.then ? number(then) : '', difference, percent] : [])];
    });
    const name = facts.scenarios[scenario];
    const caption = [name && `scenario ${name}`, state != null && (SPECIAL[STATUS[state]]?.label ?? STATUS[state] ?? SPECIAL.absent.label)].filter(Boolean).join(' · ');
    const titles = ['', 'now', ...(hasThen ? ['then', 'change', '%'] : [])];
    this.body.replaceChildren(table(hasThen ? `${caption}; then: as of ${facts.since}` : caption, titles, rows));
    // On a phone there is no room for the change itself.
    for (const cell of hasThen ? this.body.querySelectorAll('tr > :nth-child(4)') : []) cell.classList.add('spare');
  }
}

// The catchments by what the map shows, the greatest first: the table beside the map.
function ranking(scale, title) {
  const isStatus = scale.kind === 'status';
  const size = at => (isStatus ? STATUS.length - Math.abs(scale.now[at] - 2) : scale.kind === 'change' ? Math.abs(scale.values[at]) : scale.values[at]);
  const order = [...scale.of.keys()].sort((a, b) => {
    const [x, y] = [size(a), size(b)];
    return (Number.isNaN(x) - Number.isNaN(y)) || y - x || a - b;
  });
  const hasBoth = scale.then && scale.kind !== 'status';
  const columns = ['catchment', 'shown', ...(hasBoth ? ['now', 'as of the tag'] : [])];
  const rows = many => order.slice(0, many).map(at => [linkTo(at), scale.text(at), ...(hasBoth ? [number(scale.now[at]), number(scale.then[at])] : [])]);
  const root = element('div');
  const show = many => {
    const more = element('button', { type: 'button', onclick: () => show(many * 4) }, 'more');
    root.replaceChildren(table(title, columns, rows(many)), ...(many < order.length ? [element('p', { class: 'more' }, `${count(many)} of ${count(order.length)} `, more)] : []));
  };
  show(20);
  return root;
}
