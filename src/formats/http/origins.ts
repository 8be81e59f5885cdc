import { FormatError } from '../../errors.ts';
import { defaultPort } from './uri.ts';

/** An origin as browsers send it (RFC 6454 section 6.2); the host may begin with a wildcard. */
const ORIGIN = /^([a-z][a-z0-9+.-]*):\/\/((?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?$/;

/** What a wildcard may stand for. */
const WILD = { label: /^[a-z0-9_-]+$/, labels: /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/ } as const;

/**
 * Reads an origin of a list: `https://a.example`, `https://*.a.example:8443`.
 * @returns in lower case, without the port that its scheme means anyway: browsers leave that out
 * @throws FormatError
 */
export function parseOrigin(text: string): string {
  const [, scheme, host, port] = ORIGIN.exec(text.toLowerCase()) ?? [];
  if (scheme === undefined || host === undefined) {
    throw new FormatError(
      `"${text}" is no origin: write its scheme and host, as in https://a.example, https://*.a.example or http://a.example:8080`,
    );
  }
  const isDefault = port === undefined || Number(port) === defaultPort(scheme);
  return `${scheme}://${host}${isDefault ? '' : `:${Number(port)}`}`;
}

/** A list of origins, in which a wildcard stands for one label of a host, or for one or more. */
export class Origins {
  readonly #exact = new Set<string>();
  /** What stands before and behind the wildcard. */
  readonly #wildcards: (readonly [before: string, behind: string])[] = [];

  readonly #wild: RegExp;

  /** @param origins as parseOrigin() gives them */
  constructor(origins: readonly string[], wildcard: keyof typeof WILD = 'label') {
    this.#wild = WILD[wildcard];
    for (const origin of origins) {
      const [before = '', behind] = origin.split('*');
      if (behind === undefined) this.#exact.add(origin);
      else this.#wildcards.push([before, behind]);
    }
  }

  /** Compared from the start to the end, upper and lower case alike. @param origin as a client sends it */
  has(origin: string): boolean {
    const lower = origin.toLowerCase();
    return this.#exact.has(lower) || this.#wildcards.some(([before, behind]) => this.#fits(lower, before, behind));
  }

  #fits(origin: string, before: string, behind: string): boolean {
    return (
      origin.length > before.length + behind.length &&
      origin.startsWith(before) &&
      origin.endsWith(behind) &&
      this.#wild.test(origin.slice(before.length, origin.length - behind.length))
    );
  }
}
