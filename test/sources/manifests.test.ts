import assert from 'node:assert/strict';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { UnavailableError } from '../../src/errors.ts';
import { parseYaml } from '../../src/formats/yaml.ts';
import { readManifests } from '../../src/sources/manifest-files.ts';
import { eventually } from '../support/eventually.ts';
import { follow, manifest, temporaryDirectory } from './manifests-fixture.ts';

/** Whether this process has asked Linux for the events of a file or directory. */
function isWatched(path: string): boolean {
  const watch = `ino:${statSync(path).ino.toString(16)} `;
  return readdirSync('/proc/self/fd').some(fd => {
    try {
      const isInotify = readlinkSync(`/proc/self/fd/${fd}`) === 'anon_inode:inotify';
      return isInotify && readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8').includes(watch);
    } catch {
      // It was closed meanwhile.
      return false;
    }
  });
}

const BAD = 'apiVersion: v1\nkind: Service\nmetadata:\n  name: NOT A NAME\nspec: {}\n';

test('a directory’s files of YAML and JSON are read in the order of their names, other files and hidden ones are not', context => {
  const directory = temporaryDirectory(context);
  writeFileSync(join(directory, 'b.yml'), manifest('b'));
  writeFileSync(join(directory, 'a.yaml'), manifest('a'));
  writeFileSync(join(directory, 'c.json'), JSON.stringify(parseYaml(manifest('c'))));
  writeFileSync(join(directory, '.hidden.yaml'), manifest('hidden'));
  writeFileSync(join(directory, 'a.yaml~'), manifest('backup'));
  writeFileSync(join(directory, 'notes.txt'), 'not: [yaml');
  mkdirSync(join(directory, 'below.yaml'));
  writeFileSync(join(directory, 'below.yaml', 'd.yaml'), manifest('d'));
  const { services, problems } = readManifests(directory, 'shop');
  assert.deepEqual(problems, []);
  assert.deepEqual(
    services.map(({ file, object: { metadata } }) => [file, `${metadata.namespace}/${metadata.name}`]),
    [
      [join(directory, 'a.yaml'), 'shop/a'],
      [join(directory, 'b.yml'), 'shop/b'],
      [join(directory, 'c.json'), 'shop/c'],
    ],
  );
});

test('a single file is read whatever its name', context => {
  const file = join(temporaryDirectory(context), '.services');
  writeFileSync(file, manifest('web'));
  assert.equal(readManifests(file).services[0]?.object.metadata.namespace, 'default');
});

test('of two Services with one name the first in the order of files counts and the second is reported', context => {
  const directory = temporaryDirectory(context);
  const [first, second] = [join(directory, 'a.yaml'), join(directory, 'b.yaml')];
  writeFileSync(first, `# first\n${manifest('web', '/first')}`);
  writeFileSync(
    second,
    `${manifest('other')}---\n${manifest('web', '/second')}---\n${manifest('web', '/here', 'shop')}`,
  );
  const { services, problems } = readManifests(directory);
  assert.deepEqual(
    services.map(({ object: { metadata } }) => metadata.annotations?.['kube-entry.io/path']),
    ['/first', '/other', '/here'],
  );
  assert.deepEqual(problems, [
    { file: second, line: 9, reason: `Service default/web is already in ${first}:2: that one counts` },
  ]);
});

test('a path where nothing is cannot be read', async context => {
  const path = join(temporaryDirectory(context), 'nothing');
  const isUnavailable = (error: unknown) =>
    error instanceof UnavailableError &&
    error.code === 'UNAVAILABLE' &&
    error.message.includes(`${path} does not exist`);
  assert.throws(() => readManifests(path), isUnavailable);
  await assert.rejects(follow(context, path).source.start(), isUnavailable);
});

