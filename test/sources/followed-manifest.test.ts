import assert from 'node:assert/strict';
import { renameSync, symlinkSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { FollowedManifest, GRACE_MS } from '../../src/sources/followed-manifest.ts';
import { manifest, temporaryDirectory } from './manifests-fixture.ts';

function followed(context: TestContext, text: string): { file: string; one: FollowedManifest } {
  const file = join(temporaryDirectory(context), 'a.yaml');
  writeFileSync(file, text);
  return { file, one: new FollowedManifest(file, 'default') };
}

function namesOf(one: FollowedManifest): string[] {
  return one.contents.services.map(({ object }) => object.metadata.name);
}

test('a file is read once for each change of its text', context => {
  const { file, one } = followed(context, manifest('a'));
  assert.equal(one.look(0), 'changed');
  assert.equal(one.look(0), 'same');
  utimesSync(file, 1_700_000_000, 1_700_000_000);
  assert.equal(one.look(0), 'same');
  writeFileSync(file, manifest('b'));
  assert.equal(one.look(0), 'changed');
  assert.deepEqual(namesOf(one), ['b']);
});

test('a file that is gone for a moment, as editors do it, keeps its Services', context => {
  const { file, one } = followed(context, manifest('a'));
  one.look(0);
  renameSync(file, `${file}~`);
  assert.equal(one.look(1_000), 'doubtful');
  assert.equal(one.look(1_000 + GRACE_MS - 1), 'doubtful');
  assert.deepEqual(namesOf(one), ['a']);
  writeFileSync(file, manifest('b'));
  assert.equal(one.look(5_000), 'changed');
  assert.deepEqual(namesOf(one), ['b']);
});

test('a file that stays away is gone', context => {
  const { file, one } = followed(context, manifest('a'));
  one.look(0);
  unlinkSync(file);
  assert.equal(one.look(1_000), 'doubtful');
  assert.equal(one.look(1_000 + GRACE_MS), 'gone');
});

test('a file that came back has its grace again', context => {
  const { file, one } = followed(context, manifest('a'));
  one.look(0);
  renameSync(file, `${file}~`);
  assert.equal(one.look(1_000), 'doubtful');
  renameSync(`${file}~`, file);
  assert.equal(one.look(1_010), 'same');
  unlinkSync(file);
  assert.equal(one.look(1_000 + GRACE_MS), 'doubtful');
  assert.equal(one.look(1_000 + 2 * GRACE_MS), 'gone');
});

test('a file that is emptied keeps its Services for a moment, then loses them', context => {
  const { file, one } = followed(context, manifest('a'));
  one.look(0);
  writeFileSync(file, '');
  assert.equal(one.look(1_000), 'doubtful');
  assert.deepEqual(namesOf(one), ['a']);
  assert.equal(one.look(1_000 + GRACE_MS), 'changed');
  assert.deepEqual(namesOf(one), []);
  assert.equal(one.look(1_000 + GRACE_MS), 'same');
});

test('a file without Services is believed at once to be empty, or gone', context => {
  const { file, one } = followed(context, '');
  assert.equal(one.look(0), 'changed');
  unlinkSync(file);
  assert.equal(one.look(0), 'gone');
});

test('a bad file has the problems of its present text and the Services of its last good one', context => {
  const { file, one } = followed(context, manifest('a'));
  one.look(0);
  writeFileSync(file, `${manifest('b')}---\nkind: 7\n`);
  assert.equal(one.look(0), 'changed');
  assert.deepEqual(namesOf(one), ['a']);
  assert.equal(one.contents.problems[0]?.line, 9);
  writeFileSync(file, manifest('c'));
  assert.equal(one.look(0), 'changed');
  assert.deepEqual(one.contents.problems, []);
  assert.deepEqual(namesOf(one), ['c']);
});

test('a file that cannot be opened says so once and keeps its Services; the same text is then news again', context => {
  const { file, one } = followed(context, manifest('a'));
  one.look(0);
  unlinkSync(file);
  symlinkSync('a.yaml', file);
  assert.equal(one.look(0), 'changed');
  assert.equal(one.look(0), 'same');
  assert.match(one.contents.problems[0]?.reason ?? '', /^cannot be read: it leads through too many symbolic links/);
  assert.deepEqual(namesOf(one), ['a']);
  unlinkSync(file);
  writeFileSync(file, manifest('a'));
  assert.equal(one.look(0), 'changed');
  assert.deepEqual(one.contents.problems, []);
});
