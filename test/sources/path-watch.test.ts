import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silentLogger } from '../../src/observe/logger.ts';
import { PathWatch } from '../../src/sources/path-watch.ts';
import { eventually } from '../support/eventually.ts';
import { temporaryDirectory } from './manifests-fixture.ts';

function watched(context: TestContext, path: string): { watch: PathWatch; names: (string | null)[] } {
  const names: (string | null)[] = [];
  const watch = new PathWatch(path, silentLogger(), name => names.push(name));
  context.after(() => watch.close());
  return { watch, names };
}

test('a change in a directory is told, with its name', async context => {
  const directory = temporaryDirectory(context);
  const { watch, names } = watched(context, directory);
  watch.follow();
  writeFileSync(join(directory, 'a.yaml'), '');
  await eventually('a hint', () => names.includes('a.yaml'));
});

test('a change of a file is told', async context => {
  const file = join(temporaryDirectory(context), 'a.yaml');
  writeFileSync(file, '');
  const { watch, names } = watched(context, file);
  watch.follow();
  writeFileSync(file, 'edited');
  await eventually('a hint', () => names.length > 0);
});

test('a directory in the place of another is watched once it is followed', async context => {
  const directory = join(temporaryDirectory(context), 'services');
  const { watch, names } = watched(context, directory);
  watch.follow();
  mkdirSync(directory);
  watch.follow();
  renameSync(directory, `${directory}.former`);
  mkdirSync(directory);
  watch.follow();
  writeFileSync(join(directory, 'new.yaml'), '');
  await eventually('a hint', () => names.includes('new.yaml'));
  rmSync(directory, { recursive: true });
  assert.doesNotThrow(() => watch.follow());
});

test('a watch that is closed tells nothing', async context => {
  const directory = temporaryDirectory(context);
  const closed = watched(context, directory);
  const open = watched(context, directory);
  closed.watch.follow();
  open.watch.follow();
  closed.watch.close();
  writeFileSync(join(directory, 'a.yaml'), '');
  await eventually('a hint', () => open.names.length > 0);
  assert.deepEqual(closed.names, []);
});
