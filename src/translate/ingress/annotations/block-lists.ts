/** Clients that the ConfigMap keeps out of all Ingresses: block-cidrs, block-user-agents, block-referers. */
import { FormatError } from '../../../errors.ts';
import type { DenyHeaderPolicy, Policy } from '../../../model/policy.ts';
import { compilePattern } from '../../../routing/pattern/compile-pattern.ts';
import { quote } from '../../../text/quote.ts';
import type { IngressConfig } from '../config/ingress-config.ts';
import type { IngressValues } from '../ingress-feature.ts';

/** What one ConfigMap asks for: thousands of Ingresses share it. */
interface BlockLists {
  readonly policies: readonly Policy[];
  /** Keys with entries that cannot be read, and why. */
  readonly faults: readonly (readonly [key: string, why: string])[];
}

const known = new WeakMap<IngressConfig, BlockLists>();

export function readBlockLists(values: IngressValues): readonly Policy[] {
  const { config } = values;
  let lists = known.get(config);
  if (lists === undefined) {
    lists = blockListsOf(config);
    known.set(config, lists);
  }
  for (const [key, why] of lists.faults) values.denyByConfig(key, why);
  return lists.policies;
}

function blockListsOf({ blockCidrs, blockUserAgents, blockReferers }: IngressConfig): BlockLists {
  const policies: Policy[] = blockCidrs.length === 0 ? [] : [{ kind: 'deny-from', ranges: blockCidrs }];
  const faults: [string, string][] = [];
  for (const [key, header, list] of [
    ['block-user-agents', 'user-agent', blockUserAgents],
    ['block-referers', 'referer', blockReferers],
  ] as const) {
    try {
      if (list.length > 0) policies.push(denyHeader(header, list));
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      faults.push([key, error.message]);
    }
  }
  return { policies, faults };
}

/** As nginx's map reads the list: whole values, `~pattern`, and `~*pattern` without regard to case. @throws FormatError */
function denyHeader(header: string, list: readonly string[]): DenyHeaderPolicy {
  const values: string[] = [];
  const patterns: { text: string; ignoresCase: boolean }[] = [];
  for (const entry of list) {
    const [, , unquoted = entry] = /^(["'])(.*)\1$/.exec(entry) ?? [];
    const [sign = ''] = /^~\*?/.exec(unquoted) ?? [];
    const text = unquoted.slice(sign.length);
    if (sign === '') values.push(text);
    else patterns.push(readPattern(text, sign === '~*'));
  }
  return { kind: 'deny-header', header, values, patterns };
}

/** @throws FormatError */
function readPattern(text: string, ignoresCase: boolean): DenyHeaderPolicy['patterns'][number] {
  try {
    compilePattern(text, { ignoresCase });
  } catch (error) {
    if (error instanceof FormatError) throw new FormatError(`${quote(text)}: ${error.message}`);
    throw error;
  }
  return { text, ignoresCase };
}
