/** What of a request is hashed, as people write it: in annotations, and in nginx's words in records of ingress-nginx. */
import { FormatError } from '../../errors.ts';
import { isToken } from '../../formats/http/token.ts';
import {
  formatNginxText,
  NAMED_VARIABLE,
  parseNginxText,
  REQUEST_VARIABLES,
  requestVariable,
  type TextPart,
} from '../../formats/nginx-text.ts';
import type { HashKey } from '../../model/cluster.ts';
import { quote } from '../../text/quote.ts';

/** No key that people write comes near it, and each request is read by it. */
const MAX_KEY_LENGTH = 256;

const KEY_FORMS =
  'client-ip, uri, header:NAME, cookie:NAME, query:NAME, or a text with nginx variables, as in $request_uri';

/** Reads `client-ip`, `header:x-user`, `$host$request_uri`. @throws FormatError */
export function parseHashKey(text: string): HashKey {
  const key = text.trim();
  if (key === '') throw new FormatError(`hash needs a key: write ${KEY_FORMS}`);
  checkLength(key);
  if (key === 'client-ip' || key === 'uri') return { from: key };
  const [, from, name] = /^(header|cookie|query):(.*)$/s.exec(key) ?? [];
  if (from !== undefined && name !== undefined) return namedKey(from as 'header' | 'cookie' | 'query', name);
  if (key.includes('$')) return parseNginxKey(key);
  throw new FormatError(`${quote(key)} is not a hash key: write ${KEY_FORMS}`);
}

function namedKey(from: 'header' | 'cookie' | 'query', name: string): HashKey {
  if (from === 'query') {
    if (!/^[^\s&=#\x00-\x20\x7f]+$/.test(name))
      throw new FormatError(`${quote(name)} is not the name of a query parameter`);
    return { from, name };
  }
  if (!isToken(name)) throw new FormatError(`${quote(name)} is not the name of a ${from}`);
  return { from, name: from === 'header' ? name.toLowerCase() : name };
}

/** Reads a text with nginx's variables, `$name` or `${name}`, as `upstream-hash-by` has it. @throws FormatError */
export function parseNginxKey(text: string): HashKey {
  checkLength(text);
  const parts = parseNginxText(text, variablePart);
  if (parts.every(part => typeof part === 'string'))
    throw new FormatError(`${quote(text)} has no variable: every request would go to the same endpoint`);
  const [only] = parts;
  return (parts.length === 1 && typeof only === 'object' && plainKey(only.variable)) || { from: 'text', parts };
}

function variablePart(name: string): TextPart {
  // It only stands between a path and its query. A key may have it always, and still tells the same requests apart.
  return name === 'is_args' ? '?' : requestVariable(name, REQUEST_VARIABLES, 'a key');
}

/** The key that a single variable is, in this program's own words; undefined where it has none. */
function plainKey(variable: string): HashKey | undefined {
  if (variable === 'request_uri') return { from: 'uri' };
  if (variable === 'remote_addr') return { from: 'client-ip' };
  const [, kind, name = ''] = NAMED_VARIABLE.exec(variable) ?? [];
  switch (kind) {
    case 'http':
      // nginx writes every character of a header's name that is no letter or digit as an underscore.
      return { from: 'header', name: name.toLowerCase().replaceAll('_', '-') };
    case 'cookie':
      return { from: 'cookie', name };
    case 'arg':
      return { from: 'query', name };
    default:
      return undefined;
  }
}

/** As {@link parseHashKey} reads it. */
export function formatHashKey(key: HashKey): string {
  if (key.from === 'text') return formatNginxKey(key);
  return 'name' in key ? `${key.from}:${key.name}` : key.from;
}

/** As {@link parseNginxKey} reads it. */
export function formatNginxKey(key: HashKey): string {
  switch (key.from) {
    case 'client-ip':
      return '$remote_addr';
    case 'uri':
      return '$request_uri';
    case 'header':
      return `$http_${key.name.replaceAll('-', '_')}`;
    case 'cookie':
      return `$cookie_${key.name}`;
    case 'query':
      return `$arg_${key.name}`;
    case 'text':
      return formatNginxText(key.parts);
  }
}

function checkLength(text: string): void {
  if (text.length > MAX_KEY_LENGTH) throw new FormatError(`${quote(text)} is longer than ${MAX_KEY_LENGTH} characters`);
}
