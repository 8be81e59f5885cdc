/** Policies that the Gateway API has no words for, as annotations of this program. Pure. */
import { formatDuration } from '../../formats/duration.ts';
import { formatNginxText } from '../../formats/nginx-text.ts';
import { formatSize } from '../../formats/size.ts';
import type { Cluster } from '../../model/cluster.ts';
import type {
  AuthUrlPolicy,
  HeaderEdit,
  MaxConnectionsPolicy,
  RateLimitPolicy,
  RedirectPolicy,
  RetryPolicy,
} from '../../model/policy.ts';
import type { RouteOverrides } from '../../model/route.ts';
import { PREFIX } from '../../resources/annotation-prefix.ts';
import { formatBalance } from '../../translate/balance/balance.ts';
import { DEFAULT_COOKIE } from '../../translate/cookie-affinity.ts';

/** By full name. */
export type Annotations = Readonly<Record<string, string>>;

export function own(name: string, value: string): Annotations {
  return { [PREFIX + name]: value };
}

const UNITS: Readonly<Record<number, string>> = { 1000: 's', 60000: 'm', 3600000: 'h' };

export function rateLimit({ requests, periodMs, burst, per }: RateLimitPolicy): Annotations {
  const whom = typeof per === 'string' ? per : `header:${per.header}`;
  return own('rate-limit', `${requests}/${UNITS[periodMs] ?? 's'} burst ${burst} per ${whom}`);
}

export function maxConnections({ most }: MaxConnectionsPolicy): Annotations {
  return own('max-connections', String(most));
}

export function retry({ attempts, statuses, nonIdempotent }: RetryPolicy): Annotations {
  return own('retry', `${attempts} on ${statuses.join(',')}${nonIdempotent ? ' non-idempotent' : ''}`);
}

/** @param origin of the service that is asked: scheme, host and port */
export function authUrl({ target, signin, responseHeaders, cache }: AuthUrlPolicy, origin: string): Annotations {
  const [kept] = cache?.kept ?? [];
  return {
    ...own('auth-url', `${origin}${formatNginxText(target)}`),
    ...(signin && own('auth-signin', formatNginxText(signin))),
    ...(responseHeaders.length > 0 && own('auth-response-headers', responseHeaders.join(', '))),
    ...(cache &&
      kept &&
      own('auth-cache', `${formatNginxText(cache.key)} ${kept.statuses.join(' ')} ${formatDuration(kept.durationMs)}`)),
  };
}

/** A question mark at the end of a target keeps the query of the request away. */
export function redirect({
  pattern,
  target,
  status,
}: Pick<RedirectPolicy, 'pattern' | 'target' | 'status'>): Annotations {
  return own('redirect', `${pattern === undefined ? '' : `${pattern} `}${target} ${status}`);
}

export function headerEdits(kind: 'request-headers' | 'response-headers', edits: readonly HeaderEdit[]): Annotations {
  const lines = edits.map(({ op, name, value }) => (op === 'remove' ? `remove ${name}` : `${op} ${name}: ${value}`));
  return own(kind, lines.join('\n'));
}

/** The limits of a route that are not those of all others. */
export function limits(overrides: RouteOverrides, usual: RouteOverrides): Annotations {
  const { connectTimeoutMs: connect, readTimeoutMs: read, sendTimeoutMs: send, maxBodySize: size } = overrides;
  return {
    ...(connect !== undefined && connect !== usual.connectTimeoutMs && own('connect-timeout', formatDuration(connect))),
    ...(read !== undefined && read !== usual.readTimeoutMs && own('read-timeout', formatDuration(read))),
    ...(send !== undefined && send !== usual.sendTimeoutMs && own('send-timeout', formatDuration(send))),
    ...(size !== undefined && size !== usual.maxBodySize && own('max-body-size', formatSize(size))),
  };
}

/** How requests are spread over a Service: its own annotations say it, whatever leads to it. */
export function ofService({ balance, affinity }: Pick<Cluster, 'balance' | 'affinity'>): Annotations {
  return {
    ...(balance.policy !== 'least-request' && isSayable(balance) && own('balance', formatBalance(balance))),
    ...(affinity && {
      ...own('affinity', 'cookie'),
      ...(affinity.name !== DEFAULT_COOKIE.name && own('affinity-name', affinity.name)),
      ...(affinity.path !== '' && affinity.path !== DEFAULT_COOKIE.path && own('affinity-path', affinity.path)),
      ...(affinity.domain !== '' && own('affinity-domain', affinity.domain)),
      ...(affinity.maxAgeSeconds !== undefined && own('affinity-max-age', `${affinity.maxAgeSeconds}s`)),
      ...(affinity.sameSite !== '' &&
        affinity.sameSite !== DEFAULT_COOKIE.sameSite &&
        own('affinity-samesite', affinity.sameSite)),
      ...(affinity.secure !== DEFAULT_COOKIE.secure && own('affinity-secure', affinity.secure)),
    }),
  };
}

/** Keys of several parts have no words among the annotations of Services. */
function isSayable(balance: Cluster['balance']): boolean {
  return balance.policy !== 'hash' || balance.key.from !== 'text';
}
