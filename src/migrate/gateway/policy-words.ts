/** What the Gateway API, or an annotation of this program, has to say for each policy of an Ingress. Pure. */

import { formatNginxText } from '../../formats/nginx-text.ts';
import type { MirrorPolicy, Policy, PolicyKind } from '../../model/policy.ts';
import { formatHostPort } from '../../text/host-port.ts';
import { corsWords } from './cors-words.ts';
import { addFilter, headerWords, requestHeader } from './header-words.ts';
import type { RouteFilter } from './manifests.ts';
import * as annotations from './own-annotations.ts';
import { leftOut, type Part, unsaid, type Words, type WordsContext } from './words.ts';

type Writer<P> = (policy: P, context: WordsContext) => Part;

/** Some policies are of two kinds. */
type PolicyOf<K, P extends Policy = Policy> = P extends Policy ? (K extends P['kind'] ? P : never) : never;

const WRITERS: { readonly [K in PolicyKind]: Writer<PolicyOf<K>> } = {
  unavailable: ({ why }, context) => {
    const [, name, own] = /^nginx\.ingress\.kubernetes\.io\/([\w-]+): ([\s\S]*)$/.exec(why) ?? [];
    const secret = /of ([\w-]+) cannot be used/.exec(why)?.[1];
    const asking = name ?? secret;
    const reason = `its routes are not written, because requests are refused today${own === undefined ? `: ${why}` : ''}`;
    context.say({ names: asking === undefined ? [] : [asking], verdict: 'refused', reason });
    return { isLeftOut: true };
  },
  'deny-header': (_, context) =>
    unsaid(
      context,
      ['block-user-agents', 'block-referers'],
      'requests are refused by their User-Agent or Referer, which neither the Gateway API nor an annotation says',
    ),
  cors: (policy, context) => corsWords(policy, context),
  // They answer requests: redirect-words.ts.
  return: () => ({}),
  redirect: () => ({}),
  // No Ingress has one: they are the Gateway API's.
  'request-redirect': () => ({}),
  'url-rewrite': () => ({}),
  // It belongs to the path: path-forms.ts.
  rewrite: ({ forwardedPrefix }, context) => {
    if (forwardedPrefix === undefined) return {};
    if (!forwardedPrefix.includes('$')) return requestHeader('X-Forwarded-Prefix', forwardedPrefix);
    const what = 'a header of requests cannot have what the pattern of the path has captured';
    return unsaid(context, ['x-forwarded-prefix'], what, 'write one Ingress for each prefix, each with its own text');
  },
  'max-connections': (policy, context) => {
    tellLimit(policy, context, ['limit-connections']);
    return { annotations: annotations.maxConnections(policy) };
  },
  'rate-limit': (policy, context) => {
    tellLimit(policy, context, ['limit-rps', 'limit-rpm']);
    return { annotations: annotations.rateLimit(policy) };
  },
  'deny-from': ({ ranges }) => ({ annotations: annotations.own('deny-from', ranges.join(', ')) }),
  'allow-from': ({ ranges }) => ({ annotations: annotations.own('allow-from', ranges.join(', ')) }),
  'basic-auth': ({ secret, realm }, context) => {
    const [namespace, name = ''] = secret.split('/');
    if (namespace !== context.ingress.namespace) {
      return leftOut(context, ['auth-secret'], `the Secret ${secret} is in another namespace: copy it`);
    }
    const realmWords = realm === '' ? {} : annotations.own('basic-auth-realm', realm);
    return { annotations: { ...annotations.own('basic-auth', name), ...realmWords } };
  },
  jwt: (_, context) => leftOut(context, [], 'tokens are verified, which is not written'),
  'auth-url': (policy, context) => {
    const { cluster, endpoints: [endpoint] = [] } = context.destination(policy.cluster) ?? {};
    if (cluster === undefined || endpoint === undefined)
      return leftOut(context, ['auth-url'], 'the auth service is not known');
    const scheme = cluster.tls === undefined ? 'http' : 'https';
    const { method, requestHeaders, renamedHeaders, alwaysSetsCookies, cache } = policy;
    const isMore = (cache?.kept.length ?? 0) > 1;
    if (method !== undefined) unsaid(context, ['auth-method'], 'the auth service is always asked with GET');
    if (requestHeaders !== undefined)
      unsaid(context, ['auth-proxy-set-headers', 'auth-request-redirect'], 'the auth service gets no further headers');
    if (renamedHeaders !== undefined) {
      const why =
        'headers of the auth service’s answer get other names, and without that a client could send these itself';
      return leftOut(context, ['configuration-snippet'], why);
    }
    if (alwaysSetsCookies)
      unsaid(context, ['auth-always-set-cookie'], 'cookies of the auth service go out with the usual statuses');
    if (isMore) unsaid(context, ['auth-cache-duration'], 'one duration is kept: the first');
    if (cluster.tls !== undefined && !cluster.tls.isVerified) {
      const reason = 'the certificate of the auth service is verified, which it is not in ingress-nginx';
      context.say({ names: ['auth-url'], verdict: 'differs', reason });
    }
    return {
      annotations: annotations.authUrl(policy, `${scheme}://${formatHostPort(endpoint.address, endpoint.port)}`),
    };
  },
  satisfy: (_, context) =>
    leftOut(
      context,
      ['satisfy'],
      'one of several ways in is enough, and annotations of an HTTPRoute ask for all of them',
    ),
  'request-headers': (policy, context) => headerWords(policy, context),
  'response-headers': (policy, context) => headerWords(policy, context),
  mirror: (policy, context) => mirrorWords(policy, context),
  retry: policy => ({ annotations: annotations.retry(policy) }),
  'error-pages': ({ cluster, statuses, isForUnserved }, context) => {
    const { cluster: { service } = { service: undefined }, port } = context.destination(cluster) ?? {};
    const names = ['custom-http-errors', 'default-backend'];
    if (service === undefined || service.namespace !== context.ingress.namespace)
      return unsaid(context, names, 'the Service with the pages is in another namespace: put one beside the HTTPRoute');
    const all = isForUnserved ? [...new Set([...statuses, 503])] : statuses;
    if (isForUnserved) {
      const reason = 'the Service is asked for each answer with 503, not only where there are no endpoints';
      context.say({ names: ['default-backend'], verdict: 'differs', reason });
    }
    const name = port === undefined ? service.name : `${service.name}:${port.port}`;
    return { annotations: annotations.own('error-pages', `${name} ${all.join(',')}`) };
  },
  'upstream-names': (_, context) =>
    unsaid(
      context,
      ['proxy-cookie-domain', 'proxy-cookie-path', 'proxy-redirect-from', 'proxy-redirect-to'],
      'cookies and Location of the Service go out as they are',
      'let the Service write the names that clients know',
    ),
  compress: ({ codings }) => ({ annotations: annotations.own('compress', codings.join(', ')) }),
};

