/** Who may in: addresses, passwords and auth services, and whether one of them is enough. */
import { FormatError } from '../../../errors.ts';
import type { Policy, RenamedHeader, SatisfyPolicy } from '../../../model/policy.ts';
import { notOneOf } from '../../../text/one-of.ts';
import type { IngressFeature } from '../ingress-feature.ts';
import { readAuthUrl } from './auth-url.ts';
import { AUTH_URL_ROWS } from './auth-url-rows.ts';
import { BASIC_AUTH_ROWS, readBasicAuth } from './basic-auth.ts';
import { readBlockLists } from './block-lists.ts';
import { rangePolicies, readSourceRanges, SOURCE_RANGE_ROWS, type SourceRanges } from './source-ranges.ts';

const SATISFY = ['all', 'any'] as const;

export const ACCESS: IngressFeature = {
  rows: [
    {
      name: 'satisfy',
      support: 'works',
      value: 'all or any',
      example: 'any',
      help: 'With any, one of these is enough: an address of whitelist-source-range, a password of auth-secret, or the service of auth-url. Otherwise all are needed.',
      differs: 'block-cidrs of the ConfigMap holds in any case.',
    },
    ...SOURCE_RANGE_ROWS,
    ...BASIC_AUTH_ROWS,
    ...AUTH_URL_ROWS,
  ],
  read(values) {
    const { noAuthLocations } = values.config;
    const isAny = values.read('satisfy', parseSatisfy) === 'any';
    const ranges = readSourceRanges(values);
    const password = readBasicAuth(values);
    const asked = readAuthUrl(values);
    const open = rangePolicies(ranges);
    const guarded = new Map<string, readonly Policy[]>();
    for (const host of values.hosts) {
      const ways = [password, asked?.get(host)].filter(way => way !== undefined);
      guarded.set(host, isAny && ways.length > 0 ? [anyOf(ranges, ways)] : [...open, ...ways]);
    }
    const policies = readBlockLists(values);
    const renamed = [...(asked?.values() ?? [])].flatMap(way =>
      way.kind === 'auth-url' ? (way.renamedHeaders ?? []) : [],
    );
    if ([...guarded.values()].every(({ length }) => length === 0)) return { policies };
    return { policies, access: { guarded, open: [...open, ...hidden(renamed)], openPaths: noAuthLocations } };
  },
};

/** Where the auth service is not asked, nobody but the client could have said these headers. */
function hidden(renamed: readonly RenamedHeader[]): Policy[] {
  const names = new Set(renamed.map(({ to }) => to));
  if (names.size === 0) return [];
  return [{ kind: 'request-headers', edits: [...names].map(name => ({ op: 'remove', name, value: '' })) }];
}

function anyOf({ allowed, denied }: SourceRanges, ways: SatisfyPolicy['ways']): SatisfyPolicy {
  return { kind: 'satisfy', allowed, denied, ways };
}

/** @throws FormatError */
function parseSatisfy(text: string): (typeof SATISFY)[number] {
  const found = SATISFY.find(word => word === text.trim());
  if (found === undefined) throw new FormatError(notOneOf(text.trim(), SATISFY));
  return found;
}
