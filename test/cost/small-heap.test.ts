/** The real program in the heap of a pod: what a manifest or a push takes to read must not end it. */
import assert from 'node:assert/strict';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { exposed, ServingProgram } from '../cli/serve-fixture.ts';
import { eventually } from '../support/eventually.ts';
import { RawUpstream } from '../support/raw-upstream.ts';

const SMALL_HEAP = { environment: { NODE_OPTIONS: '--max-old-space-size=300' } };
/** Only a failing test waits so long. */
const PATIENCE_MS = 120_000;
const MIB = 1024 * 1024;

function filled(bytes: number, unit: string, start = ''): string {
  return start + unit.repeat(Math.floor(bytes / unit.length));
}

const MANIFESTS: ReadonlyMap<string, readonly [text: string, reason: RegExp]> = new Map([
  ['a flow sequence', [filled(MIB, 'a,', '['), /more than 200000 tokens/]],
  ['a flow sequence of mappings', [filled(MIB, '{},', '['), /more than 200000 tokens/]],
  ['a block sequence', [filled(4 * MIB, '- a\n'), /more than 200000 tokens/]],
  ['documents without content', [filled(MIB, '---\n'), /more than 20000 documents/]],
  ['what is no YAML', [filled(MIB, ']'), /the rest is not read/]],
  ['open brackets', [filled(MIB, '['), /more than 200 levels deep/]],
  ['a file of 64 MiB', [filled(64 * MIB, '# comment\n'), /it is larger than 4m/]],
]);

test('a manifest that takes too much to read is refused, and what the file held before is served', {
  timeout: 600_000,
}, async context => {
  const upstream = await RawUpstream.start(context);
  const program = await ServingProgram.start(context, { ...SMALL_HEAP, manifests: [exposed('volume', upstream)] });
  for (const [name, [text, reason]] of MANIFESTS) {
    const fresh = join(program.directory, 'fresh');
    const before = program.log.length;
    const said = () => program.log.slice(before).some(({ msg }) => reason.test(msg));
    await writeFile(fresh, text);
    await rename(fresh, program.manifestFile);
    await eventually(name, () => program.end !== undefined || said(), PATIENCE_MS);
    assert.equal(program.end, undefined, `${name} ended the program: ${program.complaints}`);
    assert.equal((await program.get('/volume/x')).status, 200, name);
  }
  await program.writeManifests([exposed('volume', upstream, { path: '/moved' })]);
  await eventually('the repaired file', async () => (await program.get('/moved')).status === 200, PATIENCE_MS);
});

const PUSHES: ReadonlyMap<string, string> = new Map([
  ['records that are empty', `${filled(10 * MIB - 4, '{},', '[')}1]`],
  ['lists that are empty', `${filled(10 * MIB - 4, '[],', '[')}1]`],
  ['numbers', `${filled(10 * MIB - 4, '1,', '[')}1]`],
  ['open brackets', filled(10 * MIB, '[')],
  ['lists in lists', `${filled(5 * MIB - 2, '[')}${filled(5 * MIB - 2, ']')}`],
  ['one record of records', `${filled(10 * MIB - 32, '{},', '[{"name":"a","x":[')}1]}]`],
  ['one record of deep lists', `[{"name":"a","x":${filled(4 * MIB, '[')}${filled(4 * MIB, ']')}}]`],
  [
    'a record of many fields',
    `[{"name":"a",${Array.from({ length: 700_000 }, (_, index) => `"k${index}":1`).join(',')}}]`,
  ],
  ['endpoints', `[{"name":"a","endpoints":[${Array(200_000).fill('{"address":"10.0.0.1","port":"80"}').join(',')}]}]`],
]);

test('a push that takes much to read does not end the program', { timeout: 600_000 }, async context => {
  const program = await ServingProgram.start(context, SMALL_HEAP);
  for (const [name, body] of PUSHES) {
    // On a machine without time for the main thread, the limit for the body of a request cuts the connection: then it is asked again.
    const pushed = async () => {
      assert.equal(program.end, undefined, `${name} ended the program: ${program.complaints}`);
      return await program.post('/configuration/backends', body).catch(() => undefined);
    };
    const { status } = await eventually(name, pushed, PATIENCE_MS);
    assert.ok(status === 201 || status === 400, `${name}: ${status}`);
  }
  const settings = Object.fromEntries(Array.from({ length: 15_000 }, (_, index) => [`proxyReadTimeou${index}`, 1]));
  // It is refused by its length, before it is read: a client that cannot write the rest may not get to read the answer.
  const refused = await eventually('an answer to settings that are too large', () =>
    program.post('/configuration/general', settings).catch(() => undefined),
  );
  assert.equal(refused.status, 413);
  const { body: unknown } = await program.post(
    '/configuration/general',
    Object.fromEntries(Object.entries(settings).slice(0, 9_000)),
  );
  assert.match(String(unknown), /8980 more unknown settings/);
  assert.equal(program.end, undefined);
});
