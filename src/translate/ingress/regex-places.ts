import type { Location } from './locations.ts';

export interface RegexPlace {
  /** A regular expression. */
  readonly path: string;
  readonly location: Location;
}

/**
 * The locations that ingress-nginx writes for a host whose paths are all regular expressions, each text once. A prefix `/foo` that is
 * meant as one has two: `/foo/`, which comes before other texts of four characters, and `/foo`, unless an exact path has that.
 */
export function regexPlaces(locations: readonly Location[]): RegexPlace[] {
  const exact = new Set(locations.filter(({ type }) => type === 'Exact').map(({ path }) => path));
  const places = new Map<string, RegexPlace>();
  const add = (path: string, location: Location): void => {
    // Of two with one text, nginx asks the first.
    if (!places.has(path)) places.set(path, { path, location });
  };
  for (const location of locations) {
    const { path, type } = location;
    // Each host has a prefix `/`, which is there before its rules are read.
    if (path === '/' && type === 'Exact') continue;
    if (type === 'Prefix' && path !== '/' && !isPattern(location)) {
      add(path.endsWith('/') ? path : `${path}/`, location);
      if (exact.has(path)) continue;
    }
    add(path, location);
  }
  return [...places.values()];
}

/** Its own Ingress makes a regular expression of it. */
function isPattern({ path, reading }: Location): boolean {
  const { useRegex, rewrite } = reading.effect.paths ?? {};
  return useRegex === true || (rewrite !== undefined && rewrite.target !== path);
}
