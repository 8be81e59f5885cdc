import { FormatError, messageOf } from '../errors.ts';
import { parseDuration } from '../formats/duration.ts';
import { parseSize } from '../formats/size.ts';
import type { RouteOverrides } from '../model/route.ts';
import { MAX_HOST_LENGTH, parseHost } from '../routing/host.ts';
import { normalisePath, upperCaseEscapes } from '../routing/path.ts';
import { quote } from '../text/quote.ts';
import type { AnnotationName } from './annotation-names.ts';
import { badAnnotation } from './refusal-error.ts';

/** Gateway API's limit for a path. */
export const MAX_PATH_BYTES = 1024;
/**
 * A request is looked up segment by segment and label by label, as far as the deepest route goes: one Service's route
 * must not make the requests of all others dear.
 */
export const MAX_PATH_SEGMENTS = 32;
export const MAX_HOST_LABELS = 32;
/** Of one Service: its paths times its hosts. */
export const MAX_ROUTES = 1000;

/** So many of the paths that a refused Service asks for are shown. */
const MAX_WANTED_PATHS = 100;

/** Reads `/volume,/pv` into normalised prefixes without trailing slash. @throws RefusalError */
export function readPaths(text: string): string[] {
  return readList('path', text, 'write one or more path prefixes, as in "/volume" or "/volume,/pv"', readPath);
}

function readPath(path: string): string {
  const fail = (reason: string): never => {
    throw badAnnotation('path', `${quote(path)} ${reason}`);
  };
  if (!path.startsWith('/')) fail('must start with a slash');
  if (path.length > MAX_PATH_BYTES) fail(`is longer than ${MAX_PATH_BYTES} bytes`);
  if (/[?#]/.test(path)) fail('must not hold ? or #: only the path of a request is matched');
  if (/[\x00-\x20\x7f]/.test(path)) fail('must not hold spaces or control characters');
  if (!path.isWellFormed()) fail('holds half of a surrogate pair');
  const ascii = toAscii(path);
  if (ascii.split('/').some(segment => /^(?:\.|%2e){2}$/i.test(segment))) fail('must not hold ".."');
  const prefix = prefixOf(ascii) ?? fail('holds a bad % escape');
  if (prefix.length > MAX_PATH_BYTES) fail(`is longer than ${MAX_PATH_BYTES} bytes as it stands in a request`);
  if (prefix.split('/').length - 1 > MAX_PATH_SEGMENTS) fail(`has more than ${MAX_PATH_SEGMENTS} segments`);
  return prefix;
}

/**
 * Whether a path is more likely a regular expression, a glob or a template than a prefix: `/api(/|$)(.*)`, `/*`, `/users/{id}`.
 * Parentheses and dollar signs alone are used in paths: `/Products(1)`, `/$metadata`.
 */
export function looksLikePattern(path: string): boolean {
  return /[*\\^|[\]{}]|\.\+|\(\?|\$(?:\d|$)/.test(path);
}

/** RFC 3986 section 2.5: on the wire, characters beyond ASCII are escaped UTF-8. */
function toAscii(path: string): string {
  return path.toWellFormed().replace(/[^\x21-\x7e]+/g, encodeURIComponent);
}

/** The path as it is matched, without trailing slash; undefined when no request can have it. */
function prefixOf(path: string): string | undefined {
  const normal = normalisePath(path);
  return normal && upperCaseEscapes(normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal);
}

/** A best effort to read the prefixes of an annotation that cannot be used: "volume" probably means /volume. */
export function wantedPaths(text: string): string[] {
  return text
    .split(',', MAX_WANTED_PATHS)
    .map(item => item.trim().slice(0, MAX_PATH_BYTES))
    .filter(item => item !== '')
    .map(item => toAscii(item.startsWith('/') ? item : `/${item}`))
    .map(path => prefixOf(path) ?? path);
}

/** Reads `example.com,*.example.org` in lower case. @throws RefusalError */
export function readHosts(text: string): string[] {
  return readList('host', text, 'write a host, as in "example.com" or "*.example.com"', host => {
    const isWildcard = host.startsWith('*.');
    const name = isWildcard ? host.slice(2) : host;
    if (name.length > MAX_HOST_LENGTH) {
      throw badAnnotation('host', `${quote(host)} is longer than ${MAX_HOST_LENGTH} characters`);
    }
    const parsed = parseHost(name);
    // What is a host to a request need not be one to write down: with a port, with an empty label, `*.[::1]`.
    const isOdd = /[*]|^\.|[^\]]:\d*$|\]:/.test(name) || (isWildcard && name.startsWith('['));
    if (parsed === undefined || isOdd) {
      throw badAnnotation('host', `${quote(host)} is not a host name without port, nor one like "*.example.com"`);
    }
    if (parsed.split('.').length > MAX_HOST_LABELS) {
      throw badAnnotation('host', `${quote(host)} has more than ${MAX_HOST_LABELS} labels`);
    }
    return isWildcard ? `*.${parsed}` : parsed;
  });
}

function readList(name: AnnotationName, text: string, advice: string, read: (item: string) => string): string[] {
  const items = text.split(',').map(item => item.trim());
  if (items.includes('')) throw badAnnotation(name, `${quote(text)} has an empty entry: ${advice}`);
  return [...new Set(items.map(read))];
}

/** Kubernetes annotations are texts: only "true" and "false" are switches. @throws RefusalError */
export function readSwitch(name: AnnotationName, text: string | undefined, fallback: boolean): boolean {
  if (text === undefined) return fallback;
  const value = text.trim();
  if (value === 'true' || value === 'false') return value === 'true';
  throw badAnnotation(name, `${quote(text)} must be "true" or "false"`);
}

/**
 * @param attempt records the RefusalError of a bad value, so that the other annotations are still read
 */
export function readOverrides(
  get: (name: AnnotationName) => string | undefined,
  attempt: (read: () => number) => number | undefined,
): RouteOverrides {
  const overrides: { -readonly [Key in keyof RouteOverrides]: RouteOverrides[Key] } = {};
  const set = (name: AnnotationName, field: keyof RouteOverrides, read: (text: string) => number): void => {
    const text = get(name);
    const value = text === undefined ? undefined : attempt(() => readAnnotation(name, text, read));
    if (value !== undefined) overrides[field] = value;
  };
  set('connect-timeout', 'connectTimeoutMs', readTimeout);
  set('read-timeout', 'readTimeoutMs', readTimeout);
  set('send-timeout', 'sendTimeoutMs', readTimeout);
  set('max-body-size', 'maxBodySize', parseSize);
  return overrides;
}

/** @param read throws a FormatError for a bad value. @throws RefusalError with the annotation's name */
export function readAnnotation<T>(name: string, text: string, read: (text: string) => T): T {
  try {
    return read(text);
  } catch (error) {
    throw badAnnotation(name, messageOf(error));
  }
}

function readTimeout(text: string): number {
  const milliseconds = parseDuration(text);
  if (milliseconds === 0) throw new FormatError(`${quote(text)} must be longer than zero`);
  return milliseconds;
}
