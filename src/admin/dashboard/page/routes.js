/**
 * The routes table: what the server found, in the order that was asked for, the same rows filled again and again.
 *
 * @import { RouteFigures, RoutePage, RouteRow, SortKey } from '../messages.js'
 *
 * @typedef {object} Column
 * @property {SortKey | undefined} sort
 * @property {string} title
 * @property {string} className
 * @property {boolean} startsDescending
 */
import { byId, el, inputById, setText, shorten } from './dom.js';
import { count, duration, rate, seconds, share } from './format.js';

/** Between a key and the search. */
const TYPING_MS = 120;
/** Between two looks at the figures: every second sample. */
const REFRESH_MS = 1_500;
/** A forwarded port may go on without its other end: a question that has waited so long is asked again. */
const PATIENCE_MS = 5_000;

/** Of a Service whose figures stand in a row above. */
const SAME_AS_ABOVE = ['″', '″', '″', '″'];
/** Endpoints in a tooltip. */
const MOST_NAMED = 20;
/** Which texts of a row are figures of its Service. */
const FIGURES = new Set([1, 2, 3, 4]);

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
  #onOpen;
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

  /** @param {(url: string, at: RouteRow['at']) => void} onOpen hears of a route whose settings are asked for */
  constructor(onOpen) {
    this.#onOpen = onOpen;
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
      const row = new Row(this.#onOpen);
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
  #route = el('button', 'route');
  #host = el('span', 'muted');
  #path = document.createTextNode('');
  /** A request that the route takes. */
  #url = '';
  /** Where it comes. @type {RouteRow['at']} */
  #at;
  #namespace = el('span', 'muted');
  #name = document.createTextNode('');
  #cells;

  /** @param {(url: string, at: RouteRow['at']) => void} onOpen */
  constructor(onOpen) {
    this.element.setAttribute('role', 'row');
    this.#route.type = 'button';
    this.#route.append(this.#host, this.#path);
    this.element.addEventListener('click', () => {
      // Who marks a name to copy it does not ask for anything.
      if (getSelection()?.isCollapsed !== false) onOpen(this.#url, this.#at);
    });
    this.#cells = COLUMNS.map(({ title, className }) => {
      const cell = el('td', className);
      cell.setAttribute('role', 'cell');
      cell.dataset.label = title;
      this.element.append(cell);
      return cell;
    });
    this.#cells[0]?.append(this.#route);
    this.#cells[1]?.append(el('span', 'service', this.#namespace, this.#name));
  }

  /** @param {RouteRow} row @param {number} now */
  fill({ host, path, match, object, at, service, endpoints, outOfUse, createdAt, figures, siblings }, now) {
    setText(this.#host, shorten(host));
    const place = placeText(path, match);
    setText(this.#path, shorten(match === undefined ? place : ` ${place}`));
    this.#route.title = `${host}${match === undefined ? '' : ' '}${place}: show its settings`;
    this.#at = at;
    this.#url = host.replace(/^\*/, 'www') + (match === 'regex' ? '/' : path);
    const whose = object === undefined ? '' : `${object} → `;
    setText(this.#namespace, shorten(`${whose}${service.namespace === '' ? '' : `${service.namespace}/`}`));
    setText(this.#name, service.name);
    const owner = `${service.namespace}/${service.name}`;
    const [first = 'none: 503', ...more] = endpoints;
    const out = outOfUse.length === 0 ? '' : `, ${count(outOfUse.length)} out`;
    const created = Date.parse(createdAt);
    const texts = [
      `${first}${more.length > 0 ? ` +${count(more.length)}` : ''}${out}`,
      ...(figures ? figureTexts(figures) : SAME_AS_ABOVE),
      Number.isNaN(created) ? '–' : duration(now - created),
    ];
    const about = siblings === 0 ? '' : `of all ${count(siblings + 1)} routes of ${owner}`;
    for (const [index, text] of texts.entries()) {
      const cell = this.#cells[index + 2];
      if (cell === undefined) continue;
      setText(cell, text);
      cell.title =
        index === 0 ? [...outOfUse, ...endpoints].slice(0, MOST_NAMED).join('\n') : FIGURES.has(index) ? about : '';
    }
    const ownerCell = this.#cells[1];
    if (ownerCell) ownerCell.title = `${whose}${owner}`;
    this.#cells[2]?.classList.toggle('failing', outOfUse.length > 0);
    this.#cells[6]?.classList.toggle('failing', (figures?.errors ?? 0) > 0);
    this.element.classList.toggle('idle', figures === null || figures.rate === 0);
  }
}

/**
 * As nginx writes locations.
 * @param {string} path @param {RouteRow['match']} match
 */
function placeText(path, match) {
  if (match === 'exact') return `= ${path}`;
  return match === 'regex' ? `~* ^${path}` : path;
}

/** @param {RouteFigures} figures */
function figureTexts({ rate: perSecond, p50, p99, errors }) {
  return [perSecond === 0 ? '–' : rate(perSecond), seconds(p50), seconds(p99), share(errors)];
}

/** @param {number} total @param {number} matched @param {number} shown */
function summary(total, matched, shown) {
  if (shown < matched) return `showing ${count(shown)} of ${count(matched)}, search to narrow`;
  return matched < total ? `${count(matched)} of ${count(total)}` : count(total);
}
