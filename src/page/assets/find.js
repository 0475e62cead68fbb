// A field in which an id is typed: it offers those that begin with it, then those that have it within.

class Find {
  static most = 8;

  constructor(input, list) {
    this.input = input;
    this.list = list;
    this.at = -1;
    input.addEventListener('input', () => this.offer());
    input.addEventListener('keydown', event => this.#key(event));
    input.addEventListener('blur', () => this.close());
    // The field keeps the focus while one is clicked.
    list.addEventListener('pointerdown', event => event.preventDefault());
  }

  offer() {
    const wanted = this.input.value.trim().toLowerCase();
    const first = [];
    const within = [];
    for (let at = 0; wanted && at < report.ids.length && first.length < Find.most; at++) {
      const place = report.ids[at].toLowerCase().indexOf(wanted);
      if (place === 0) first.push(at);
      else if (place > 0 && within.length < Find.most) within.push(at);
    }
    // One that is the whole text comes first.
    first.sort((a, b) => (report.ids[b].toLowerCase() === wanted) - (report.ids[a].toLowerCase() === wanted));
    this.found = [...first, ...within].slice(0, Find.most);
    const options = this.found.map((at, place) =>
      element('li', { role: 'option', id: `found-${place}`, 'aria-selected': 'false', onclick: () => this.take(at) }, report.ids[at]));
    if (wanted && !options.length) options.push(element('li', { class: 'none' }, 'no such catchment'));
    this.list.replaceChildren(...options);
    this.list.hidden = !wanted;
    // Said aloud, too.
    byId('not-found').textContent = wanted && !this.found.length ? 'no such catchment' : '';
    this.input.setAttribute('aria-expanded', String(this.found.length > 0 && !!wanted));
    this.#mark(this.found.length ? 0 : -1);
  }

  close() {
    this.list.hidden = true;
    this.input.setAttribute('aria-expanded', 'false');
    this.input.removeAttribute('aria-activedescendant');
  }

  take(at) {
    this.input.value = '';
    this.close();
    choose({ catchment: at });
  }

  #mark(at) {
    this.at = at;
    [...this.list.children].forEach((option, place) => option.setAttribute('aria-selected', String(place === at)));
    if (at >= 0) this.input.setAttribute('aria-activedescendant', `found-${at}`);
    else this.input.removeAttribute('aria-activedescendant');
  }

  #key(event) {
    const many = this.found?.length ?? 0;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && many && !this.list.hidden) this.#mark((this.at + step + many) % many);
    else if (event.key === 'Enter' && many && !this.list.hidden) this.take(this.found[Math.max(0, this.at)]);
    else if (event.key === 'Escape') this.close();
    else return;
    event.preventDefault();
  }
}
