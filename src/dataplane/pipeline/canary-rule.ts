import { cookieValue } from '../../formats/http/cookies.ts';
import type { CanaryRule } from '../../model/route.ts';
import { compilePattern } from '../../routing/pattern/compile-pattern.ts';
import type { Pattern } from '../../routing/pattern/pattern.ts';
import { PatternCostError } from '../../routing/pattern/pattern-cost-error.ts';
import type { RequestView } from './ports.ts';

/** A rule whose pattern can be asked. */
export interface CompiledCanaryRule extends Omit<CanaryRule, 'headerPattern'> {
  readonly headerPattern: Pattern | undefined;
}

export function compileCanaryRule({ headerPattern, ...rule }: CanaryRule): CompiledCanaryRule {
  return { ...rule, headerPattern: headerPattern === undefined ? undefined : compilePattern(headerPattern) };
}

/** The tests of ingress-nginx's balancer.lua, in its order: the header, the cookie, then chance. */
export function takesRequest(
  rule: CompiledCanaryRule,
  head: Pick<RequestView, 'field'>,
  byChance: () => boolean,
): boolean {
  const header = rule.header === '' ? '' : head.field(rule.header, ', ');
  if (rule.headerValue !== '') {
    if (header === rule.headerValue) return true;
  } else if (rule.headerPattern !== undefined) {
    const matches = header === '' ? false : matchesCheaply(rule.headerPattern, header);
    if (matches !== false) return matches === true;
  } else {
    if (header === 'always') return true;
    if (header === 'never') return false;
  }
  const cookie = rule.cookie === '' ? '' : cookieValue(head.field('cookie', '; '), rule.cookie);
  if (cookie === 'always') return true;
  if (cookie === 'never') return false;
  return byChance();
}

/** @returns undefined where it costs too much to find out: such a request stays, as one does in ingress-nginx whose match fails */
function matchesCheaply(pattern: Pattern, text: string): boolean | undefined {
  try {
    return pattern.match(text) !== undefined;
  } catch (error) {
    if (!(error instanceof PatternCostError)) throw error;
    return undefined;
  }
}
