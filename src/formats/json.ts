import { FormatError, messageOf } from '../errors.ts';

/** Kubernetes objects nest about 20 deep. */
const MAX_DEPTH = 200;
/** What JSON.parse makes takes up to about 60 bytes for each: of a few bytes of text it may make fifty times as many. */
const MAX_VALUES = 2_000_000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;

/** Parses a JSON text from outside, which was judged before it takes memory. @throws FormatError that says what the text is */
export function parseJson(text: string): unknown {
  const excess = excessOf(text);
  if (excess !== undefined) throw new FormatError(excess);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FormatError(`is not JSON: ${messageOf(error)}`);
  }
}

/** Looks at brackets and separators outside of strings only: whether the rest is JSON is judged by the parser. */
function excessOf(text: string): string | undefined {
  let depth = 0;
  let values = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) {
      for (index += 1; index < text.length && text.charCodeAt(index) !== QUOTE; index += 1) {
        if (text.charCodeAt(index) === BACKSLASH) index += 1;
      }
    } else if (code === COMMA || code === COLON) {
      values += 1;
    } else if ((code | 0x20) === 0x7b) {
      // `[` and `{` differ in this one bit.
      values += 1;
      depth += 1;
      if (depth > MAX_DEPTH) return `is more than ${MAX_DEPTH} levels deep`;
    } else if ((code | 0x20) === 0x7d) {
      depth -= 1;
    }
  }
  return values > MAX_VALUES ? `holds more than ${MAX_VALUES} values` : undefined;
}
