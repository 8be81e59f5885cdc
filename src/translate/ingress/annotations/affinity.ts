/** Clients that stay with one endpoint, by a cookie. */
import type { CookieAffinity } from '../../../model/cluster.ts';
import {
  DEFAULT_COOKIE,
  readCookieDomain,
  readCookieName,
  readCookiePath,
  readSameSite,
} from '../../cookie-affinity.ts';
import type { IngressFeature, IngressRow, IngressValues } from '../ingress-feature.ts';
import { parseCount, parseWord } from '../numbers.ts';

/** A hundred years. */
const MOST_SECONDS = 3_153_600_000;

function row(name: string, value: string, example: string, help: string, differs?: string): IngressRow {
  return { name, support: 'works', value, example, help, ...(differs !== undefined && { differs }) };
}

export const AFFINITY: IngressFeature = {
  rows: [
    row(
      'affinity',
      'cookie',
      'cookie',
      'Binds each client to an endpoint by a cookie. Cookies that ingress-nginx has set count, too.',
      'The cookie does not go to the upstream. An endpoint that ends keeps its clients while it serves, and one that fails once keeps ' +
        'them, too, while another one answers the request.',
    ),
    row(
      'affinity-mode',
      'balanced or persistent',
      'persistent',
      'persistent: a client stays until its endpoint is gone. balanced: some clients move when endpoints come, so that these get their share.',
      'persistent: new cookies hold a keyed hash (HMAC) in place of the MD5 of the address, which nobody else can make. balanced: new ' +
        'cookies look like those of ingress-nginx, and each client that has one of those is moved once.',
    ),
    row(
      'session-cookie-name',
      'the name of a cookie',
      'SERVERID',
      'The name of the cookie; INGRESSCOOKIE unless told.',
    ),
    row(
      'session-cookie-path',
      'a path',
      '/shop',
      'The Path of the cookie; unless told that of the rule. With use-regex it has to be told.',
    ),
    row('session-cookie-domain', 'a domain', 'example.com', 'The Domain of the cookie.'),
    row('session-cookie-max-age', 'whole seconds', '172800', 'The Max-Age of the cookie.'),
    row(
      'session-cookie-expires',
      'whole seconds',
      '172800',
      'The Expires of the cookie, counted from the answer that sets it.',
    ),
    row('session-cookie-samesite', 'None, Lax or Strict', 'Lax', 'The SameSite of the cookie.'),
    row(
      'session-cookie-conditional-samesite-none',
      'true or false',
      'true',
      'Leaves SameSite=None out for old browsers that do not know it.',
    ),
    row(
      'session-cookie-secure',
      'true or false',
      'true',
      'true: the cookie is Secure even over plain HTTP; otherwise it is over HTTPS.',
    ),
    row(
      'session-cookie-change-on-failure',
      'true or false',
      'true',
      'A client whose endpoint fails is bound to the one that answers instead.',
    ),
  ],
  read(values) {
    const kind = values.read('affinity', text => parseWord(text, ['cookie']));
    if (kind === undefined) return undefined;
    const affinity = readCookie(values);
    if (affinity.path === '' && values.bool('use-regex', false)) {
      values.tell(
        'affinity',
        'browsers do not send a cookie back whose path is a pattern: write session-cookie-path, too',
      );
    }
    if (values.bool('service-upstream', values.config.serviceUpstream)) {
      values.tell('affinity', 'has no effect with service-upstream: the ClusterIP is the only endpoint');
    }
    return { upstream: { affinity }, route: { bindsClients: true } };
  },
};

function readCookie(values: IngressValues): CookieAffinity {
  const seconds = (text: string): number => parseCount(text, 0, MOST_SECONDS);
  const mode = values.read('affinity-mode', text => parseWord(text, ['balanced', 'persistent'])) ?? 'balanced';
  const maxAgeSeconds = values.read('session-cookie-max-age', seconds);
  const expiresSeconds = values.read('session-cookie-expires', seconds);
  const sparesOldBrowsers = values.bool('session-cookie-conditional-samesite-none', false);
  const changesOnFailure = values.bool('session-cookie-change-on-failure', false);
  return {
    mode,
    name: values.read('session-cookie-name', readCookieName) ?? DEFAULT_COOKIE.name,
    path: values.read('session-cookie-path', readCookiePath) ?? '',
    domain: values.read('session-cookie-domain', readCookieDomain) ?? '',
    ...(maxAgeSeconds !== undefined && { maxAgeSeconds }),
    ...(expiresSeconds !== undefined && { expiresSeconds }),
    sameSite: values.read('session-cookie-samesite', readSameSite) ?? '',
    ...(sparesOldBrowsers && { sparesOldBrowsers }),
    secure: values.bool('session-cookie-secure', false) ? 'always' : 'auto',
    ...(changesOnFailure && { changesOnFailure }),
  };
}
