/** How a name that is not complete is completed (resolv.conf(5)). */
export interface SearchRules {
  /** Domains that are tried behind a name. */
  readonly search: readonly string[];
  /** A name with so many dots is tried as it is first. */
  readonly ndots: number;
}

/** The last `search` or `domain` of the file counts, and the last `ndots`. */
export function parseSearchRules(text: string): SearchRules {
  let search: readonly string[] = [];
  let ndots = 1;
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line.trim().split(/[ \t]+/);
    if (keyword === 'search') search = values;
    else if (keyword === 'domain') search = values.slice(0, 1);
    else if (keyword === 'options') {
      for (const option of values) {
        const digits = /^ndots:(\d{1,3})$/.exec(option)?.[1];
        if (digits !== undefined) ndots = Math.min(Number(digits), MAX_NDOTS);
      }
    }
  }
  return { search: search.map(domain => domain.replace(/\.$/, '')).filter(Boolean), ndots };
}

const MAX_NDOTS = 15;

/** The names to ask for, in the order in which glibc does. A trailing dot says that a name is complete. */
export function candidateNames(name: string, { search, ndots }: SearchRules): string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)];
  const completed = search.map(domain => `${name}.${domain}`);
  const dots = name.split('.').length - 1;
  return dots >= ndots ? [name, ...completed] : [...completed, name];
}
