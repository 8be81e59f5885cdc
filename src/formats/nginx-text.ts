import { FormatError } from '../errors.ts';
import { closest } from '../text/closest.ts';
import { quote } from '../text/quote.ts';

/** A part of a text with nginx's variables: what stands there, or the name of a variable without its dollar sign. */
export type TextPart = string | { readonly variable: string };

/** nginx's variables that say something of a request, and the names by which the data plane knows them. */
export const REQUEST_VARIABLES: ReadonlyMap<string, string> = new Map([
  ['request_uri', 'request_uri'],
  ['uri', 'uri'],
  ['document_uri', 'uri'],
  ['args', 'args'],
  ['query_string', 'args'],
  ['host', 'host'],
  ['remote_addr', 'remote_addr'],
  // Its bytes instead of its text tell the same clients apart.
  ['binary_remote_addr', 'remote_addr'],
  // ingress-nginx sets it to the address that a trusted proxy gives.
  ['the_real_ip', 'remote_addr'],
  ['request_method', 'request_method'],
]);

const UNPRINTABLE = /[^\t\x20-\x7e]/;

/** A variable whose name goes on: `$http_x_user`. */
export const NAMED_VARIABLE = /^(http|cookie|arg)_(\w+)$/;

/**
 * @param known names of variables, and those by which the data plane knows them
 * @param where such a text, for people
 * @throws FormatError for one that may not be there
 */
export function requestVariable(name: string, known: ReadonlyMap<string, string>, where: string): TextPart {
  if (NAMED_VARIABLE.test(name)) return { variable: name };
  const variable = known.get(name);
  if (variable !== undefined) return { variable };
  const near = closest(name, [...known.keys()]);
  const all = [...known.keys(), 'http_NAME', 'arg_NAME', 'cookie_NAME'].map(one => `$${one}`).join(', ');
  const advice = near === undefined ? `known are ${all}` : `did you mean $${near}?`;
  throw new FormatError(`$${name} is no variable that ${where} may hold; ${advice}`);
}

/**
 * Takes a text apart whose variables are written `$name` or `${name}`.
 * Such a text becomes a header or a URL: it holds no line end, and no character whose lower byte is one.
 * @param partOf what a variable is; throws a FormatError for one that may not be there
 * @throws FormatError
 */
export function parseNginxText(text: string, partOf: (name: string) => TextPart): readonly TextPart[] {
  const bad = UNPRINTABLE.exec(text)?.[0];
  if (bad !== undefined)
    throw new FormatError(`${quote(text)} holds ${quote(bad)}, which no header and no URL can: a URL has it as %XX`);
  const parts: TextPart[] = [];
  for (const [piece, braced, bare] of text.matchAll(/\$\{(\w+)\}|\$(\w+)|[^$]+|\$/g)) {
    if (piece === '$')
      throw new FormatError(`${quote(text)}: a $ must begin the name of a variable, as in $request_uri`);
    const name = braced ?? bare;
    parts.push(name === undefined ? piece : partOf(name));
  }
  return parts;
}

/** As {@link parseNginxText} reads it. */
export function formatNginxText(parts: readonly TextPart[]): string {
  return parts.map((part, index) => (typeof part === 'string' ? part : variableText(part, parts[index + 1]))).join('');
}

/** Braces keep a variable's name apart from a text that begins with a letter, a digit or an underscore. */
function variableText({ variable }: { readonly variable: string }, next: TextPart | undefined): string {
  return typeof next === 'string' && /^\w/.test(next) ? `\${${variable}}` : `$${variable}`;
}
