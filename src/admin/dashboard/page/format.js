/** Numbers and times as people read them. */

const THIN = '\u202f';

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const tenth = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

/** `10 000`. @param {number} value */
export function count(value) {
  return whole.format(value).replaceAll(',', THIN);
}

/** Per second. @param {number} value */
export function rate(value) {
  if (value === 0) return '0';
  if (value < 0.05) return '<0.1';
  return value < 9.95 ? tenth.format(value) : count(value);
}

/** @param {number | null} value */
export function seconds(value) {
  if (value === null) return '–';
  if (value >= 99.95) return `${whole.format(value)}${THIN}s`;
  if (value >= 0.9995) return `${tenth.format(value)}${THIN}s`;
  const ms = value * 1000;
  return `${ms < 9.95 ? tenth.format(ms) : whole.format(ms)}${THIN}ms`;
}

/** A share of 1. @param {number | null} value */
export function share(value) {
  if (value === null) return '–';
  const percent = value * 100;
  if (percent === 0) return '0';
  if (percent < 0.1) return `<0.1${THIN}%`;
  return `${percent < 9.95 ? tenth.format(percent) : whole.format(percent)}${THIN}%`;
}

/**
 * A formatted figure and its unit apart, for a unit in smaller type.
 * @param {string} text
 * @returns {[figure: string, unit: string]}
 */
export function unitApart(text) {
  const space = text.lastIndexOf(THIN);
  return /^[a-z%]+$/.test(text.slice(space + 1)) ? [text.slice(0, space), text.slice(space)] : [text, ''];
}

/** How long ago, in its largest unit. @param {number} ms */
export function duration(ms) {
  const units = /** @type {const} */ ([
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
  ]);
  for (const [length, unit] of units) if (ms >= length) return `${count(Math.floor(ms / length))}${THIN}${unit}`;
  return `${Math.max(0, Math.floor(ms / 1000))}${THIN}s`;
}

/**
 * The time of day, with the date when it was another day.
 * @param {number} at milliseconds since the epoch
 * @param {number} now
 */
export function timeOfDay(at, now) {
  const time = clock.format(at);
  return day.format(at) === day.format(now) ? time : `${day.format(at)}, ${time}`;
}

/** `1 route`, `2 routes`. @param {number} number @param {string} noun @param {string} [plural] */
export function counted(number, noun, plural = `${noun}s`) {
  return `${count(number)} ${number === 1 ? noun : plural}`;
}
