/** The program's own log for a person at a terminal. */
import type { Paint, Style } from '../text/colour.ts';
import { printable } from '../text/printable.ts';

/** By name and by pino's number (https://getpino.io/#/docs/api?id=levels). */
const LEVELS: ReadonlyMap<unknown, readonly [name: string, style: Style]> = new Map(
  (
    [
      [20, 'debug', 'dim'],
      [30, 'info', 'green'],
      [40, 'warn', 'yellow'],
      [50, 'error', 'red'],
      [60, 'fatal', 'red'],
    ] as const
  ).flatMap(([number, name, style]) => [number, name].map(level => [level, [name, style]])),
);

/** @param line a line of pino's JSON @returns `17:15:33.500 warn  a Service is refused  service=web/shop`, with its line end */
export function prettyLine(line: string, paint: Paint): string {
  const { time, level, msg, err, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const [name, style] = LEVELS.get(level) ?? [String(level), 'bold'];
  const told = Object.entries(fields).map(
    ([key, value]) => `  ${paint('cyan', printable(key))}=${printable(valueText(value))}`,
  );
  const first = `${paint('dim', clock(String(time)))} ${paint(style, name.padEnd(5))} ${printable(String(msg ?? ''))}${told.join('')}`;
  return [first, ...stackLines(err)].join('\n').concat('\n');
}

/** Of the day, in local time as people read it. */
function clock(time: string): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return printable(time);
  const two = (value: number): string => String(value).padStart(2, '0');
  const milliseconds = String(date.getMilliseconds()).padStart(3, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${milliseconds}`;
}

/** Quoted where it could not be told from what follows. */
function valueText(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}

/** pino's errors: the stack begins with their type and message. */
function stackLines(error: unknown): string[] {
  if (typeof error !== 'object' || error === null) return [];
  const stack = 'stack' in error ? String(error.stack) : JSON.stringify(error);
  return stack.split('\n').map(line => `    ${printable(line)}`);
}
