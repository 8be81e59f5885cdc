/** Comma-separated field values: the list rule of RFC 9110 section 5.6.1. */

/**
 * The elements of a list, without the optional whitespace around them. Empty elements are left out, as a recipient must;
 * a comma within a quoted string (section 5.6.4) separates nothing. From a quote that is never closed on, quotes are
 * ordinary characters.
 */
export function listElements(value: string): string[] {
  return split(value, ',');
}

/** One `name[=value]` of an element such as `trailers`, `q=0.5` or `timeout=5`. */
export interface Parameter {
  /** In lower case. */
  readonly name: string;
  /** Without the quotes of a quoted string; empty without a value. */
  readonly value: string;
}

/** The parts of a list element that semicolons separate (section 5.6.6), the leading token among them. */
export function parametersOf(element: string): Parameter[] {
  return split(element, ';').map(part => {
    const equals = part.indexOf('=');
    if (equals < 0) return { name: part.toLowerCase(), value: '' };
    return {
      name: trimWhitespace(part.slice(0, equals)).toLowerCase(),
      value: unquote(trimWhitespace(part.slice(equals + 1))),
    };
  });
}

/** Without the spaces and tabs at both ends (OWS, section 5.6.3). `trim()` would take a no-break space, too. */
export function trimWhitespace(text: string): string {
  return trimmedSlice(text, 0, text.length);
}

const DOUBLE_QUOTE = 0x22;
const BACKSLASH = 0x5c;

function split(text: string, separator: ',' | ';'): string[] {
  return text.includes('"') ? splitQuoted(text, separator.charCodeAt(0)) : splitPlain(text, separator);
}

function splitPlain(text: string, separator: string): string[] {
  const parts: string[] = [];
  for (let start = 0; start <= text.length; ) {
    const next = text.indexOf(separator, start);
    const end = next < 0 ? text.length : next;
    const part = trimmedSlice(text, start, end);
    if (part !== '') parts.push(part);
    start = end + 1;
  }
  return parts;
}

function splitQuoted(text: string, separator: number): string[] {
  const parts: string[] = [];
  let start = 0;
  let mayQuote = true;
  for (let index = 0; index <= text.length; index += 1) {
    const character = text.charCodeAt(index);
    if (character === DOUBLE_QUOTE && mayQuote) {
      const close = endOfQuotedString(text, index);
      // Each further quote would be searched to the end, too.
      if (close < 0) mayQuote = false;
      else index = close;
    } else if (index === text.length || character === separator) {
      const part = trimmedSlice(text, start, index);
      if (part !== '') parts.push(part);
      start = index + 1;
    }
  }
  return parts;
}

/** The place of the quote that closes the one at `start`; -1 when none does. */
function endOfQuotedString(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index += 1) {
    const character = text.charCodeAt(index);
    if (character === BACKSLASH) index += 1;
    else if (character === DOUBLE_QUOTE) return index;
  }
  return -1;
}

function unquote(value: string): string {
  if (value.length < 2 || !value.startsWith('"') || endOfQuotedString(value, 0) !== value.length - 1) return value;
  return value.slice(1, -1).replace(/\\(.)/gs, '$1');
}

function trimmedSlice(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isWhitespace(text.charCodeAt(start))) start += 1;
  while (end > start && isWhitespace(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isWhitespace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
