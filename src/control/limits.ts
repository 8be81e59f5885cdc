/** The limits of a route, from the settings and to people. */
import { formatDuration } from '../formats/duration.ts';
import { formatSize } from '../formats/size.ts';
import type { RouteLimits, RouteOverrides } from '../model/route.ts';
import type { Settings } from '../settings/schema.ts';

/** What is in force for a route that sets nothing itself. */
export function limitsOf(settings: Settings): RouteLimits {
  return {
    connectTimeoutMs: settings.proxyConnectTimeout,
    readTimeoutMs: settings.proxyReadTimeout,
    sendTimeoutMs: settings.proxySendTimeout,
    maxBodySize: settings.clientMaxBodySize,
  };
}

/** @param own what the Service sets itself, which is marked */
export function describeTimeouts(limits: RouteLimits, own: RouteOverrides): string {
  const one = (name: string, field: 'connectTimeoutMs' | 'readTimeoutMs' | 'sendTimeoutMs'): string =>
    `${name} ${formatDuration(limits[field])}${markOf(own[field])}`;
  return [one('connect', 'connectTimeoutMs'), one('read', 'readTimeoutMs'), one('send', 'sendTimeoutMs')].join(', ');
}

export function describeBodyLimit({ maxBodySize }: RouteLimits, own: RouteOverrides): string {
  return `${maxBodySize === 0 ? 'none' : formatSize(maxBodySize)}${markOf(own.maxBodySize)}`;
}

function markOf(own: number | undefined): string {
  return own === undefined ? '' : ' (annotation)';
}
