/** Where Services were read from: what was read from one place must never be taken for another's. */
import { createHash } from 'node:crypto';
import { isObject } from '../../resources/service-object.ts';
import type { Cluster } from './access.ts';
import type { ServiceSelection } from './collections.ts';

export interface Origin {
  /** URL of the API server. */
  readonly server: string;
  /**
   * SHA-256 of each certificate authority, since every second cluster has its API at https://10.96.0.1:443. Empty where
   * the server's certificate is not checked.
   */
  readonly authorities: readonly string[];
  /** Empty: all. */
  readonly namespaces: readonly string[];
  readonly selector: string;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g;

export function originOf({ server, authorities }: Cluster, { namespace, selector }: ServiceSelection): Origin {
  const certificates = [...authorities.matchAll(CERTIFICATE)].map(([, base64 = '']) => Buffer.from(base64, 'base64'));
  const digests = certificates.map(der => createHash('sha256').update(der).digest('hex'));
  return { server, authorities: [...new Set(digests)].sort(), namespaces: [...new Set(namespace)].sort(), selector };
}

/** Undefined for a value that is no origin. */
export function readOrigin(value: unknown): Origin | undefined {
  if (!isObject(value)) return undefined;
  const { server, authorities, namespaces, selector } = value;
  if (typeof server !== 'string' || typeof selector !== 'string') return undefined;
  if (!isTexts(authorities) || !isTexts(namespaces)) return undefined;
  return { server, authorities, namespaces, selector };
}

/**
 * In what one differs from the other, for people; undefined when they are the same. Certificate authorities are
 * replaced by bundles of old and new: one in common makes two bundles the same cluster's.
 */
export function originDifference(saved: Origin, present: Origin): string | undefined {
  if (saved.server !== present.server) return `the API server ${saved.server}, not ${present.server}`;
  const isTrusted = saved.authorities.some(digest => present.authorities.includes(digest));
  if (!isTrusted && saved.authorities.length + present.authorities.length > 0) {
    return `a cluster at ${saved.server} with another certificate authority`;
  }
  if (saved.namespaces.join() !== present.namespaces.join()) {
    return `${namespacesLabel(saved)}, not ${namespacesLabel(present)}`;
  }
  return saved.selector === present.selector
    ? undefined
    : `the selector ${JSON.stringify(saved.selector)}, not ${JSON.stringify(present.selector)}`;
}

function namespacesLabel({ namespaces }: Origin): string {
  return namespaces.length === 0 ? 'all namespaces' : `the namespaces ${namespaces.join(', ')}`;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string');
}
