/** What turns one set of objects into the next. Objects of files that have not changed stay the same. */
export function differences<T>(
  before: ReadonlyMap<string, T>,
  now: ReadonlyMap<string, T>,
): { readonly gone: T[]; readonly come: T[] } {
  return {
    gone: [...before].filter(([key]) => !now.has(key)).map(([, object]) => object),
    come: [...now].filter(([key, object]) => before.get(key) !== object).map(([, object]) => object),
  };
}
