/**
 * The routes table: what the server found, in the order that was asked for, the same rows filled again and again.
 *
 * @import { RoutePage, RouteRow, SortKey } from '../messages.js'
 *
 * @typedef {object} Column
 * @property {SortKey | undefined} sort
 * @property {string} title
 * @property {string} className
 * @property {boolean} startsDescending
 */
import { byId, el, inputById, setText } from './dom.js';
import { count, duration, rate, seconds, share } from './format.js';

/** Between a key and the search. */
const TYPING_MS = 120;
/** Between two looks at the figures: every second sample. */
const REFRESH_MS = 1_500;
/** A forwarded port may go on without its other end: a question that has waited so long is asked again. */
const PATIENCE_MS = 5_000;

/** @type {readonly Column[]} */
const COLUMNS = [
  { sort: 'route', title: 'Route', className: 'path', startsDescending: false },
  { sort: 'service', title: 'Service', className: 'owner', startsDescending: false },
  { sort: undefined, title: 'Upstream', className: 'upstream', startsDescending: false },
  { sort: 'rate', title: 'Req/s', className: 'number', startsDescending: true },
  { sort: 'p50', title: 'p50', className: 'number', startsDescending: true },
  { sort: 'p99', title: 'p99', className: 'number', startsDescending: true },
  { sort: 'errors', title: '5xx', className: 'number', startsDescending: true },
  { sort: 'age', title: 'Age', className: 'number', startsDescending: false },
];

export class RoutesTable {
  #search = inputById('search');
  #body = el('tbody', '');
  #shown = byId('shown');
  #none = byId('no-routes');
  /** @type {SortKey} */
  #sort = 'route';
  #isDescending = false;
  /** @type {Row[]} */
  #rows = [];
  /** @type {{ readonly header: HTMLElement, readonly column: Column }[]} */
  #headers = [];
  /** @type {AbortController | undefined} */
  #asking;
  #askedAt = 0;
  #version = -1;
  #now = Date.now();
  #typing = 0;