test('the first read fills the store before start ends, bad files or not', async context => {
  const directory = temporaryDirectory(context);
  writeFileSync(join(directory, 'a.yaml'), BAD);
  writeFileSync(join(directory, 'b.yaml'), manifest('b'));
  writeFileSync(join(directory, 'c.yaml'), 'a: b: c');
  const { source, store, warnings, received } = follow(context, directory, { defaultNamespace: 'shop' });
  assert.deepEqual(source.report(), { kind: 'manifests', synced: false });
  await source.start();
  assert.equal(store.content, 'shop/b /b');
  assert.deepEqual(store.calls, ['replace']);
  assert.equal(received.length, 1);
  assert.deepEqual(
    source.problems().map(({ file, line }) => [file, line]),
    [
      [join(directory, 'a.yaml'), 4],
      [join(directory, 'c.yaml'), 1],
    ],
  );
  const places = [`${join(directory, 'a.yaml')}:4: metadata.name must be `, `${join(directory, 'c.yaml')}:1: `];
  assert.equal(warnings.length, 2);
  for (const [index, place] of places.entries()) assert.ok(warnings[index]?.startsWith(place), warnings.join());
  const { synced, problem } = source.report();
  assert.equal(synced, true);
  assert.match(problem ?? '', /a\.yaml:4: .* \(and 1 more\)$/);
});

test('an empty directory is a complete set', async context => {
  const { source, store, holds } = follow(context, temporaryDirectory(context));
  await source.start();
  assert.deepEqual(store.calls, ['replace']);
  assert.deepEqual(source.report(), { kind: 'manifests', synced: true });
  await holds();
});

test('edits, new files and deleted files are followed, and only what changed is told', async context => {
  const directory = temporaryDirectory(context);
  const before = Date.now();
  writeFileSync(join(directory, 'a.yaml'), manifest('a'));
  writeFileSync(join(directory, 'b.yaml'), manifest('b'));
  const { source, store, holds, received } = follow(context, directory);
  await source.start();
  writeFileSync(join(directory, 'a.yaml'), manifest('a', '/moved'));
  await holds('default/a /moved', 'default/b /b');
  writeFileSync(join(directory, 'c.yaml'), manifest('c'));
  await holds('default/a /moved', 'default/b /b', 'default/c /c');
  unlinkSync(join(directory, 'b.yaml'));
  await holds('default/a /moved', 'default/c /c');
  assert.deepEqual(store.calls, ['replace', 'upsert a', 'upsert c', 'remove b']);
  assert.equal(received.length, 4);
  assert.ok(
    received.every(at => at >= before && at <= Date.now()),
    String(received),
  );
});

test('a single file is followed, its renaming into place too', async context => {
  const directory = temporaryDirectory(context);
  const file = join(directory, 'services.yaml');
  writeFileSync(file, manifest('a'));
  const { source, holds } = follow(context, file);
  await source.start();
  writeFileSync(file, manifest('a', '/edited'));
  await holds('default/a /edited');
  for (const path of ['/renamed', '/again']) {
    writeFileSync(join(directory, 'services.yaml.tmp'), manifest('a', path));
    renameSync(join(directory, 'services.yaml.tmp'), file);
    await holds(`default/a ${path}`);
  }
});

test('a mounted ConfigMap is followed through the swap of its ..data link, as directory and as file', async context => {
  const mount = temporaryDirectory(context);
  const version = (name: string, text: string): void => {
    mkdirSync(join(mount, name));
    writeFileSync(join(mount, name, 'services.yaml'), text);
  };
  version('..2024_1', manifest('a'));
  symlinkSync('..2024_1', join(mount, '..data'));
  symlinkSync(join('..data', 'services.yaml'), join(mount, 'services.yaml'));
  const whole = follow(context, mount);
  const single = follow(context, join(mount, 'services.yaml'));
  await Promise.all([whole.source.start(), single.source.start()]);

  version('..2024_2', manifest('a', '/second'));
  symlinkSync('..2024_2', join(mount, '..data_tmp'));
  renameSync(join(mount, '..data_tmp'), join(mount, '..data'));
  rmSync(join(mount, '..2024_1'), { recursive: true });
  await Promise.all([whole.holds('default/a /second'), single.holds('default/a /second')]);
});

