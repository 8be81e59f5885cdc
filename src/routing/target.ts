import { parseHost } from './host.ts';
import { normalisePath } from './path.ts';

/** What a request target (RFC 9112 section 3.2) says; filled in by {@link parseTarget}, reused from request to request. */
export interface RequestTarget {
  /** Normalised; begins with a slash. */
  path: string;
  /** The path as it came. */
  rawPath: string;
  /** With its question mark, never touched; empty when there is none. */
  query: string;
  /** Host of an absolute-form target, as {@link parseHost} gives it; empty in origin form. */
  host: string;
  /** Authority of an absolute-form target as it came, with its port; empty in origin form. */
  authority: string;
}

const HASH = 0x23;
const QUESTION = 0x3f;
const SLASH = 0x2f;

/**
 * Reads an origin-form or absolute-form target.
 * @returns false for a target that must be refused with 400; `into` then holds nothing of use
 */
export function parseTarget(target: string, mergeSlashes: boolean, into: RequestTarget): boolean {
  into.host = '';
  into.authority = '';
  let start = 0;
  if (target.charCodeAt(0) !== SLASH) {
    start = authorityEnd(target, into);
    if (start < 0) return false;
  }
  const { length } = target;
  let end = length;
  let query = -1;
  for (let index = start; index < length; index += 1) {
    const code = target.charCodeAt(index);
    if (code <= 0x20 || code === 0x7f) return false;
    if (end !== length) continue;
    if (code === QUESTION && query < 0) query = index;
    else if (code === HASH) end = index;
  }
  into.query = query < 0 ? '' : target.slice(query, end);
  // In absolute form an empty path means the root (RFC 9110 section 4.2.3).
  const rawPath = target.slice(start, query < 0 ? end : query) || (start > 0 ? '/' : '');
  const path = normalisePath(rawPath, mergeSlashes);
  if (path === undefined) return false;
  into.path = path;
  into.rawPath = rawPath;
  return true;
}

/** A target of which nothing is known yet. */
export function emptyTarget(): RequestTarget {
  return { path: '', rawPath: '', query: '', host: '', authority: '' };
}

/** Where the authority of `scheme://authority…` ends; -1 when it is not that, has user information or no valid host. */
function authorityEnd(target: string, into: RequestTarget): number {
  const colon = target.indexOf('://');
  if (colon <= 0 || !/^[a-z][a-z0-9+.-]*$/i.test(target.slice(0, colon))) return -1;
  let end = colon + 3;
  for (; end < target.length; end += 1) {
    const code = target.charCodeAt(end);
    if (code === SLASH || code === QUESTION || code === HASH) break;
  }
  const authority = target.slice(colon + 3, end);
  const host = parseHost(authority);
  if (host === undefined) return -1;
  into.host = host;
  into.authority = authority;
  return end;
}

export type TargetFault = 'control_character' | 'target_malformed' | 'escape_malformed' | 'path_above_root';

/** Why {@link parseTarget} refuses a target. */
export function targetFault(target: string): TargetFault {
  if (/[\x00-\x20\x7f]/.test(target)) return 'control_character';
  const isPath = target.charCodeAt(0) === SLASH;
  if (!isPath && authorityEnd(target, emptyTarget()) < 0) return 'target_malformed';
  const [path = ''] = target.split(/[?#]/, 1);
  return /%(?:00|(?![0-9a-f]{2}))/i.test(path) ? 'escape_malformed' : 'path_above_root';
}
