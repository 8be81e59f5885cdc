import { FormatError } from '../errors.ts';
import { quote } from '../text/quote.ts';

/** A part of a text with nginx's variables: what stands there, or the name of a variable without its dollar sign. */
export type TextPart = string | { readonly variable: string };

/**
 * Takes a text apart whose variables are written `$name` or `${name}`.
 * @param partOf what a variable is; throws a FormatError for one that may not be there
 * @throws FormatError
 */
export function parseNginxText(text: string, partOf: (name: string) => TextPart): readonly TextPart[] {
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
