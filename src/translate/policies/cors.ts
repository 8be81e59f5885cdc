import { FormatError } from '../../errors.ts';
import { Origins, parseOrigin } from '../../formats/http/origins.ts';
import type { CorsPolicy } from '../../model/policy.ts';
import { quote } from '../../text/quote.ts';
import { definePolicy } from './policy-definition.ts';

const EXAMPLE = 'origins=https://a.example,https://*.b.example methods=GET,PUT headers=X-A credentials max-age=200';

const MOST_NAMES = 100;
/** A year. */
const MOST_SECONDS = 31_536_000;

/** Those of ingress-nginx. */
const DEFAULT_METHODS: readonly string[] = ['GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'OPTIONS'];
const DEFAULT_HEADERS: readonly string[] = [
  'DNT',
  'Keep-Alive',
  'User-Agent',
  'X-Requested-With',
  'If-Modified-Since',
  'Cache-Control',
  'Content-Type',
  'Range',
  'Authorization',
];
const DEFAULT_MAX_AGE = 1_728_000;

/** RFC 9110 section 5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

const WORDS: readonly string[] = ['origins', 'methods', 'headers', 'expose', 'max-age', 'credentials'];

export const CORS = definePolicy<CorsPolicy>({
  rows: [
    {
      name: 'cors',
      nginx: ['enable-cors', 'cors-allow-origin'],
      value:
        'origins=LIST, then any of methods=LIST, headers=LIST, expose=LIST, credentials, max-age=SECONDS; *. in an origin stands for one label, origins=* for all origins',
      help: 'Lets pages of these origins read answers, those of errors too, and answers their OPTIONS with 204. The CORS headers of the Service are dropped.',
      example: EXAMPLE,
    },
  ],
  read: values => values.read('cors', parseCors),
  explain({ origins }, { method, header }) {
    const list = origins.join(', ');
    const origin = header('origin');
    if (!origins.includes('*')) {
      if (origin === '') return `lets pages of ${list} read answers; this request names no origin`;
      if (!new Origins(origins).has(origin))
        return `lets no page of ${origin} read the answer: it is not one of ${list}`;
    }
    return method.toUpperCase() === 'OPTIONS'
      ? 'answers with 204, as to a preflight'
      : `lets pages of ${origin === '' ? 'any origin' : origin} read the answer`;
  },
});

/** @throws FormatError */
function parseCors(text: string): CorsPolicy {
  const words = readWords(text);
  const origins = words.get('origins');
  if (origins === undefined) throw new FormatError(`names no origins: write ${EXAMPLE}, or origins=* for all`);
  const credentials = words.has('credentials');
  const policy: CorsPolicy = {
    kind: 'cors',
    origins: parseOrigins(origins),
    methods: parseNames('methods', words.get('methods'), DEFAULT_METHODS),
    headers: parseNames('headers', words.get('headers'), DEFAULT_HEADERS),
    exposed: parseNames('expose', words.get('expose'), []),
    credentials,
    maxAge: parseSeconds(words.get('max-age')),
  };
  if (credentials) refuseAny(policy);
  return policy;
}

/** @returns what stands behind the equals sign of each word; empty without one */
function readWords(text: string): ReadonlyMap<string, string> {
  const words = new Map<string, string>();
  for (const part of text.split(/\s+/).filter(word => word !== '')) {
    const [name = '', ...values] = part.split('=');
    if (!WORDS.includes(name) || (values.length === 0) !== (name === 'credentials'))
      throw new FormatError(`${quote(part)} cannot stand here: write ${EXAMPLE}`);
    if (words.has(name)) throw new FormatError(`says ${name} twice: write one list, with commas`);
    words.set(name, values.join('='));
  }
  return words;
}

function parseOrigins(list: string): readonly string[] {
  const origins = split('origins', list);
  if (origins.includes('*')) {
    if (origins.length > 1) throw new FormatError('origins=* allows all origins: leave out the others, or the *');
    return origins;
  }
  if (origins.includes('null'))
    throw new FormatError('null is the origin of all sandboxed pages, those of strangers too: leave it out');
  return origins.map(parseOrigin);
}

function parseNames(word: string, list: string | undefined, absent: readonly string[]): readonly string[] {
  if (list === undefined) return absent;
  const names = split(word, list);
  const bad = names.find(name => !TOKEN.test(name));
  if (bad !== undefined) throw new FormatError(`${quote(bad)} in ${word}= is no name: write ${word}=A,B`);
  return names;
}

function split(word: string, list: string): readonly string[] {
  const parts = list.split(',').filter(part => part !== '');
  if (parts.length === 0) throw new FormatError(`${word}= is empty: write ${word}=A,B`);
  if (parts.length > MOST_NAMES) throw new FormatError(`${word}= has more than ${MOST_NAMES} elements`);
  return parts;
}

function parseSeconds(text: string | undefined): number {
  if (text === undefined) return DEFAULT_MAX_AGE;
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) : Infinity;
  if (seconds > MOST_SECONDS) throw new FormatError(`max-age=${text}: write seconds, as in max-age=600`);
  return seconds;
}

/** With credentials, browsers take the wildcard for a name (Fetch standard, "CORS protocol and credentials"). */
function refuseAny({ origins, methods, headers, exposed }: CorsPolicy): void {
  if (origins.includes('*'))
    throw new FormatError('credentials with origins=* would let every page act for its users: name the origins');
  if ([methods, headers, exposed].some(names => names.includes('*')))
    throw new FormatError('credentials with * is no wildcard for browsers: name the methods and headers');
}
