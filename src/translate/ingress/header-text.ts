import { FormatError } from '../../errors.ts';
import type { HeaderEdit } from '../../model/policy.ts';
import { headerEdit } from '../policies/header-edits.ts';
import { parseVariableText } from './nginx-variables.ts';

/** An edit of a header whose value may hold variables of nginx. @param refused a name that must not be changed @throws FormatError */
export function headerText(op: HeaderEdit['op'], name: string, value: string, refused = ''): HeaderEdit {
  const plain = headerEdit(op, name, value, refused);
  if (op === 'remove' || !value.includes('$')) return plain;
  const text = parseVariableText(value, `the value of ${name}`);
  if (text.length === 0) throw new FormatError(`${name} has no value`);
  return { op, name: plain.name, value: '', text };
}