test('a link to a file elsewhere is followed to it', async context => {
  const [directory, elsewhere] = [temporaryDirectory(context), temporaryDirectory(context)];
  writeFileSync(join(elsewhere, 'real.yaml'), manifest('a'));
  symlinkSync(join(elsewhere, 'real.yaml'), join(directory, 'link.yaml'));
  symlinkSync(join(elsewhere, 'none.yaml'), join(directory, 'dangling.yaml'));
  const { source, holds } = follow(context, directory);
  await source.start();
  await holds('default/a /a');
  writeFileSync(join(elsewhere, 'real.yaml'), manifest('a', '/edited'));
  await holds('default/a /edited');
});

test('a file that turns bad keeps its last good version, is reported once, and so is its repair', async context => {
  const directory = temporaryDirectory(context);
  const file = join(directory, 'a.yaml');
  writeFileSync(file, `${manifest('a')}---\n${manifest('a2')}`);
  writeFileSync(join(directory, 'b.yaml'), manifest('b'));
  const { source, holds, warnings, notes, store } = follow(context, directory);
  await source.start();

  writeFileSync(file, `${manifest('a', '/new')}---\n${BAD}`);
  await eventually('a problem', () => source.problems().length > 0);
  assert.deepEqual(
    source.problems().map(({ file: name, line }) => [name, line]),
    [[file, 12]],
  );
  await holds('default/a /a', 'default/a2 /a2', 'default/b /b');

  // Changes of others, and of nothing but its time, do not report it again.
  writeFileSync(join(directory, 'b.yaml'), manifest('b', '/moved'));
  utimesSync(file, 1_700_000_000, 1_700_000_000);
  await holds('default/a /a', 'default/a2 /a2', 'default/b /moved');
  const [problem] = source.problems();
  const said = `${file}:12: ${problem?.reason}; what this file held before is still served`;
  assert.deepEqual(warnings, [said]);

  // A change of the file itself does, be the problem the same.
  writeFileSync(file, `${manifest('a', '/newer')}---\n${BAD}`);
  await eventually('a second warning', () => warnings.length === 2);
  assert.equal(warnings[1], said);

  const before = notes.length;
  writeFileSync(file, manifest('a', '/mended'));
  await holds('default/a /mended', 'default/b /moved');
  assert.deepEqual(notes.slice(before), [`${file}: has no problems any more`]);
  assert.deepEqual(source.problems(), []);
  assert.deepEqual(source.report(), { kind: 'manifests', synced: true });
  assert.deepEqual(store.calls, ['replace', 'upsert b', 'remove a2', 'upsert a']);
});

test('a Service taken by another file moves over when that file lets go of it', async context => {
  const directory = temporaryDirectory(context);
  writeFileSync(join(directory, 'a.yaml'), manifest('web', '/first'));
  writeFileSync(join(directory, 'b.yaml'), manifest('web', '/second'));
  const { source, holds, warnings } = follow(context, directory);
  await source.start();
  await holds('default/web /first');
  assert.match(warnings.join(), /b\.yaml:1: Service default\/web is already in .*a\.yaml:1/);
  unlinkSync(join(directory, 'a.yaml'));
  await holds('default/web /second');
  assert.deepEqual(source.problems(), []);
});

test('a directory that vanishes leaves its last version in service, and is followed again when it returns', async context => {
  const directory = join(temporaryDirectory(context), 'services');
  mkdirSync(directory);
  writeFileSync(join(directory, 'a.yaml'), manifest('a'));
  const { source, holds, warnings, store } = follow(context, directory);
  await source.start();
  rmSync(directory, { recursive: true });
  await eventually('the report', () => !source.report().synced);
  assert.match(source.report().problem ?? '', /services does not exist/);
  assert.ok(Math.abs(Date.parse(source.report().lostSince ?? '') - Date.now()) < 60_000);
  assert.equal(store.content, 'default/a /a');
  assert.equal(warnings.length, 1);

  mkdirSync(directory);
  writeFileSync(join(directory, 'a.yaml'), manifest('a', '/returned'));
  await holds('default/a /returned');
  assert.deepEqual(source.report(), { kind: 'manifests', synced: true });
  writeFileSync(join(directory, 'a.yaml'), manifest('a', '/edited'));
  await holds('default/a /edited');
});

