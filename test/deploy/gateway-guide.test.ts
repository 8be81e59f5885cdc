import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { scratchDirectory } from '../cli/cli-fixture.ts';
import { serverPort } from '../support/server-port.ts';
import { addCommand, addProgram, blocks, follow, outputOf } from './guide.ts';

/** Ports of the guide, each with one that is free now: guides name ports. */
async function freePorts(names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  return new Map(await Promise.all(names.map(async name => [name, String(await serverPort())] as const)));
}

/** The blocks of the guide, with ports that are free, in one shell that ends what it has started. */
async function followed(t: TestContext) {
  const folder = await scratchDirectory(t);
  addProgram(folder);
  addCommand(folder, 'node', `exec '${process.execPath}' "$@"`);
  const ports = await freePorts(['8088', '8089', '8090', '9001', '9002']);
  const some = blocks('gateway.md').map(({ place, commands }, index) => ({
    place,
    commands:
      (index === 0 ? `trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n` : '') +
      commands.replaceAll(/\b(?:8088|8089|8090|9001|9002)\b/g, name => ports.get(name) ?? name),
  }));
  return { ran: await follow(some, { folder }), port: ports.get('8088') };
}

describe('the guide to the Gateway API', () => {
  it('holds true line by line', async t => {
    const { ran, port } = await followed(t);

    const checked = outputOf(ran, 'kube-entry check .');
    assert.match(checked, /Gateway default\/public: Accepted, Programmed/);
    assert.match(checked, /HTTPRoute default\/web at Gateway default\/public: Accepted, ResolvedRefs/);
    assert.match(checked, /1 of 1 route attached, 0 problems, 0 warnings/);

    const asked = outputOf(ran, 'kube-entry serve --manifests .');
    assert.match(asked, /^web-v1 \/$/m);
    assert.match(asked, /^web-v1 \/cart\?id=1$/m);
    assert.match(asked, new RegExp(`^302 http://web\\.example\\.com:${port}/new/page$`, 'm'));
    assert.match(asked, /^404$/m);

    const split = outputOf(ran, 'sed -i');
    assert.match(split, /^web-v2 \/$/m);
    assert.match(split, /HTTPRoute default\/web/);
    assert.match(split, /Gateways: 1 programmed/);
  });
});
