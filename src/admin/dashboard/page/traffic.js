/**
 * The four charts and the figures above them: of now, or of the moment that is pointed at.
 *
 * @import { Point } from '../messages.js'
 */
import { Chart, spanOf } from './chart.js';
import { el, setText } from './dom.js';
import { count, duration, rate, seconds, share, timeOfDay, unitApart } from './format.js';

/** As the server keeps them. */
const KEPT_MS = 900_000;

/**
 * @typedef {object} Figure
 * @property {string} label
 * @property {string} name of the series it belongs to, or empty
 * @property {(point: Point | undefined) => string} read
 */

/**
 * @typedef {object} CardPlan
 * @property {string} title
 * @property {readonly Figure[]} figures
 * @property {readonly import('./chart.js').Series[]} series
 * @property {(value: number) => string} format
 * @property {number} least
 */

/** @type {readonly CardPlan[]} */
const CARDS = [
  {
    title: 'Requests',
    figures: [{ label: 'per second', name: '', read: point => (point ? rate(point.requests) : '–') }],
    series: [{ name: 'requests', of: point => point.requests, isArea: true }],
    format: rate,
    least: 1,
  },
  {
    title: 'Latency',
    figures: [
      { label: 'p50', name: 'p50', read: point => seconds(point?.p50 ?? null) },
      { label: 'p90', name: 'p90', read: point => seconds(point?.p90 ?? null) },
      { label: 'p99', name: 'p99', read: point => seconds(point?.p99 ?? null) },
    ],
    series: [
      { name: 'p99', of: point => point.p99 },
      { name: 'p90', of: point => point.p90 },
      { name: 'p50', of: point => point.p50 },
    ],
    format: seconds,
    least: 0.001,
  },
  {
    title: 'Server errors',
    figures: [
      { label: '5xx per second', name: '', read: point => (point ? rate(point.errors) : '–') },
      {
        label: 'of requests',
        name: '',
        read: point => share(point && point.requests > 0 ? point.errors / point.requests : null),
      },
    ],
    series: [{ name: 'errors', of: point => point.errors, isArea: true }],
    format: rate,
    least: 1,
  },
  {
    title: 'Connections',
    figures: [
      { label: 'reading', name: 'reading', read: point => (point ? count(point.reading) : '–') },
      { label: 'writing', name: 'writing', read: point => (point ? count(point.writing) : '–') },
      { label: 'waiting', name: 'waiting', read: point => (point ? count(point.waiting) : '–') },
    ],
    // One on top of the other.
    series: [
      { name: 'waiting', of: point => point.reading + point.writing + point.waiting, isArea: true },
      { name: 'writing', of: point => point.reading + point.writing, isArea: true },
      { name: 'reading', of: point => point.reading, isArea: true },
    ],
    format: count,
    least: 10,
  },
];

export class TrafficCharts {
  /** @type {Point[]} */
  #points = [];
  /** @type {Point | undefined} */
  #pointed;
  #cards;

  /** @param {HTMLElement} container */
  constructor(container) {
    this.#cards = CARDS.map(plan => {
      const chart = new Chart(plan.series, { ...plan, onPoint: point => this.#pointAt(point) });
      const figures = plan.figures.map(figure => ({ ...figure, value: el('span', '', '–'), unit: el('small', '') }));
      const when = el('span', 'when muted');
      const shown = figures.map(({ label, name, value, unit }) =>
        el('span', 'figure', el('strong', '', value, unit), el('span', `label ${name && `key ${name}`}`, label)),
      );
      container.append(
        el('article', 'card chart', el('h2', '', plan.title), when, el('div', 'figures', ...shown), chart.element),
      );
      return { chart, figures, when };
    });
  }

  /** @param {readonly Point[]} points all that the server has; oldest first */
  begin(points) {
    const newest = points.at(-1)?.at ?? 0;
    this.#points = points.filter(({ at }) => at >= newest - KEPT_MS);
    this.#draw();
  }

  /** @param {Point} point */
  add(point) {
    this.begin([...this.#points, point]);
  }

  /** @param {Point | undefined} point */
  #pointAt(point) {
    this.#pointed = point;
    this.#draw();
  }

  /** @param {Point} newest */
  #when(newest) {
    if (this.#pointed) return timeOfDay(this.#pointed.at, newest.at);
    return `last ${duration(spanOf(this.#points, newest.at))}`;
  }

  #draw() {
    const newest = this.#points.at(-1);
    const point = this.#pointed ?? newest;
    const when = newest === undefined ? '' : this.#when(newest);
    for (const card of this.#cards) {
      if (newest !== undefined) card.chart.draw(this.#points, newest.at);
      card.chart.mark(this.#pointed);
      setText(card.when, when);
      for (const { value, unit, read } of card.figures) {
        const [figure, its] = unitApart(read(point));
        setText(value, figure);
        setText(unit, its);
      }
    }
  }
}