test('a file that vanishes leaves its last version in service, and is followed again when it returns', async context => {
  const file = join(temporaryDirectory(context), 'services.yaml');
  writeFileSync(file, manifest('a'));
  const { source, holds, store } = follow(context, file);
  await source.start();
  unlinkSync(file);
  await eventually('the report', () => !source.report().synced);
  assert.equal(store.content, 'default/a /a');
  writeFileSync(file, manifest('a', '/returned'));
  await holds('default/a /returned');
  assert.equal(source.report().synced, true);
});

test('a directory that is swapped for another is followed', async context => {
  const parent = temporaryDirectory(context);
  const directory = join(parent, 'services');
  mkdirSync(directory);
  writeFileSync(join(directory, 'a.yaml'), manifest('a'));
  const { source, holds } = follow(context, directory);
  await source.start();
  mkdirSync(join(parent, 'next'));
  writeFileSync(join(parent, 'next', 'a.yaml'), manifest('a', '/next'));
  renameSync(directory, join(parent, 'former'));
  renameSync(join(parent, 'next'), directory);
  await holds('default/a /next');
  writeFileSync(join(directory, 'a.yaml'), manifest('a', '/edited'));
  await holds('default/a /edited');
});

test('of a directory the kernel tells changes, and of its parent none: a log beside it is written all the time', {
  skip: process.platform === 'linux' ? false : 'reads /proc',
}, async context => {
  const parent = temporaryDirectory(context);
  const directory = join(parent, 'services');
  mkdirSync(directory);
  const file = join(directory, 'a.yaml');
  writeFileSync(file, manifest('a'));
  await follow(context, directory).source.start();
  assert.deepEqual([directory, parent].map(isWatched), [true, false]);
  await follow(context, file).source.start();
  assert.equal(isWatched(file), true);
  const other = join(parent, 'b.yaml');
  writeFileSync(other, manifest('b'));
  await follow(context, other).source.start();
  assert.equal(isWatched(parent), true);
});

test('a file that cannot be opened is reported, the others serve, and it is read when it can be', async context => {
  const directory = temporaryDirectory(context);
  const file = join(directory, 'a.yaml');
  symlinkSync('a.yaml', file);
  writeFileSync(join(directory, 'b.yaml'), manifest('b'));
  assert.match(
    readManifests(directory).problems[0]?.reason ?? '',
    /^cannot be read: it leads through too many symbolic links$/,
  );
  const { source, holds, warnings } = follow(context, directory);
  await source.start();
  await holds('default/b /b');
  assert.equal(source.problems()[0]?.file, file);
  unlinkSync(file);
  writeFileSync(file, manifest('a'));
  await holds('default/a /a', 'default/b /b');
  assert.equal(warnings.length, 1);
  assert.deepEqual(source.problems(), []);
});

test('an edit right after another of the same length is not missed', async context => {
  const file = join(temporaryDirectory(context), 'a.yaml');
  writeFileSync(file, manifest('a', '/0'));
  const { source, holds } = follow(context, file);
  await source.start();
  for (let turn = 1; turn <= 9; turn += 1) writeFileSync(file, manifest('a', `/${turn}`));
  await holds('default/a /9');
});

test('after stop nothing is followed', async context => {
  const directory = temporaryDirectory(context);
  writeFileSync(join(directory, 'a.yaml'), manifest('a'));
  const stopped = follow(context, directory);
  const going = follow(context, directory);
  await Promise.all([stopped.source.start(), going.source.start()]);
  stopped.source.stop();
  writeFileSync(join(directory, 'a.yaml'), manifest('a', '/edited'));
  await going.holds('default/a /edited');
  assert.equal(stopped.store.content, 'default/a /a');
});
