/** The filters that change header lines. Pure. */
import type { HeaderEdit, HeadersPolicy } from '../../../model/policy.ts';
import type { HeaderModifier } from '../../../resources/gateway/gateway-object.ts';
import { headerEdit } from '../../policies/header-edits.ts';
import { orFault } from './rule-fault.ts';

/** One name is changed once: what stands first counts. @throws RuleFault */
export function headersPolicy(kind: HeadersPolicy['kind'], { set, add, remove }: HeaderModifier): HeadersPolicy {
  // URLRewrite is the filter for it.
  const refused = kind === 'request-headers' ? 'host' : '';
  const edits = new Map<string, HeaderEdit>();
  const edit = (op: HeaderEdit['op'], name: string, value: string): void => {
    const key = name.toLowerCase();
    if (!edits.has(key))
      edits.set(
        key,
        orFault('a header filter', () => headerEdit(op, name, value, refused)),
      );
  };
  for (const { name, value } of set) edit('set', name, value);
  for (const { name, value } of add) edit('add', name, value);
  for (const name of remove) edit('remove', name, '');
  return { kind, edits: [...edits.values()] };
}
