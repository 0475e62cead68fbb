// Elements made by script. Whatever comes from outside becomes text, never markup.

// An element with attributes, listeners (`onclick`) and children: elements or texts.
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value == null || value === false) continue;
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? '' : value);
  }
  made.append(...children.filter(child => child != null));
  return made;
}

const byId = id => document.getElementById(id);

// A table out of texts and elements; all columns but the first are numbers.
function table(caption, columns, rows) {
  const cell = (value, at) => (at ? element('td', { class: 'number' }, value) : element('th', { scope: 'row' }, value));
  return element('div', { class: 'wide', tabindex: 0, role: 'region', 'aria-label': caption },
    element('table', {},
      caption ? element('caption', {}, caption) : null,
      element('thead', {}, element('tr', {}, ...columns.map((name, at) => element('th', { scope: 'col', class: at ? 'number' : null }, name)))),
      element('tbody', {}, ...rows.map(row => element('tr', {}, ...row.map(cell))))));
}

// Fills the table beside a picture only while somebody looks at it. `make` gives what is inside.
class Beside {
  constructor(details, make) {
    this.details = details;
    this.make = make;
    details.addEventListener('toggle', () => this.renew());
  }

  renew() {
    const old = this.details.querySelector(':scope > div');
    const made = this.details.open ? element('div', {}, this.make()) : element('div');
    if (old) old.replaceWith(made);
    else this.details.append(made);
  }
}

// Runs `draw` once before the next frame, however often it is asked for.
function soon(draw) {
  let asked = 0;
  return () => {
    asked ||= requestAnimationFrame(() => {
      asked = 0;
      draw();
    });
  };
}
