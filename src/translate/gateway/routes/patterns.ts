import { escapedBytes } from '../../../routing/pattern/byte-text.ts';
import { compilePattern } from '../../../routing/pattern/compile-pattern.ts';
import { orFault } from './rule-fault.ts';

/** @param where put before what is wrong @throws RuleFault for what the data plane cannot run at a bounded cost */
export function checkPattern(where: string, text: string): void {
  // As the table reads it: bytes, a character each.
  orFault(where, () => compilePattern(escapedBytes(Buffer.from(text, 'utf8').toString('latin1')), { anchor: 'whole' }));
}
