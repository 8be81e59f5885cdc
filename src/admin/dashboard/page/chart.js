/**
 * A small line or area chart in SVG: a point a second, the newest at the right, up to fifteen minutes.
 *
 * @import { Point } from '../messages.js'
 *
 * @typedef {object} Series
 * @property {string} name a class of the style sheet
 * @property {(point: Point) => number | null} of
 * @property {boolean} [isArea]
 */
import { el, setText, svg } from './dom.js';

const LONGEST_MS = 900_000;
/** A chart that has just begun fills from the right. */
const SHORTEST_MS = 60_000;
/** Without a point for so long, the line breaks: the server had no time to count, or the connection was lost. */
const GAP_MS = 3_500;
const WIDTH = 300;
const HEIGHT = 100;
/** Ends of scales, times a power of ten. */
const STEPS = [1, 1.5, 2, 3, 4, 5, 6, 8, 10];
/** Room for half a line's width. */
const TOP = 2;

export class Chart {
  /** To be put somewhere. */
  element;
  #series;
  #format;
  #least;
  #paths;
  #cursor;
  #scale;
  /** @type {readonly Point[]} */
  #points = [];
  #end = 0;
  #span = SHORTEST_MS;

  /**
   * @param {readonly Series[]} series drawn in this order
   * @param {object} options
   * @param {(value: number) => string} options.format of the scale
   * @param {number} options.least the scale never ends below this
   * @param {(point: Point | undefined) => void} options.onPoint hears which one is pointed at
   */
  constructor(series, { format, least, onPoint }) {
    this.#series = series;
    this.#format = format;
    this.#least = least;
    this.#paths = series.map(({ name, isArea }) => ({
      line: svg('path', { class: `line ${name}` }),
      area: isArea ? svg('path', { class: `area ${name}` }) : undefined,
    }));
    this.#cursor = svg('path', { class: 'cursor', visibility: 'hidden' });
    this.#scale = el('span', 'scale');
    const drawing = svg(
      'svg',
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      svg('path', { class: 'grid', d: `M0 ${TOP}H${WIDTH}M0 ${(HEIGHT + TOP) / 2}H${WIDTH}M0 ${HEIGHT}H${WIDTH}` }),
      ...this.#paths.flatMap(({ area, line }) => (area ? [area, line] : [line])),
      this.#cursor,
    );
    this.element = el('div', 'plot', drawing, this.#scale);
    this.element.addEventListener('pointermove', event => {
      const { left, width } = this.element.getBoundingClientRect();
      onPoint(this.#nearest((event.clientX - left) / width));
    });
    this.element.addEventListener('pointerleave', () => onPoint(undefined));
  }

  /**
   * @param {readonly Point[]} points oldest first, none older than fifteen minutes
   * @param {number} end time at the right edge
   */
  draw(points, end) {
    this.#points = points;
    this.#end = end;
    this.#span = spanOf(this.#points, end);
    const top = niceCeiling(this.#highest(), this.#least);
    setText(this.#scale, this.#format(top));
    for (const [index, { of }] of this.#series.entries()) {
      const runs = this.#runs(of, top);
      const paths = this.#paths[index];
      paths?.line.setAttribute('d', runs.map(lineOf).join(''));
      paths?.area?.setAttribute('d', runs.map(areaOf).join(''));
    }
  }

  /** @param {Point | undefined} point where the others are pointed at, too */
  mark(point) {
    this.#cursor.setAttribute('visibility', point ? 'visible' : 'hidden');
    if (point) this.#cursor.setAttribute('d', `M${this.#x(point.at)} ${TOP}V${HEIGHT}`);
  }

  #highest() {
    return Math.max(0, ...this.#points.flatMap(point => this.#series.map(({ of }) => of(point) ?? 0)));
  }

  /** @param {number} at */
  #x(at) {
    return round(((at - this.#end + this.#span) / this.#span) * WIDTH);
  }

  /**
   * Stretches without a gap.
   * @param {Series['of']} of
   * @param {number} top
   */
  #runs(of, top) {
    /** @type {[x: number, y: number][][]} */
    const runs = [];
    let before = Number.NEGATIVE_INFINITY;
    for (const point of this.#points) {
      const value = of(point);
      if (value === null) continue;
      if (point.at - before > GAP_MS) runs.push([]);
      before = point.at;
      runs.at(-1)?.push([this.#x(point.at), round(HEIGHT - (value / top) * (HEIGHT - TOP))]);
    }
    return runs;
  }

  /** @param {number} fraction of the width */
  #nearest(fraction) {
    const wanted = this.#end - (1 - fraction) * this.#span;
    /** @type {Point | undefined} */
    let best;
    for (const point of this.#points) {
      if (best === undefined || Math.abs(point.at - wanted) < Math.abs(best.at - wanted)) best = point;
    }
    return best;
  }
}

/**
 * How much time a chart of these points shows; milliseconds.
 * @param {readonly Point[]} points
 * @param {number} end
 */
export function spanOf(points, end) {
  return Math.min(LONGEST_MS, Math.max(SHORTEST_MS, end - (points[0]?.at ?? end)));
}

/** One point alone becomes a dot. @param {readonly [number, number][]} run */
function lineOf(run) {
  return `M${run.map(([x, y]) => `${x} ${y}`).join('L')}${run.length === 1 ? 'h0' : ''}`;
}

/** @param {readonly [number, number][]} run */
function areaOf(run) {
  return `M${run[0]?.[0]} ${HEIGHT}L${run.map(([x, y]) => `${x} ${y}`).join('L')}L${run.at(-1)?.[0]} ${HEIGHT}Z`;
}

/** The next round number. @param {number} value @param {number} least */
function niceCeiling(value, least) {
  if (value <= least) return least;
  const power = 10 ** Math.floor(Math.log10(value));
  return (STEPS.find(step => value <= step * power) ?? 10) * power;
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10;
}
