import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DenyHeaderPolicy } from '../../src/model/policy.ts';
import { policyScene } from './scene.ts';

function denied(fields: Partial<DenyHeaderPolicy>): DenyHeaderPolicy {
  return { kind: 'deny-header', header: 'user-agent', values: [], patterns: [], ...fields };
}

const agent = (name: string): string => `User-Agent: ${name}\r\n`;

describe('deny-header', { concurrency: 8 }, () => {
  it('refuses listed values as a whole, whatever their case, and lets all others pass', async t => {
    const scene = await policyScene(t, [denied({ values: ['BadBot/1.0'] })]);
    const statuses: number[] = [];
    for (const line of [agent('badbot/1.0'), agent('BadBot/1.0 x'), agent('curl'), '']) {
      statuses.push((await scene.get(line)).status);
    }
    assert.deepEqual(statuses, [403, 200, 200, 200]);
    const [line] = await scene.proxy.logged(1);
    assert.deepEqual([line?.reason, line?.policy], ['header_denied', 'deny-header']);
  });

  it('refuses what a pattern matches anywhere, with or without regard to case', async t => {
    const patterns = [
      { text: 'curl/[0-9]+', ignoresCase: false },
      { text: '^evil', ignoresCase: true },
    ];
    const scene = await policyScene(t, [denied({ patterns })]);
    const statuses: number[] = [];
    for (const name of ['x curl/8', 'x CURL/8', 'EVIL one', 'an evil one']) {
      statuses.push((await scene.get(agent(name))).status);
    }
    assert.deepEqual(statuses, [403, 200, 403, 200]);
  });

  it('refuses a header whose pattern would cost too much, and serves the next one', async t => {
    const scene = await policyScene(t, [denied({ patterns: [{ text: '(a|aa)+$', ignoresCase: false }] })]);
    assert.equal((await scene.get(agent(`${'a'.repeat(6_000)}b`))).status, 500);
    assert.equal((await scene.get(agent('b'))).status, 200);
    assert.equal((await scene.get(agent('aaa'))).status, 403);
  });
});
