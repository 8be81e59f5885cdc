/**
 * The `location` blocks that ingress-nginx 1.15 writes for the paths of a host: location.go and nginx.tmpl in the smallest. Shares
 * nothing with src.
 */

export interface HostPath {
  readonly path: string;
  readonly type: 'Exact' | 'Prefix';
  /** Where it leads. */
  readonly service: string;
  /** Its Ingress says use-regex. */
  readonly usesRegex: boolean;
}

/** The default location of a host. */
export const DEFAULT = 'default';

/** @returns in the order in which they are written */
export function locationsOf(paths: readonly HostPath[]): HostPath[] {
  const first = new Map<string, HostPath>();
  for (const one of paths) if (!first.has(`${one.type} ${one.path}`)) first.set(`${one.type} ${one.path}`, one);
  if (!first.has('Prefix /')) first.set('Prefix /', { path: '/', type: 'Prefix', service: DEFAULT, usesRegex: false });
  // The location of the root is there before the rules are read.
  const root = first.get('Prefix /') as HostPath;
  const all = [root, ...[...first.values()].filter(one => one !== root)];
  const exact = new Set(all.filter(({ type }) => type === 'Exact').map(({ path }) => path));
  const written = all.flatMap((one): HostPath[] => {
    if (one.path === '/' || one.type === 'Exact' || one.usesRegex) return [one];
    const directory = { ...one, path: one.path.endsWith('/') ? one.path : `${one.path}/` };
    return exact.has(one.path) ? [directory] : [directory, { ...one, type: 'Exact' }];
  });
  return written
    .toSorted((a, b) => (a.path < b.path ? 1 : a.path > b.path ? -1 : 0))
    .toSorted((a, b) => b.path.length - a.path.length);
}

/** Whether nginx takes the blocks: it refuses two for one path. Of two expressions with one text, it asks the first. */
export function isTaken(paths: readonly HostPath[]): boolean {
  const heads = locationsOf(paths).map(({ path, type }) => `${type} ${path}`);
  return isRegexHost(paths) || new Set(heads).size === heads.length;
}

function isRegexHost(paths: readonly HostPath[]): boolean {
  return paths.some(({ usesRegex }) => usesRegex);
}

/** @param body what stands in a block, given where it leads */
export function serverBlock(name: string, paths: readonly HostPath[], body: (service: string) => string): string {
  const isRegex = isRegexHost(paths);
  const blocks = locationsOf(paths).map(({ path, type, service }) => {
    const quoted = path.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
    const head = isRegex ? `~* "^${quoted}"` : type === 'Exact' ? `= "${quoted}"` : `"${quoted}"`;
    return `location ${head} { ${body(service)} }`;
  });
  return `server_name ${name}; port_in_redirect off; ${blocks.join('\n    ')}`;
}
