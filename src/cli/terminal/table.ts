/** Aligned columns, as wide as their content or as the terminal allows. */
import { type Paint, PLAIN, type Style } from '../../text/colour.ts';
import { printable } from '../../text/printable.ts';
import { cutToWidth, displayWidth, padToWidth, wrapToLines, wrapToWidth } from './width.ts';

export interface TableLayout {
  readonly indent?: string;
  /** Columns of the terminal; undefined: lines may have any length. */
  readonly width?: number | undefined;
  readonly paint?: Paint;
  /** The last column has sentences: they are wrapped, not cut. */
  readonly lastIsProse?: boolean;
}

const GAP = '  ';
/** Every column stays visible. */
const LEAST_WIDTH = 4;
/** Without a terminal, a longer cell overflows its column, so that one long value does not pad every line. */
const MOST_PADDED = 60;
/** Of one fact. */
const MOST_LINES = 4;
/** Narrower prose is unreadable. */
const LEAST_PROSE = 20;

/**
 * Columns two spaces apart, without trailing spaces. On a terminal, what is longer than a line is cut, the widest columns
 * first; elsewhere nothing is cut.
 */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  { indent = '', width, paint = PLAIN, lastIsProse = false }: TableLayout = {},
): string {
  const lines = [header, ...rows].map(row => row.map(printable));
  const longest = width === undefined ? MOST_PADDED : Number.POSITIVE_INFINITY;
  const natural = header.map((_, column) =>
    lines
      .map(line => displayWidth(line[column] ?? ''))
      .reduce((most, own) => (own > longest ? most : Math.max(most, own)), 0),
  );
  const layOutLine =
    width === undefined
      ? (line: readonly string[]) => [alignCells(line, natural)]
      : (line: readonly string[]) => layOut(line, fitWidths(natural, width - indent.length, lastIsProse), lastIsProse);
  return lines
    .flatMap(layOutLine)
    .map((line, index) => (index === 0 ? paint('bold', indent + line) : indent + line))
    .join('\n');
}

/** A name, a value, and the style of the value. */
export type Fact = readonly [name: string, value: string, style?: Style];

/**
 * `NAME  value` lines with the values aligned. On a terminal that is too narrow, values that have a style, as what is wrong
 * has, are continued below; the others are cut.
 */
export function formatFacts(facts: readonly Fact[], { indent = '', width, paint = PLAIN }: TableLayout = {}): string {
  const names = Math.max(...facts.map(([name]) => displayWidth(name)));
  const room = width === undefined ? Number.POSITIVE_INFINITY : width - indent.length - names - GAP.length;
  return facts
    .flatMap(([name, value, style]) => {
      const lines =
        style === undefined || width === undefined
          ? [cutToWidth(printable(value), room)]
          : wrapToLines(printable(value), Math.max(2, room), MOST_LINES);
      return lines.map((line, index) => {
        const before = indent + padToWidth(index === 0 ? name : '', names) + GAP;
        return before + (style === undefined ? line : paint(style, line));
      });
    })
    .join('\n');
}

/** One line with everything of every cell. */
function alignCells(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, column) => padToWidth(cell, widths[column] ?? 0))
    .join(GAP)
    .trimEnd();
}

/** The lines of a row: one, unless its prose is wrapped. */
function layOut(cells: readonly string[], widths: readonly number[], lastIsProse: boolean): string[] {
  const last = widths.length - 1;
  const prose = lastIsProse ? wrapToWidth(cells[last] ?? '', Math.max(2, widths[last] ?? 0)) : undefined;
  const columns = prose === undefined ? cells : cells.slice(0, last);
  const aligned = columns.map((cell, column) => padToWidth(cutToWidth(cell, widths[column] ?? 0), widths[column] ?? 0));
  if (prose === undefined) return [aligned.join(GAP).trimEnd()];
  const blank = aligned.map(cell => ' '.repeat(displayWidth(cell)));
  return prose.map((line, index) => [...(index === 0 ? aligned : blank), line].join(GAP).trimEnd());
}

/** Narrows the widest columns until the line fits; prose first, because wrapping loses nothing. */
function fitWidths(natural: readonly number[], width: number, lastIsProse: boolean): number[] {
  const available = width - GAP.length * (natural.length - 1);
  const total = natural.reduce((sum, own) => sum + own, 0);
  if (total <= available) return [...natural];
  if (!lastIsProse) return level(natural, available);
  const others = natural.slice(0, -1);
  const prose = available - others.reduce((sum, own) => sum + own, 0);
  if (prose >= LEAST_PROSE) return [...others, prose];
  return [...level(others, available - LEAST_PROSE), LEAST_PROSE];
}

/** Limits all columns to the largest width with which the line fits. */
function level(natural: readonly number[], available: number): number[] {
  let limit = Math.max(...natural);
  const at = (most: number): number[] => natural.map(own => Math.min(own, most));
  while (limit > LEAST_WIDTH && at(limit).reduce((sum, own) => sum + own, 0) > available) limit -= 1;
  return at(limit);
}