/** Of all policies of a route together. Where an annotation can stand once, the first policy has it. */
export function wordsOf(policies: readonly Policy[], context: WordsContext): Words {
  const filters: RouteFilter[] = [];
  const own: Record<string, string> = {};
  let isLeftOut = false;
  for (const policy of policies) {
    const write = WRITERS[policy.kind] as Writer<Policy>;
    const part = write(policy, context);
    for (const filter of part.filters ?? []) addFilter(filters, filter);
    for (const [name, value] of Object.entries(part.annotations ?? {})) {
      if (own[name] === undefined) own[name] = value;
      else if (policy.kind === 'rate-limit')
        unsaid(context, ['limit-rpm'], 'one rate is written, that of limit-rps: an annotation holds one');
    }
    isLeftOut ||= part.isLeftOut === true;
  }
  return { filters, annotations: own, isLeftOut };
}

const SERVICE_HOST = /^([a-z0-9-]+)\.([a-z0-9-]+)\.svc(?:\.cluster\.local)?$/;

function mirrorWords({ cluster, target, dropsBody, host }: MirrorPolicy, context: WordsContext): Part {
  const [endpoint] = context.destination(cluster)?.endpoints ?? [];
  const [, name, namespace] = SERVICE_HOST.exec(endpoint?.address ?? '') ?? [];
  if (name === undefined || namespace === undefined || endpoint === undefined) {
    const what = 'copies of requests go to Services of the cluster alone';
    return unsaid(
      context,
      ['mirror-target'],
      what,
      'make a Service of type ExternalName for the host, and a RequestMirror filter',
    );
  }
  if (target !== undefined && formatNginxText(target) !== '$request_uri')
    unsaid(context, ['mirror-target'], 'copies have the path of the request');
  if (dropsBody) unsaid(context, ['mirror-request-body'], 'copies have the body of the request');
  if (host !== undefined)
    context.say({
      names: ['mirror-host', 'mirror-target'],
      verdict: 'differs',
      reason: 'copies have the Host of the request',
    });
  const backendRef = context.refer({ namespace, name }, endpoint.port);
  return { filters: [{ type: 'RequestMirror', requestMirror: { backendRef } }] };
}

function tellLimit(
  { exempt, status }: { readonly exempt?: readonly string[]; readonly status?: number },
  context: WordsContext,
  names: readonly string[],
): void {
  if (exempt !== undefined)
    unsaid(context, ['limit-whitelist', 'limit-allowlist'], 'all clients are limited, these too');
  if (status !== undefined && status !== 429)
    context.say({ names, verdict: 'differs', reason: `requests beyond the limit get 429, not ${status}` });
}
