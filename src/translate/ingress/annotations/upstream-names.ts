import { FormatError } from '../../../errors.ts';
import type { ValueEdit } from '../../../model/policy.ts';
import { compilePattern } from '../../../routing/pattern/compile-pattern.ts';
import { quote } from '../../../text/quote.ts';
import type { IngressFeature, IngressValues } from '../ingress-feature.ts';

/** The characters that ingress-nginx takes in these values. */
const PART = /^[A-Za-z0-9\-._~/:,?&=]+$/;
const LONGEST = 2_048;

const FROM_TO = 'off, or FROM TO; behind a ~, FROM is a regular expression, and all of the value becomes TO';

/** What a Service says of itself in cookies and redirects. */
export const UPSTREAM_NAMES: IngressFeature = {
  rows: [
    {
      name: 'proxy-cookie-domain',
      support: 'works',
      value: FROM_TO,
      example: 'internal.example shop.example',
      help: 'Changes the Domain of cookies that the Service sets.',
    },
    {
      name: 'proxy-cookie-path',
      support: 'works',
      value: FROM_TO,
      example: '/one/ /two/',
      help: 'Changes the beginning of the Path of cookies that the Service sets.',
    },
    {
      name: 'proxy-redirect-from',
      support: 'works',
      value: 'off, default, or the beginning of a URL; behind a ~, a regular expression',
      example: 'http://internal.example/',
      help: 'What of Location and Refresh is replaced by proxy-redirect-to.',
      differs: 'A Location that becomes a path stays one: nginx puts the scheme and the host of the request before it.',
    },
    {
      name: 'proxy-redirect-to',
      support: 'works',
      value: 'off, or the beginning of a URL',
      example: 'https://shop.example/',
      help: 'What takes the place of proxy-redirect-from.',
    },
  ],
  read(values) {
    const { proxyCookieDomain, proxyCookiePath } = values.config;
    const cookieDomains = readPair(values, 'proxy-cookie-domain', proxyCookieDomain);
    const cookiePaths = readPair(values, 'proxy-cookie-path', proxyCookiePath);
    const redirects = readRedirect(values);
    if (cookieDomains.length + cookiePaths.length + redirects.length === 0) return undefined;
    return { policies: [{ kind: 'upstream-names', cookieDomains, cookiePaths, redirects }] };
  },
};

function readPair(values: IngressValues, name: string, fallback: string): readonly ValueEdit[] {
  return values.read(name, parsePair) ?? tolerated(() => parsePair(fallback)) ?? [];
}

function readRedirect(values: IngressValues): readonly ValueEdit[] {
  const { proxyRedirectFrom, proxyRedirectTo } = values.config;
  const from = values.get('proxy-redirect-from') ?? proxyRedirectFrom;
  const to = values.get('proxy-redirect-to') ?? proxyRedirectTo;
  // What the Service says is never the name by which nginx knows it: "default" changes nothing.
  if (from === 'off' || from === 'default' || to === 'off') return [];
  const parse = (): readonly ValueEdit[] => [parseEdit(from, to)];
  return values.get('proxy-redirect-from') === undefined
    ? (tolerated(parse) ?? [])
    : (values.read('proxy-redirect-from', parse) ?? []);
}

/** A value of the ConfigMap is judged with the ConfigMap. */
function tolerated<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return undefined;
  }
}

/** @throws FormatError */
function parsePair(text: string): readonly ValueEdit[] {
  if (text.trim() === 'off') return [];
  const [from, to, ...others] = text.trim().split(/\s+/);
  if (from === undefined || to === undefined || others.length > 0)
    throw new FormatError(`${quote(text)}: write FROM TO`);
  return [parseEdit(from, to)];
}

/** @throws FormatError */
function parseEdit(from: string, to: string): ValueEdit {
  const bad = [from, to].find(part => part.length > LONGEST || !PART.test(part));
  if (bad !== undefined) {
    throw new FormatError(`${quote(bad)} may hold letters, digits and - . _ ~ / : , ? & = alone`);
  }
  if (!from.startsWith('~')) return { from: { text: from }, to };
  const pattern = from.slice(1);
  // Refuses what cannot be read.
  compilePattern(pattern);
  return { from: { pattern, ignoresCase: false }, to };
}