  constructor() {
    this.#body.setAttribute('role', 'rowgroup');
    // Said aloud: on narrow screens rows are laid out as blocks, which takes the meaning of a table away.
    byId('routes').setAttribute('role', 'table');
    byId('routes').append(this.#head(), this.#body);
    this.#search.addEventListener('input', () => {
      clearTimeout(this.#typing);
      this.#typing = setTimeout(() => void this.#ask(), TYPING_MS);
    });
    document.addEventListener('keydown', event => this.#keyPressed(event));
  }

  /**
   * Looks again, now and then, and at once when there is a new table.
   * @param {number} version
   * @param {number} now by the server's clock
   */
  refresh(version, now) {
    this.#now = now;
    const isDue = performance.now() - this.#askedAt > REFRESH_MS;
    if (version === this.#version && (!isDue || document.hidden)) return;
    this.#version = version;
    const isLost = performance.now() - this.#askedAt > PATIENCE_MS;
    if (this.#asking === undefined || isLost) void this.#ask();
  }

  /** The newest question is the only one. */
  async #ask() {
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    this.#askedAt = performance.now();
    const query = new URLSearchParams({
      search: this.#search.value,
      sort: this.#sort,
      order: this.#isDescending ? 'descending' : 'ascending',
    });
    try {
      const response = await fetch(`dashboard/routes?${query}`, { signal: asking.signal });
      if (response.ok) this.#show(await response.json());
    } catch {
      // Asked anew meanwhile, or the connection is lost, which is said elsewhere.
    } finally {
      if (this.#asking === asking) this.#asking = undefined;
    }
  }

  /** @param {RoutePage} page */
  #show({ total, matched, rows }) {
    while (this.#rows.length < rows.length) {
      const row = new Row();
      this.#rows.push(row);
      this.#body.append(row.element);
    }
    for (const extra of this.#rows.splice(rows.length)) extra.element.remove();
    for (const [index, row] of rows.entries()) this.#rows[index]?.fill(row, this.#now);
    setText(this.#shown, summary(total, matched, rows.length));
    const absence = total === 0 ? 'No Service is exposed yet: annotate one with kube-entry.io/path.' : 'No route fits.';
    setText(this.#none, matched === 0 ? absence : '');
    this.#none.hidden = matched > 0;
    byId('routes').hidden = matched === 0;
  }

  #head() {
    const headers = COLUMNS.map(column => {
      const { sort, title, className } = column;
      const header = el('th', className, title);
      header.scope = 'col';
      header.setAttribute('role', 'columnheader');
      if (sort === undefined) return header;
      const button = el('button', 'sort', title);
      button.type = 'button';
      button.addEventListener('click', () => this.#sortBy(column));
      header.replaceChildren(button);
      this.#headers.push({ header, column });
      return header;
    });
    this.#showOrder();
    const row = el('tr', '', ...headers);
    row.setAttribute('role', 'row');
    const head = el('thead', '', row);
    head.setAttribute('role', 'rowgroup');
    return head;
  }

  /** @param {Column} column */
  #sortBy({ sort, startsDescending }) {
    if (sort === undefined) return;
    this.#isDescending = sort === this.#sort ? !this.#isDescending : startsDescending;
    this.#sort = sort;
    this.#showOrder();
    void this.#ask();
  }

  #showOrder() {
    for (const { header, column } of this.#headers) {
      if (column.sort !== this.#sort) header.removeAttribute('aria-sort');
      else header.setAttribute('aria-sort', this.#isDescending ? 'descending' : 'ascending');
    }
  }

  /** @param {KeyboardEvent} event */
  #keyPressed(event) {
    if (event.key === 'Escape' && event.target === this.#search && this.#search.value !== '') {
      event.preventDefault();
      this.#search.value = '';
      void this.#ask();
    }
    const isTyping = event.target instanceof HTMLInputElement;
    if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.#search.focus();
    this.#search.select();
  }
}

class Row {
  element = el('tr', '');
  #host = el('span', 'muted');
  #path = document.createTextNode('');
  #namespace = el('span', 'muted');
  #name = document.createTextNode('');
  #cells;

  constructor() {
    this.element.setAttribute('role', 'row');
    this.#cells = COLUMNS.map(({ title, className }) => {
      const cell = el('td', className);
      cell.setAttribute('role', 'cell');
      cell.dataset.label = title;
      this.element.append(cell);
      return cell;
    });
    this.#cells[0]?.append(el('code', 'route', this.#host, this.#path));
    this.#cells[1]?.append(el('span', 'service', this.#namespace, this.#name));
  }

  /** @param {RouteRow} row @param {number} now */
  fill({ host, path, service, endpoints, createdAt, ...figures }, now) {
    setText(this.#host, host);
    setText(this.#path, path);
    setText(this.#namespace, `${service.namespace}/`);
    setText(this.#name, service.name);
    const [first = 'none: 503', ...more] = endpoints;
    const created = Date.parse(createdAt);
    const texts = [
      more.length > 0 ? `${first} +${count(more.length)}` : first,
      figures.rate === 0 ? '–' : rate(figures.rate),
      seconds(figures.p50),
      seconds(figures.p99),
      share(figures.errors),
      Number.isNaN(created) ? '–' : duration(now - created),
    ];
    for (const [index, text] of texts.entries()) {
      const cell = this.#cells[index + 2];
      if (cell) setText(cell, text);
    }
    this.#cells[6]?.classList.toggle('failing', (figures.errors ?? 0) > 0);
    this.element.classList.toggle('idle', figures.rate === 0);
  }
}

/** @param {number} total @param {number} matched @param {number} shown */
function summary(total, matched, shown) {
  if (shown < matched) return `showing ${count(shown)} of ${count(matched)}, search to narrow`;
  return matched < total ? `${count(matched)} of ${count(total)}` : count(total);
}
