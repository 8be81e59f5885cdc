/** The header lines that describe the client to upstreams of Ingresses: those of ingress-nginx. */
import { type Fate, type FieldEdits, GOES, type IngressForwarded, STAYS } from '../pipeline/ports.ts';
import { NameSet } from './name-set.ts';

/** Takes out the lines of some names, and those that a backend may take for them. */
class Without implements FieldEdits {
  readonly added = '';
  readonly lengths: number;
  readonly #names: NameSet;

  /** @param names in lower case */
  constructor(names: readonly string[]) {
    this.#names = new NameSet(names, true);
    this.lengths = this.#names.lengths;
  }

  fateOf(text: string, start: number, end: number): Fate {
    return this.#names.has(text, start, end) ? GOES : STAYS;
  }

  edit(_name: string, value: string): string {
    return value;
  }
}

const NAMES = [
  'x-forwarded-port',
  'x-forwarded-scheme',
  'x-scheme',
  'x-original-forwarded-for',
  'x-original-forwarded-host',
  // Scripts that speak CGI take it for the setting HTTP_PROXY.
  'proxy',
];
const WITHOUT_NAMES = new Without(NAMES);
const WITHOUT_URI = new Without([...NAMES, 'x-original-uri']);

/** The names that upstreams of Ingresses are told beside those that all are told. */
export const TOLD_TO_INGRESSES: readonly string[] = [...NAMES, 'x-original-uri'];

/** Takes out what is said here, and what a client may not say therefore. The heads know the other names. */
export function namesOfIngress({ originalUri }: IngressForwarded): FieldEdits {
  return originalUri === '' ? WITHOUT_NAMES : WITHOUT_URI;
}

export function ingressLines(forwarded: IngressForwarded): string {
  const { realIp, forwardedFor, proto, host, port, originalUri, originalFor, originalHost } = forwarded;
  return (
    `X-Real-IP: ${realIp}\r\nX-Forwarded-For: ${forwardedFor}\r\n${line('X-Forwarded-Host', host)}` +
    `X-Forwarded-Port: ${port}\r\nX-Forwarded-Proto: ${proto}\r\nX-Forwarded-Scheme: ${proto}\r\n` +
    `${line('X-Original-URI', originalUri)}X-Scheme: ${proto}\r\n` +
    `${line('X-Original-Forwarded-For', originalFor)}${line('X-Original-Forwarded-Host', originalHost)}`
  );
}

/** As nginx, nothing where there is no value. */
function line(name: string, value: string): string {
  return value === '' ? '' : `${name}: ${value}\r\n`;
}
