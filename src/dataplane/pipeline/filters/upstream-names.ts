import { mapRefreshUrl } from '../../../formats/http/refresh.ts';
import { mapCookieAttributes } from '../../../formats/http/set-cookie.ts';
import type { UpstreamNamesPolicy, ValueEdit } from '../../../model/policy.ts';
import { compilePattern } from '../../../routing/pattern/compile-pattern.ts';
import { PatternCostError } from '../../../routing/pattern/pattern-cost-error.ts';
import type { FieldMap } from './field-changes.ts';
import type { Filter, FilteredExchange, FilteredResponse } from './filter.ts';

/** @returns undefined where the value stays */
type Edit = (value: string) => string | undefined;

/** Replaces what an upstream says of itself in cookies and redirects. */
export class UpstreamNames implements Filter {
  readonly #maps: FieldMap;

  constructor({ cookieDomains, cookiePaths, redirects }: UpstreamNamesPolicy) {
    const editOf = first(redirects.map(edit => editIn(edit, startOf)));
    const byAttribute = new Map([
      ['domain', first(cookieDomains.map(edit => editIn(edit, domainOf)))],
      ['path', first(cookiePaths.map(edit => editIn(edit, startOf)))],
    ]);
    const redirect = (url: string): string => editOf(url) ?? url;
    this.#maps = new Map([
      ['location', redirect],
      ['refresh', value => mapRefreshUrl(value, redirect)],
      ['set-cookie', value => mapCookieAttributes(value, (name, text) => byAttribute.get(name)?.(text) ?? text)],
    ]);
  }

  response({ responseEdits }: FilteredExchange, { isOurs }: FilteredResponse): void {
    if (!isOurs) responseEdits.map(this.#maps);
  }
}

/** As in nginx, the first that finds something decides. */
function first(edits: readonly Edit[]): Edit {
  return value => {
    for (const edit of edits) {
      const after = edit(value);
      if (after !== undefined) return after;
    }
    return undefined;
  };
}

function editIn({ from, to }: ValueEdit, plain: (from: string, to: string) => Edit): Edit {
  if ('text' in from) return plain(from.text, to);
  const pattern = compilePattern(from.pattern, { ignoresCase: from.ignoresCase });
  return value => {
    try {
      return pattern.match(value) === undefined ? undefined : to;
    } catch (error) {
      // What an upstream sends without an edit is no danger: the value stays.
      if (error instanceof PatternCostError) return undefined;
      throw error;
    }
  };
}

function startOf(from: string, to: string): Edit {
  return value => (value.startsWith(from) ? to + value.slice(from.length) : undefined);
}

/** A dot at the start of a domain means nothing (RFC 6265 section 5.2.3), and stays. */
function domainOf(from: string, to: string): Edit {
  const wanted = from.replace(/^\./, '').toLowerCase();
  return value => {
    const dot = value.startsWith('.') ? '.' : '';
    return value.slice(dot.length).toLowerCase() === wanted ? dot + to : undefined;
  };
}
