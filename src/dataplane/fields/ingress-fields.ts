/** The header lines that describe the client to upstreams of Ingresses: those of ingress-nginx. */
import { detached } from '../../formats/http/bytes.ts';
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
export function namesOfIngress(forwarded: IngressForwarded | 'plain'): FieldEdits {
  return forwarded === 'plain' || forwarded.originalUri === '' ? WITHOUT_NAMES : WITHOUT_URI;
}

export function ingressLines(forwarded: IngressForwarded): string {
  const { realIp, forwardedFor, host, originalUri, originalFor, originalHost } = forwarded;
  const ofClient = `X-Real-IP: ${realIp}\r\nX-Forwarded-For: ${forwardedFor}\r\n${line('X-Forwarded-Host', host)}`;
  const told = ofClient + wayLines(forwarded);
  if (originalUri === '' && originalFor === '' && originalHost === '') return told;
  const original = `${line('X-Original-Forwarded-For', originalFor)}${line('X-Original-Forwarded-Host', originalHost)}`;
  return told + line('X-Original-URI', originalUri) + original;
}

/** By which port and scheme the client has come. */
function wayLines({ port, proto }: Pick<IngressForwarded, 'port' | 'proto'>): string {
  if (port === '80' && proto === 'http') return IN_CLEAR;
  return port === '443' && proto === 'https' ? OVER_TLS : wayOf(port, proto);
}

function wayOf(port: string, proto: string): string {
  const scheme = `X-Forwarded-Proto: ${proto}\r\nX-Forwarded-Scheme: ${proto}\r\nX-Scheme: ${proto}\r\n`;
  return `X-Forwarded-Port: ${port}\r\n${scheme}`;
}

// V8 puts a text together out of its parts each time that it becomes part of another. These have one part.
const IN_CLEAR = detached(wayOf('80', 'http'));
const OVER_TLS = detached(wayOf('443', 'https'));

/** As nginx, nothing where there is no value. */
function line(name: string, value: string): string {
  return value === '' ? '' : `${name}: ${value}\r\n`;
}
