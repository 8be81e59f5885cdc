/** How the Gateway API says the paths of an Ingress host, and what is rewritten there. Pure. */
import { encodeDecodedPath } from '../../routing/escapes.ts';
import type { PathMatch, PathModifier } from './manifests.ts';

/** A path as a host of Ingresses has it. */
export interface IngressPath {
  /** Decoded, or a pattern. */
  readonly path: string;
  readonly match?: 'exact' | 'regex' | undefined;
  /** What takes the place of the whole path, with `$1` to `$9` for the groups of the pattern; absent: it stays. */
  readonly target?: string | undefined;
}

export interface PathForm {
  readonly match: PathMatch;
  readonly modifier?: PathModifier;
  /** The modifier has no place for what groups have captured: a policy of this program says it, in its own words. */
  readonly rewrite?: string;
  /** It is no longer a regular expression. */
  readonly isPlain?: true;
}

const LONGEST = 1024;
/** What the API takes in a path that is no pattern. */
const LEGAL = /^\/(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})*$/;
const FORBIDDEN = /\/\/|\/\.\.?(?:\/|$)|%2f|#/i;
const LITERAL = /^[\w./~-]*$/;

/**
 * The forms of all paths of a host, in their order; a text says why there is none. The paths that people mean as prefixes become
 * prefixes, unless another order would come of it: nginx asks the longest text first.
 */
export function pathForms(paths: readonly IngressPath[]): (PathForm | string)[] {
  const prefixes = paths.map(path => (path.match === 'regex' ? asPrefix(path) : undefined));
  const arePlain = paths.every(({ match }, index) => match !== 'regex' || prefixes[index] !== undefined);
  const usesPrefixes = arePlain && keepOrder(inOrderOfNginx(paths, prefixes));
  const tail = tails(paths);
  return paths.map((path, index) => {
    if (path.match !== 'regex') return checked(plainForm(path));
    const prefix = prefixes[index];
    const isRoot = path.path === '/' && path.target === undefined;
    return checked(prefix !== undefined && (usesPrefixes || isRoot) ? prefix : patternForm(path, tail[index] ?? ''));
  });
}

function plainForm({ path, match }: IngressPath): PathForm {
  return { match: { type: match === 'exact' ? 'Exact' : 'PathPrefix', value: encodeDecodedPath(path) } };
}

/** The usual shapes of patterns: a path and all below it, and the same with the path taken away or replaced. */
function asPrefix({ path, target }: IngressPath): PathForm | undefined {
  if (LITERAL.test(path)) {
    if (target === undefined) return plain(path);
    return target.includes('$') ? undefined : plain(path, { type: 'ReplaceFullPath', replaceFullPath: target });
  }
  const [, stem, rest = ''] = /^([\w./~-]*?)((?:\(.*|\/?\.\*|\/\?\(.*))$/.exec(path) ?? [];
  if (stem === undefined) return undefined;
  if (target === undefined) return /^(?:\/?\.\*|\(\/\.\*\)\?)$/.test(rest) ? plain(stem) : undefined;
  // The group that holds what stands behind the prefix.
  const group = /^\((?:\/\|\$)\)\(\.\*\)$/.test(rest) ? 2 : TAILS.test(rest) ? 1 : undefined;
  const [, kept, number] = /^([\w./~-]*?)\/?\$([1-9])$/.exec(target) ?? [];
  if (group === undefined || kept === undefined || Number(number) !== group) return undefined;
  const replaced = kept === '' ? '/' : kept;
  if (replaced === (stem.replace(/\/$/, '') || '/')) return plain(stem);
  return plain(stem, { type: 'ReplacePrefixMatch', replacePrefixMatch: replaced });
}

/** `(?:/|$)(.*)`, `/?(.*)` and `(.*)` behind a slash, `(/.*)?` and `(/?.*)`. */
const TAILS = /^(?:\(\?:\/\|\$\)\(\.\*\)|\/?\??\(\.\*\)|\(\/\.\*\)\??|\(\/\?\.\*\))$/;

function plain(path: string, modifier?: PathModifier): PathForm {
  const value = path.length > 1 ? path.replace(/\/$/, '') : path;
  return { match: { type: 'PathPrefix', value }, ...(modifier && { modifier }), isPlain: true };
}

/** The forms of the patterns, the longest text first. */
function inOrderOfNginx(paths: readonly IngressPath[], forms: readonly (PathForm | undefined)[]): PathForm[] {
  const order = [...paths.keys()].sort((a, b) => (paths[b]?.path.length ?? 0) - (paths[a]?.path.length ?? 0));
  return order.map(index => forms[index]).filter(form => form !== undefined);
}

/** Whether the longest prefix first is the order of the texts, too. @param forms in the order in which nginx asks them */
function keepOrder(forms: readonly PathForm[]): boolean {
  return forms.every(({ match: { value: later } }, index) =>
    forms.slice(0, index).every(({ match: { value: earlier } }) => earlier === later || !isBelow(later, earlier)),
  );
}

function isBelow(path: string, prefix: string): boolean {
  return path.startsWith(prefix === '/' ? '/' : `${prefix}/`);
}

/** @param tail what a pattern of nginx, which is looked for at the beginning of the path, needs to match all of it */
function patternForm({ path, target }: IngressPath, tail: string): PathForm {
  const match = { type: 'RegularExpression', value: `(?i)${hasChoice(path) ? `(?:${path})` : path}${tail}` } as const;
  if (target === undefined) return { match };
  if (!target.includes('$')) return { match, modifier: { type: 'ReplaceFullPath', replaceFullPath: target } };
  return { match, rewrite: `(?i)^${path} ${target}` };
}

/**
 * The tails of the patterns of a host. Of two patterns the longer text comes first, in nginx as here: where a tail would change
 * that, all of them have one.
 */
function tails(paths: readonly IngressPath[]): string[] {
  const needed = paths.map(({ path, match }) => (match !== 'regex' || /(?:\.\*\)?|\$)$/.test(path) ? '' : '.*'));
  const lengths = paths.map(({ path }, index) => [path.length, path.length + (needed[index]?.length ?? 0)] as const);
  const isKept = lengths.every(([was, is], index) =>
    lengths.slice(index + 1).every(([otherWas, otherIs]) => Math.sign(was - otherWas) === Math.sign(is - otherIs)),
  );
  return isKept ? needed : paths.map(({ path }) => (path.endsWith('$') ? '' : '.*'));
}

/** Alternatives that are in no group: the tail belongs to each. */
function hasChoice(path: string): boolean {
  return path
    .replaceAll(/\\.|\[[^\]]*\]/g, '')
    .replaceAll(/\((?:[^()]|\([^()]*\))*\)/g, '')
    .includes('|');
}

function checked(form: PathForm): PathForm | string {
  const { type, value } = form.match;
  if (value.length > LONGEST) return `the path is longer than ${LONGEST} characters`;
  if (type === 'RegularExpression') {
    return /^[\x21-\x7e]*$/.test(value) ? form : 'the pattern holds characters that a path of a request has as escapes';
  }
  return LEGAL.test(value) && !FORBIDDEN.test(value) ? form : 'the Gateway API takes no such path';
}
