import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { FormatError } from '../../src/errors.ts';
import { checkLabelSelector } from '../../src/formats/label-selector.ts';
import { findProgram } from '../support/installed.ts';
import fc from '../support/property.ts';

const GOOD = [
  'a',
  '!a',
  '! a',
  'a=b',
  'a==b,c',
  'a!=b',
  'a!=',
  'a=',
  'a=,b',
  'a>5',
  'a<0',
  'in in (in)',
  'notin=in',
  'example.com/a',
  'a.com/b notin ( c , d )',
  'a in (b,,c)',
  'a in (,)',
  'a in ()',
  'a notin(b)',
  ' a = b , c ',
  `a=${'x'.repeat(63)}`,
  `${'p'.repeat(63)}.example/a`,
];

const BAD: readonly (readonly [selector: string, why: RegExp])[] = [
  ['a===', /a value is expected where "=" stands$/],
  ['a==b c', /a comma or the end is expected where "c" stands$/],
  ['!a=b', /a comma or the end is expected where "=" stands$/],
  ['!!a', /a label is expected where "!" stands$/],
  [',a', /a label is expected where "," stands$/],
  ['a,', /a label is expected at the end$/],
  ['=b', /a label is expected where "=" stands$/],
  ['a b', /=, ==, !=, in, notin, < or > is expected where "b" stands$/],
  ['a In (b)', /is expected where "In" stands$/],
  ['a in b', /\( is expected where "b" stands$/],
  ['a in (b', /a comma or \) is expected at the end$/],
  ['a in (b c)', /a comma or \) is expected where "c" stands$/],
  ['a=(b)', /a value is expected where "\(" stands$/],
  ['a>x', /"x" is not a whole number$/],
  ['a>-5', /"-5" is not the value of a label/],
  ['a>9223372036854775808', /is not a whole number$/],
  ['a<', /a number is expected at the end$/],
  ['-a', /"-a" is not the key of a label/],
  ['a=-b', /"-b" is not the value of a label/],
  ['x/y/z', /"x\/y\/z" is not the key of a label/],
  ['/a', /"\/a" is not the key of a label/],
  ['Ex.com/a', /is not the key of a label/],
  ['ü=1', /is not the key of a label/],
  [`a=${'x'.repeat(64)}`, /is not the value of a label/],
  ['a\u00a0', /is not the key of a label/],
];

function isGood(selector: string): boolean {
  try {
    checkLabelSelector(selector);
    return true;
  } catch (error) {
    assert.ok(error instanceof FormatError, String(error));
    return false;
  }
}

/** Programs that run at a time. */
const AT_ONCE = 8;

/** It reads the selector before it finds that it has nothing to do. */
async function isGoodForKubectl(kubectl: string, selector: string): Promise<boolean> {
  try {
    await promisify(execFile)(kubectl, ['apply', '--prune', '--filename', '/dev/null', '--selector', selector], {
      env: { HOME: '/nonexistent', KUBECONFIG: '/nonexistent', GOMAXPROCS: '1' },
    });
  } catch (error) {
    const complaint = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
    if (complaint.includes('no objects passed to apply')) return true;
    assert.match(complaint, /the provided selector/);
  }
  return false;
}

describe('a label selector', () => {
  it('is what Kubernetes takes', () => {
    for (const selector of ['', ' ', ...GOOD]) assert.doesNotThrow(() => checkLabelSelector(selector), selector);
  });

  it('is refused with the word at which it goes wrong', () => {
    for (const [selector, why] of BAD) {
      assert.throws(
        () => checkLabelSelector(selector),
        (error: unknown) =>
          error instanceof FormatError && /is not a label selector/.test(error.message) && why.test(error.message),
        selector,
      );
    }
  });

  it('is judged as kubectl does, whatever words stand in it', async t => {
    const kubectl = findProgram('kubectl');
    const words = [
      'a',
      'b.example/c',
      '-x',
      '=',
      '==',
      '!=',
      '!',
      ',',
      'in',
      'notin',
      '(',
      ')',
      '<',
      '>',
      '7',
      ' ',
      'a=',
    ];
    const random = fc.sample(
      fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 7 }).map(list => list.join('')),
      { numRuns: 500, seed: 22 },
    );
    for (const selector of random) isGood(selector);
    if (kubectl === undefined) return t.diagnostic('there is no kubectl here to compare with');
    // kubectl takes space off both ends first, and refuses an empty one.
    const selectors = [...GOOD, ...BAD.slice(0, -1).map(([text]) => text), ...random.slice(0, 20)];
    const texts = selectors.map(text => text.trim()).filter(text => text !== '');
    // Each is a program of its own, which takes longer to start than to run.
    for (let from = 0; from < texts.length; from += AT_ONCE) {
      const some = texts.slice(from, from + AT_ONCE);
      const verdicts: readonly boolean[] = await Promise.all(some.map(text => isGoodForKubectl(kubectl, text)));
      assert.deepEqual(some.map(isGood), verdicts, JSON.stringify(some));
    }
  });
});
