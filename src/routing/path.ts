/**
 * The one form of a request path that is matched and sent on: percent-encoded unreserved characters decoded,
 * dot segments resolved, duplicate slashes merged (RFC 3986 section 6.2.2). Pure.
 */

const SLASH = 0x2f;
const DOT = 0x2e;
const PERCENT = 0x25;
const SPACE = 0x20;
const DELETE = 0x7f;

/**
 * Normalises an absolute path. A path that needs nothing comes back as the same string.
 * `%2F` stays as it is and never counts as a separator: decoding it would let a client move segment boundaries
 * after the proxy has judged them.
 *
 * @returns undefined for a path that must be refused: a bad or truncated escape, `%00`, a raw control character or
 *   space, `..` above the root, no leading slash
 */
export function normalisePath(path: string, mergeSlashes = true): string | undefined {
  if (path.charCodeAt(0) !== SLASH) return undefined;
  return isNormal(path, mergeSlashes) ? path : resolve(path, mergeSlashes);
}

/** Whether {@link normalisePath} would change nothing, and an absolute path has nothing that is decoded. */
export function isNormal(path: string, mergeSlashes: boolean): boolean {
  let previous = SLASH;
  for (let index = 1; index < path.length; index += 1) {
    const code = path.charCodeAt(index);
    if (code === PERCENT || code <= SPACE || code === DELETE) return false;
    if (previous === SLASH) {
      if (code === SLASH && mergeSlashes) return false;
      // Any segment that begins with a dot takes the slow road, which tells `.well-known` from `..`.
      if (code === DOT) return false;
    }
    previous = code;
  }
  return true;
}

function resolve(path: string, mergeSlashes: boolean): string | undefined {
  const decoded = decodeUnreserved(path);
  return decoded === undefined ? undefined : resolveSegments(decoded, mergeSlashes);
}

/** Resolves the dot segments of an absolute path. @returns undefined where they lead above the root */
export function resolveSegments(path: string, mergeSlashes: boolean): string | undefined {
  const segments: string[] = [];
  const parts = path.split('/');
  const last = parts.length - 1;
  for (let index = 1; index <= last; index += 1) {
    const part = parts[index] as string;
    if (part === '..') {
      if (segments.pop() === undefined) return undefined;
      if (index === last) segments.push('');
    } else if (part === '.') {
      if (index === last) segments.push('');
    } else if (part !== '' || index === last || !mergeSlashes) {
      segments.push(part);
    }
  }
  return `/${segments.join('/')}`;
}

function decodeUnreserved(path: string): string | undefined {
  let decoded = '';
  let copied = 0;
  for (let index = 0; index < path.length; index += 1) {
    const code = path.charCodeAt(index);
    if (code <= SPACE || code === DELETE) return undefined;
    if (code !== PERCENT) continue;
    const byte = hexByte(path, index + 1);
    if (byte <= 0) return undefined;
    if (isUnreserved(byte)) {
      decoded += path.slice(copied, index) + String.fromCharCode(byte);
      copied = index + 3;
    }
    index += 2;
  }
  return copied === 0 ? path : decoded + path.slice(copied);
}

/** The value of the two hex digits at `index`, or -1. */
export function hexByte(text: string, index: number): number {
  const high = hexDigit(text.charCodeAt(index));
  const low = hexDigit(text.charCodeAt(index + 1));
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/** NaN, charCodeAt's answer past the end, is no digit either. */
function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** RFC 3986 section 2.3: these mean the same escaped or not. */
function isUnreserved(code: number): boolean {
  const lower = code | 0x20;
  return (
    (lower >= 0x61 && lower <= 0x7a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x2d || // -
    code === DOT ||
    code === 0x5f || // _
    code === 0x7e // ~
  );
}

/** `%c3` and `%C3` are the same byte (RFC 3986 section 6.2.2.1): paths are compared in upper case, sent as they came. */
export function upperCaseEscapes(path: string): string {
  return path.includes('%') ? path.replace(/%[0-9a-f]{2}/gi, triplet => triplet.toUpperCase()) : path;
}
