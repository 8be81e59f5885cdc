import type { RedirectPolicy } from '../model/policy.ts';
import { encodeDecodedPath, encodeInQuery, encodeUnsafe } from './escapes.ts';
import { parseHost } from './host.ts';
import { MAX_TARGET_LENGTH, tooLong } from './path-edit-error.ts';
import { compilePattern } from './pattern/compile-pattern.ts';
import type { Captures, Pattern } from './pattern/pattern.ts';
import { Template } from './pattern/template.ts';

/** The components of a target: RFC 3986 section 3. An origin has no groups. */
const TARGET = /^((?:https?:\/\/([^/?#$]*))?)([^?#]*)(?:\?([^#]*))?(#.*)?$/i;

/**
 * Whether a redirect may have this target: an absolute URL, or a path of the place that the client has asked. It goes into a header as it
 * is, so that it is printable ASCII.
 */
export function isRedirectTarget(target: string): boolean {
  if (!/^[!-~]*$/.test(target)) return false;
  const [, , authority, path = ''] = TARGET.exec(target) ?? [];
  return authority === undefined ? /^\/(?!\/)/.test(path) : parseHost(authority) !== undefined;
}

/** Sends clients to another URL. What they have sent cannot lead to another host than the target says. */
export class Redirect {
  /** Scheme and authority; empty for the place that the client has asked. */
  readonly #origin: string;
  readonly #pattern: Pattern | undefined;
  /** How what the pattern has captured is written into the path. */
  readonly #encode: (text: string) => string;
  readonly #path: Template;
  /** Undefined: the query of the request stays. */
  readonly #query: Template | undefined;
  readonly #fragment: Template;

  /** @param policy its target is one that isRedirectTarget() takes @throws FormatError */
  constructor({ pattern, target, isDecoded }: Pick<RedirectPolicy, 'pattern' | 'target' | 'isDecoded'>) {
    const [, origin = '', , path = '', query, fragment = ''] = TARGET.exec(target) ?? [];
    this.#pattern = pattern === undefined ? undefined : compilePattern(pattern);
    const missing = isDecoded ? 'empty' : 'refused';
    const groups = this.#pattern?.groups ?? 0;
    this.#origin = origin;
    this.#encode = isDecoded ? encodeDecodedPath : encodeUnsafe;
    this.#path = new Template(path, groups, missing);
    // Nothing behind the question mark: no query goes along, as in nginx.
    this.#query = query === undefined ? undefined : new Template(query, groups, missing);
    this.#fragment = new Template(fragment, groups, missing);
  }

  /**
   * @param path as the upstream would get it, or decoded, as the policy says
   * @param query with its question mark; empty without one
   * @returns undefined where the pattern does not match
   * @throws {PatternCostError}
   * @throws {PathEditError}
   */
  locationOf(path: string, query: string): string | undefined {
    const captures = this.#pattern === undefined ? [''] : this.#pattern.match(path);
    if (captures === undefined) return undefined;
    const location =
      this.#origin +
      this.#pathOf(captures) +
      this.#queryOf(captures, query) +
      expand(this.#fragment, captures, this.#encode);
    if (location.length > MAX_TARGET_LENGTH) throw tooLong();
    return location;
  }

  /** One slash at the start: two would begin the name of a host, and without one the capture would go on with the target's. */
  #pathOf(captures: Captures): string {
    const path = expand(this.#path, captures, this.#encode);
    return path === '' ? '' : path.replace(/^\/*/, '/');
  }

  /** As nginx's rewrite: the query of the request goes along, behind that of the target. */
  #queryOf(captures: Captures, requested: string): string {
    const sent = encodeUnsafe(requested);
    if (this.#query === undefined) return sent;
    const own = expand(this.#query, captures, encodeInQuery);
    if (own === '') return '';
    return sent.length > 1 ? `?${own}&${sent.slice(1)}` : `?${own}`;
  }
}

function expand(template: Template, captures: Captures, encode: (text: string) => string): string {
  const text = template.expand(captures, encode, MAX_TARGET_LENGTH);
  if (text === undefined) throw tooLong();
  return text;
}
