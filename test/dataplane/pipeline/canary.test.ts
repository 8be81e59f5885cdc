import assert from 'node:assert/strict';
import { test } from 'node:test';
import { takesRequest } from '../../../src/dataplane/pipeline/canary.ts';
import type { CanaryRule } from '../../../src/model/route.ts';

const NOTHING: CanaryRule = { weight: 0, header: '', headerValue: '', cookie: '' };

/** A head with these fields, by lower-case name. */
function head(fields: Readonly<Record<string, string>>): { field(name: string): string } {
  return { field: name => fields[name] ?? '' };
}

/** @returns whether the canary takes the request, by chance that always or never decides for it */
function takes(
  rule: Partial<CanaryRule>,
  fields: Readonly<Record<string, string>> = {},
): [lucky: boolean, unlucky: boolean] {
  const whole = { ...NOTHING, ...rule };
  return [takesRequest(whole, head(fields), () => 0), takesRequest(whole, head(fields), () => 0.999)];
}

const ALWAYS = [true, true];
const NEVER = [false, false];
const BY_CHANCE = [true, false];

test('the header decides before the cookie, the cookie before chance', () => {
  const all = { weight: 50, header: 'x-canary', cookie: 'canary' };
  const rows: [rule: Partial<CanaryRule>, fields: Record<string, string>, outcome: boolean[]][] = [
    [all, {}, BY_CHANCE],
    [all, { 'x-canary': 'always' }, ALWAYS],
    [all, { 'x-canary': 'never' }, NEVER],
    [all, { 'x-canary': 'Always' }, BY_CHANCE],
    [all, { 'x-canary': 'never', cookie: 'canary=always' }, NEVER],
    [all, { 'x-canary': 'other', cookie: 'canary=always' }, ALWAYS],
    [all, { cookie: 'a=1; canary=always' }, ALWAYS],
    [all, { cookie: 'canary=never' }, NEVER],
    [all, { cookie: 'canary=1' }, BY_CHANCE],
    // With a value of its own, the header's usual words mean nothing.
    [{ ...all, headerValue: 'beta' }, { 'x-canary': 'beta' }, ALWAYS],
    [{ ...all, headerValue: 'beta' }, { 'x-canary': 'always' }, BY_CHANCE],
    [{ ...all, headerValue: 'beta' }, { 'x-canary': 'never' }, BY_CHANCE],
    [{ ...all, headerValue: 'beta' }, {}, BY_CHANCE],
    [{ ...all, headerValue: 'beta' }, { cookie: 'canary=never' }, NEVER],
    [{ header: 'x-canary' }, { 'x-canary': 'other' }, NEVER],
    [{ headerValue: 'beta' }, { '': 'beta' }, NEVER],
  ];
  for (const [rule, fields, outcome] of rows) {
    assert.deepEqual(takes(rule, fields), outcome, JSON.stringify([rule, fields]));
  }
});

test('the weight is exactly so many of a hundred', () => {
  for (const weight of [0, 1, 33, 99, 100]) {
    const taken = Array.from({ length: 100 }, (_, index) =>
      takesRequest({ ...NOTHING, weight }, head({}), () => index / 100),
    ).filter(Boolean);
    assert.equal(taken.length, weight);
  }
});
