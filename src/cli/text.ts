/** Plain text for terminals and pipes: no colour, so nothing depends on who reads. */

/** Columns as wide as their widest cell, two spaces apart, without trailing spaces. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[], indent = ''): string {
  const lines = [header, ...rows].map(row => row.map(printable));
  const widths = header.map((_, column) =>
    lines.reduce((width, line) => Math.max(width, line[column]?.length ?? 0), 0),
  );
  return lines
    .map(line => (indent + line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')).trimEnd())
    .join('\n');
}

/** `NAME  value` lines with the values aligned. */
export function formatFacts(facts: readonly (readonly [name: string, value: string])[], indent = ''): string {
  const width = Math.max(...facts.map(([name]) => name.length));
  return facts.map(([name, value]) => `${indent}${name.padEnd(width)}  ${printable(value)}`).join('\n');
}

/**
 * Makes one line of a text that may come from an annotation: control characters, which could drive the terminal
 * or forge a line of output, are written as escapes.
 */
export function printable(value: string): string {
  return value.replace(
    /[\x00-\x1f\x7f-\x9f\u2028\u2029]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** `1 route`, `2 routes` */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** People write any host as `*`; the table holds an empty text. */
export function hostLabel(host: string): string {
  return host === '' ? '*' : host;
}

export function endpointLabel({ address, port }: { readonly address: string; readonly port: number }): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
