import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { AffinityKeyFile } from '../../src/control/affinity-key-file.ts';
import { FakeClock } from '../support/fake-clock.ts';

const OLD = 'b2xkIGtleSBvZiB0aGUgdGVzdHM=';
const NEW = 'bmV3IGtleSBvZiB0aGUgdGVzdHM=';
const THIRD = 'dGhpcmQga2V5IG9mIHRoZSB0ZXN0cw==';

class Scene {
  readonly path: string;
  readonly clock = new FakeClock();
  readonly log: string[] = [];
  readonly changes: string[][] = [];
  file: AffinityKeyFile | undefined;

  constructor(t: TestContext) {
    const folder = mkdtempSync(join(tmpdir(), 'affinity-key-'));
    this.path = join(folder, 'key');
    t.after(() => {
      this.file?.close();
      rmSync(folder, { recursive: true });
    });
  }

  open(): AffinityKeyFile {
    const logger = pino({}, { write: line => void this.log.push(line) });
    const onChange = (keys: readonly Uint8Array[]): void => void this.changes.push(textsOf(keys));
    this.file = new AffinityKeyFile({ path: this.path, clock: this.clock, logger, onChange });
    return this.file;
  }

  async write(text: string, mode = 0o440): Promise<void> {
    rmSync(this.path, { force: true });
    writeFileSync(this.path, text, { mode });
    chmodSync(this.path, mode);
    await this.clock.pass(1_000);
  }
}

function textsOf(keys: readonly Uint8Array[]): string[] {
  return keys.map(key => Buffer.from(key).toString());
}

test('the file has one key, or two while a key is turned, of which the first makes cookies', async t => {
  const scene = new Scene(t);
  await scene.write(`${OLD}\n`);
  assert.deepEqual(textsOf(scene.open().keys), [OLD]);
  await scene.write(`${NEW}\r\n${OLD}\n\n`);
  await scene.write(NEW);
  assert.deepEqual(scene.changes, [[NEW, OLD], [NEW]]);
});

test('when a key takes the place of another, cookies of the other are taken until the file changes again', async t => {
  const scene = new Scene(t);
  await scene.write(OLD);
  scene.open();
  await scene.write(NEW);
  await scene.clock.pass(60_000);
  await scene.write(THIRD);
  assert.deepEqual(scene.changes, [
    [NEW, OLD],
    [THIRD, NEW],
  ]);
});

test('a file that cannot be used at the start is refused with the reason, and never with its text', async t => {
  const rows: [text: string, reason: RegExp][] = [
    ['', /it is empty: write a key, as from "openssl rand -base64 32"$/],
    ['  \n\n', /it is empty/],
    ['secret-too-short', /^$/],
    ['secret-shorter', /the key in line 1 has 14 characters: write at least 16$/],
    [`${OLD}\nsecret-x`, /the key in line 2 has 8 characters/],
    [
      `${OLD}\n${NEW}\n${THIRD}`,
      /it has 3 lines: write one key, or two while a key is turned, of which the first makes cookies$/,
    ],
    ['secret with blanks in it', /line 1 is no text without blanks/],
    ['secret-\u0000-binary-\u00ff\u00fe', /line 1 is no text without blanks/],
    ['secret'.repeat(1000), /it is larger than 4k$/],
  ];
  for (const [text, reason] of rows) {
    const scene = new Scene(t);
    await scene.write(text);
    if (reason.source === '^$') {
      assert.equal(scene.open().keys.length, 1);
      continue;
    }
    assert.throws(
      () => scene.open(),
      (error: unknown) =>
        error instanceof Error &&
        reason.test(error.message) &&
        error.message.includes(scene.path) &&
        !error.message.includes('secret'),
      text.slice(0, 20),
    );
  }
  const absent = new Scene(t);
  assert.throws(() => absent.open(), /affinityKeyFile: .* cannot be used: it does not exist/);
});

test('a bad change is said once, and the keys in force stay', async t => {
  const scene = new Scene(t);
  await scene.write(OLD);
  scene.open();
  await scene.write('');
  await scene.clock.pass(10_000);
  assert.equal(scene.log.filter(line => line.includes('it is empty')).length, 1);
  assert.deepEqual(scene.changes, []);
  rmSync(scene.path);
  await scene.clock.pass(1_000);
  assert.match(scene.log.at(-1) ?? '', /it does not exist/);
  await scene.write(NEW);
  assert.deepEqual(scene.changes, [[NEW, OLD]]);
});

test('a file that every user may read is said, and used', async t => {
  const scene = new Scene(t);
  await scene.write(OLD, 0o644);
  assert.deepEqual(textsOf(scene.open().keys), [OLD]);
  assert.match(scene.log.join(''), /every user of this machine may read the keys.*0440/);
  assert.match(scene.log.join(''), /"mode":"0644"/);
  assert.ok(!scene.log.join('').includes(OLD));
});
