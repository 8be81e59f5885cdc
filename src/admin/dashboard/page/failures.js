/**
 * Why requests failed: the reasons of the access log, how often, what each means, and the last examples.
 *
 * @import { FailureGroup, FailureView } from '../messages.js'
 */
import { byId, el, setText, shortened } from './dom.js';
import { count, timeOfDay } from './format.js';

/** Who has to change something, in words. @type {Record<FailureGroup['source'], string>} */
const SOURCES = { client: 'client', upstream: 'upstream', entry: 'kube-entry' };

export class FailurePanel {
  #list = byId('failure-list');
  /** By reason: what is open stays open. @type {Map<string, Group>} */
  #groups = new Map();

  /** @param {readonly FailureGroup[]} groups the most recent failures first */
  show(groups) {
    byId('failures').hidden = groups.length === 0;
    const elements = groups.map(group => {
      const shown = this.#groups.get(group.reason) ?? new Group(group);
      this.#groups.set(group.reason, shown);
      shown.fill(group);
      return shown.element;
    });
    // Moved only when the order is another one: the focus stays where it is.
    if (elements.some((element, index) => this.#list.children[index] !== element))
      this.#list.replaceChildren(...elements);
  }
}

class Group {
  element;
  #recent = el('span', 'number');
  #examples = el('ul', 'list examples');
  /** As they are on the page. */
  #shown = '';

  /** @param {FailureGroup} group */
  constructor({ reason, source, meaning, remedy }) {
    this.element = el(
      'li',
      '',
      el(
        'details',
        '',
        el(
          'summary',
          '',
          el('code', 'reason', reason),
          el('span', `tag ${source}`, SOURCES[source]),
          el('span', 'said', meaning),
          this.#recent,
        ),
        el('p', '', remedy),
        this.#examples,
      ),
    );
  }

  /** @param {FailureGroup} group */
  fill({ recent, count: total, examples }) {
    setText(this.#recent, recent === total ? count(recent) : `${count(recent)} (${count(total)} since the start)`);
    this.element.classList.toggle('idle', recent === 0);
    const text = JSON.stringify(examples);
    if (text === this.#shown) return;
    this.#shown = text;
    this.#examples.replaceChildren(...examples.map(exampleItem));
  }
}

/** @param {FailureView} example */
function exampleItem({ at, service, status, path, upstream, detail }) {
  return el(
    'li',
    '',
    el('span', 'muted', timeOfDay(at, Date.now())),
    status > 0 && el('span', 'status', String(status)),
    service !== '' && el('span', 'service', service),
    path !== '' && shortened('code', 'route', path),
    upstream !== '' && el('span', 'upstream', `→ ${upstream}`),
    detail !== '' && shortened('span', 'said', detail),
  );
}
