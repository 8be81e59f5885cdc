import { ShardedMap } from './sharded-map.ts';

/** Routes by the prefixes of paths that they take, at segment boundaries. Immutable. */
export interface PathTable<R> {
  readonly routes: ShardedMap<R>;
  /** How many routes have so many segments. */
  readonly depths: ReadonlyMap<number, number>;
  /** Segments of the deepest route: no look-up goes further. */
  readonly depth: number;
}

export const NO_ROUTES: PathTable<never> = { routes: ShardedMap.empty(), depths: new Map(), depth: 0 };

/** Changes by path; undefined takes a route out. */
export type PathChanges<R> = ReadonlyMap<string, R | undefined>;

export function longestPrefix<R>({ routes, depth }: PathTable<R>, path: string): R | undefined {
  let best = routes.get('/');
  let end = 0;
  for (let level = 0; level < depth; level += 1) {
    end = path.indexOf('/', end + 1);
    const found = routes.get(end < 0 ? path : path.slice(0, end));
    if (found !== undefined) best = found;
    if (end < 0) break;
  }
  return best;
}

/** Where the longest prefix of a path ends that may have a route: as deep as the deepest route is. */
export function deepestPrefixEnd({ depth }: PathTable<unknown>, path: string): number {
  let end = 0;
  for (let level = 0; level < depth; level += 1) {
    end = path.indexOf('/', end + 1);
    if (end < 0) return path.length;
  }
  return end;
}

/** The table with the changes. It shares with the former what they do not touch. */
export function changed<R>(before: PathTable<R>, changes: PathChanges<R>): PathTable<R> {
  if (changes.size === 0) return before;
  const depths = new Map(before.depths);
  for (const [path, route] of changes) {
    const difference = Number(route !== undefined) - Number(before.routes.get(path) !== undefined);
    if (difference === 0) continue;
    const depth = segments(path);
    const count = (depths.get(depth) ?? 0) + difference;
    if (count === 0) depths.delete(depth);
    else depths.set(depth, count);
  }
  let deepest = 0;
  for (const depth of depths.keys()) deepest = Math.max(deepest, depth);
  return { routes: before.routes.with(changes), depths, depth: deepest };
}

function segments(path: string): number {
  let count = 0;
  for (let index = path.indexOf('/'); index >= 0; index = path.indexOf('/', index + 1)) count += 1;
  return count;
}
