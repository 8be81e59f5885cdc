import { FormatError } from '../../../errors.ts';
import type { NginxDirective } from '../../../formats/nginx-config.ts';
import type { HeaderEdit, Policy, RenamedHeader, ValueEdit, VariableText } from '../../../model/policy.ts';
import type { RouteOverrides } from '../../../model/route.ts';
import { quote } from '../../../text/quote.ts';
import type { IngressEffect } from '../ingress-feature.ts';

/** What the directives of a snippet ask for, as they are read one after the other. */
export class SnippetEffect {
  readonly requestEdits: HeaderEdit[] = [];
  readonly responseEdits: HeaderEdit[] = [];
  readonly cookieDomains: ValueEdit[] = [];
  readonly cookiePaths: ValueEdit[] = [];
  readonly redirects: ValueEdit[] = [];
  /** Those that answer requests, or refuse them, in their order. */
  readonly policies: Policy[] = [];
  /** `allow` and `deny`, in their order. */
  readonly access: (readonly [word: 'allow' | 'deny', range: string])[] = [];
  /** By variable, the header line of the auth service's answer that it holds, in lower case. */
  readonly authVariables = new Map<string, string>();
  /** Header lines of the auth service's answer that the upstream gets. */
  readonly authHeaders: RenamedHeader[] = [];
  overrides: RouteOverrides = {};
  upstreamHost: VariableText | undefined;
  isLogged = true;
  /** Names of the directives that do something. */
  readonly done = new Set<string>();
  /** What people are told beside that. */
  readonly remarks = new Set<string>();

  /** @throws FormatError where `allow` and `deny` cannot be said as lists */
  toIngressEffect(): IngressEffect {
    const { requestEdits, responseEdits, cookieDomains, cookiePaths, redirects, overrides, upstreamHost } = this;
    const policies: Policy[] = [...this.policies, ...this.#accessPolicies()];
    const rewritten = this.policies.findIndex(({ kind }) => kind === 'rewrite');
    if (rewritten >= 0 && this.policies.slice(rewritten + 1).some(({ kind }) => kind !== 'compress'))
      throw new FormatError('nothing behind a "rewrite … break" is done by nginx: leave it out, or write it before');
    if (requestEdits.length > 0) policies.push({ kind: 'request-headers', edits: requestEdits });
    if (cookieDomains.length + cookiePaths.length + redirects.length > 0)
      policies.push({ kind: 'upstream-names', cookieDomains, cookiePaths, redirects });
    if (responseEdits.length > 0) policies.push({ kind: 'response-headers', edits: responseEdits });
    return {
      policies,
      overrides,
      route: { ...(upstreamHost !== undefined && { upstreamHost }), ...(!this.isLogged && { isLogged: false }) },
    };
  }

  /** nginx takes the first that fits; lists of ours say who is denied, then who alone is allowed. */
  #accessPolicies(): Policy[] {
    const { access } = this;
    if (access.length === 0) return [];
    const [word, range] = access.at(-1) as (typeof access)[number];
    const isDeniedRest = word === 'deny' && range === 'all';
    const isAllowedRest = word === 'allow' && range === 'all';
    const listed = isDeniedRest || isAllowedRest ? access.slice(0, -1) : access;
    const denied = listed.filter(([one]) => one === 'deny').map(([, text]) => text);
    const allowed = listed.filter(([one]) => one === 'allow').map(([, text]) => text);
    const isPlain = !listed.some(([, text]) => text === 'all') && (denied.length === 0 || allowed.length === 0);
    if (!isPlain) {
      throw new FormatError(
        '"allow" and "deny" cannot be mixed here: write whitelist-source-range for those that are allowed, denylist-source-range for those that are denied',
      );
    }
    if (isDeniedRest) {
      // Nobody is left.
      if (denied.length > 0 || allowed.length === 0) return [{ kind: 'return', status: 403 }];
      return [{ kind: 'allow-from', ranges: allowed }];
    }
    return denied.length > 0 ? [{ kind: 'deny-from', ranges: denied }] : [];
  }
}

/** Reads one directive. @throws FormatError that says what cannot be read, without the line */
export type DirectiveReader = (directive: NginxDirective, into: SnippetEffect, where: SnippetPlace) => void;

export type SnippetPlace = 'location' | 'server';

/** The words of a directive that ends with a semicolon. @throws FormatError for another number of them */
export function wordsOf(directive: NginxDirective, least: number, most = least): readonly string[] {
  const { name, words, block } = directive;
  if (block !== undefined) throw new FormatError(`${name} has no block`);
  if (words.length < least || words.length > most)
    throw new FormatError(`${name} has ${words.length} words behind it: ${quote(textOf(directive))}`);
  return words.map(({ text }) => text);
}

/** A directive as people find it again. */
export function textOf({ name, words }: NginxDirective): string {
  return [name, ...words.map(({ text }) => text)].join(' ');
}
