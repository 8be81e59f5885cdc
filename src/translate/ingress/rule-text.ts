/** The hosts and paths of an Ingress' rules, as requests are compared with them. Pure. */
import { isHostName } from '../../formats/host-name.ts';
import { MAX_HOST_LENGTH } from '../../routing/host.ts';
import { MAX_HOST_LABELS, MAX_PATH_BYTES } from '../annotations.ts';

/** @returns in lower case; undefined for a text that no request can name */
export function readRuleHost(text: string): string | undefined {
  const host = text.toLowerCase();
  const name = host.startsWith('*.') ? host.slice(2) : host;
  if (name.length > MAX_HOST_LENGTH || name.split('.').length > MAX_HOST_LABELS) return undefined;
  return isHostName(name) ? host : undefined;
}

/** An absent path is `/`. */
export function readRulePath(text: string): { readonly path: string } | { readonly fault: string } {
  const path = text === '' ? '/' : text;
  if (!path.startsWith('/')) return { fault: 'must start with a slash' };
  if (!path.isWellFormed()) return { fault: 'holds half of a surrogate pair' };
  if (/[\x00-\x1f\x7f]/.test(path)) return { fault: 'holds a control character' };
  // Requests are compared as bytes.
  const bytes = Buffer.from(path, 'utf8').toString('latin1');
  return bytes.length > MAX_PATH_BYTES ? { fault: `is longer than ${MAX_PATH_BYTES} bytes` } : { path: bytes };
}
