import { FormatError } from '../../../errors.ts';
import type { CorsPolicy } from '../../../model/policy.ts';
import { quote } from '../../../text/quote.ts';
import type { IngressFeature, IngressValues } from '../ingress-feature.ts';

const DEFAULT_METHODS = 'GET, PUT, POST, DELETE, PATCH, OPTIONS';
const DEFAULT_HEADERS =
  'DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization';
const DEFAULT_MAX_AGE = 1_728_000;

const ANY = ['*'];
const LONGEST = 4_096;
/** A host may begin with a wildcard; one label of `*.a.example` is any. */
const ORIGIN = /^(?:[a-z]+:\/\/(?:\*\.)?[A-Za-z0-9\-.]+(?::\d+)?|null)$/;

/** Pages of other origins may read answers. */
export const CORS: IngressFeature = {
  rows: [
    {
      name: 'enable-cors',
      support: 'works',
      value: 'true or false',
      example: 'true',
      help: 'Lets pages of other origins read answers, those of errors too, and answers every OPTIONS of such a page with 204. The CORS headers of the Service are dropped.',
      differs:
        'The 204 has no Content-Length, which HTTP forbids there. An origin matches as a whole: in ingress-nginx, its end is enough.',
    },
    {
      name: 'cors-allow-origin',
      support: 'works',
      value: 'origins, separated by commas; *. stands for one label; * for all origins',
      example: 'https://a.example, https://*.b.example:8443',
      help: 'The origins. Those that match are named in the answer; without the annotation, all are allowed.',
    },
    {
      name: 'cors-allow-methods',
      support: 'works',
      value: 'methods, separated by commas',
      example: 'GET, POST',
      help: `The value of Access-Control-Allow-Methods; "${DEFAULT_METHODS}" without the annotation.`,
    },
    {
      name: 'cors-allow-headers',
      support: 'works',
      value: 'names of headers, separated by commas',
      example: 'X-Token, Content-Type',
      help: 'The value of Access-Control-Allow-Headers, with the usual names as its default.',
    },
    {
      name: 'cors-expose-headers',
      support: 'works',
      value: 'names of headers, separated by commas, or *',
      example: 'X-Total',
      help: 'The value of Access-Control-Expose-Headers, which is not sent without the annotation.',
    },
    {
      name: 'cors-allow-credentials',
      support: 'works',
      value: 'true or false',
      example: 'false',
      help: 'Requests may carry cookies. It is so without the annotation.',
    },
    {
      name: 'cors-max-age',
      support: 'works',
      value: 'seconds',
      example: '600',
      help: `How long browsers may keep the answer to a preflight; ${DEFAULT_MAX_AGE} without the annotation.`,
    },
  ],
  read(values) {
    const isEnabled = values.bool('enable-cors', false);
    const policy: CorsPolicy = {
      kind: 'cors',
      origins: readOrigins(values),
      methods: [values.read('cors-allow-methods', parser(/^[A-Za-z][A-Za-z, ]*$/)) ?? DEFAULT_METHODS],
      headers: [values.read('cors-allow-headers', parser(/^[A-Za-z0-9\-_, ]+$/)) ?? DEFAULT_HEADERS],
      exposed: optional(values.read('cors-expose-headers', parser(/^[A-Za-z0-9\-_*, ]+$/))),
      credentials: values.bool('cors-allow-credentials', true),
      maxAge: values.read('cors-max-age', parseSeconds) ?? DEFAULT_MAX_AGE,
      asIngressNginx: true,
    };
    if (!isEnabled) return undefined;
    return { policies: [policy] };
  },
};

/** An origin that cannot be read is left out, as in ingress-nginx. */
function readOrigins(values: IngressValues): readonly string[] {
  const text = values.get('cors-allow-origin');
  if (text === undefined || text.trim() === '') return ANY;
  const names = text
    .split(',')
    .map(name => name.trim())
    .filter(name => name !== '');
  if (names.includes('*')) return ANY;
  const origins = names.filter(name => name.length <= 300 && ORIGIN.test(name));
  const bad = names.find(name => !origins.includes(name));
  if (bad !== undefined) {
    values.tell(
      'cors-allow-origin',
      `${quote(bad)} is no origin, and is left out: write its scheme and host, as in https://a.example`,
    );
  }
  return origins.slice(0, 1_000).map(origin => origin.toLowerCase());
}

function parser(grammar: RegExp): (text: string) => string {
  return text => {
    if (text.length <= LONGEST && grammar.test(text)) return text;
    throw new FormatError(`${quote(text)} is no list of names`);
  };
}

function optional(text: string | undefined): readonly string[] {
  return text === undefined ? [] : [text];
}

/** @throws FormatError */
function parseSeconds(text: string): number {
  if (!/^-?\d{1,9}$/.test(text)) throw new FormatError(`${quote(text)} is no number of seconds`);
  return Number(text);
}
