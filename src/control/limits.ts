/** The limits of a route, as people read them. */
import { formatDuration } from '../formats/duration.ts';
import { formatSize } from '../formats/size.ts';
import type { RouteLimits } from '../model/route.ts';

/** What says a limit: an annotation, the ConfigMap of ingress-nginx, its default for Ingresses, or a setting. */
export type LimitOrigin = 'annotation' | 'configmap' | 'ingress-nginx' | 'setting';

export type LimitOrigins = Readonly<Record<keyof RouteLimits, LimitOrigin>>;

const MARKS: Readonly<Record<LimitOrigin, string>> = {
  annotation: ' (annotation)',
  configmap: ' (ConfigMap)',
  'ingress-nginx': ' (ingress-nginx’s default)',
  setting: '',
};

export function isLimitOrigin(value: unknown): value is LimitOrigin {
  return typeof value === 'string' && Object.hasOwn(MARKS, value);
}

/** Of an older version. */
const UNTOLD: LimitOrigins = {
  connectTimeoutMs: 'setting',
  readTimeoutMs: 'setting',
  sendTimeoutMs: 'setting',
  maxBodySize: 'setting',
};

const TIMEOUTS = [
  ['connect', 'connectTimeoutMs'],
  ['read', 'readTimeoutMs'],
  ['send', 'sendTimeoutMs'],
] as const;

/** What says them is marked, but for settings: at the end where all have one origin. */
export function describeTimeouts(limits: RouteLimits, origins = UNTOLD): string {
  const [first, ...others] = TIMEOUTS.map(([, field]) => MARKS[origins[field]]);
  const isShared = others.every(mark => mark === first);
  const texts = TIMEOUTS.map(([name, field]) => {
    return `${name} ${formatDuration(limits[field])}${isShared ? '' : MARKS[origins[field]]}`;
  });
  return texts.join(', ') + (isShared ? (first ?? '') : '');
}

export function describeBodyLimit({ maxBodySize }: RouteLimits, { maxBodySize: origin } = UNTOLD): string {
  return `${maxBodySize === 0 ? 'none' : formatSize(maxBodySize)}${MARKS[origin]}`;
}
