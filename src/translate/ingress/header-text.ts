import { FormatError } from '../../errors.ts';
import type { HeaderEdit } from '../../model/policy.ts';
import { headerEdit } from '../policies/header-edits.ts';
import type { ConfigMapData } from './ingress-feature.ts';
import { parseVariableText } from './nginx-variables.ts';

/** An edit of a header whose value may hold variables of nginx. @param refused a name that must not be changed @throws FormatError */
export function headerText(op: HeaderEdit['op'], name: string, value: string, refused = ''): HeaderEdit {
  const plain = headerEdit(op, name, value, refused);
  if (op === 'remove' || !value.includes('$')) return plain;
  const text = parseVariableText(value, `the value of ${name}`);
  if (text.length === 0) throw new FormatError(`${name} has no value`);
  return { op, name: plain.name, value: '', text };
}

/** Headers that the ConfigMap of ingress-nginx names for all Ingresses. */
export interface GlobalHeaders {
  readonly edits: readonly HeaderEdit[];
  /** Of those that cannot be sent, and are left out: why. */
  readonly faults: readonly string[];
}

/** @param data names and values; undefined counts as none @param refused as in {@link headerText} */
export function globalHeaders(data: ConfigMapData | undefined, refused = ''): GlobalHeaders {
  const edits: HeaderEdit[] = [];
  const faults: string[] = [];
  for (const [name, value] of data ?? []) {
    try {
      edits.push(headerText('set', name, value.trim(), refused));
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      faults.push(error.message);
    }
  }
  return { edits, faults };
}
