/** The limits of a route, as people read them. */
import { formatDuration } from '../formats/duration.ts';
import { formatSize } from '../formats/size.ts';
import type { RouteLimits, RouteOverrides } from '../model/route.ts';

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
