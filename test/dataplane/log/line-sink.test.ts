import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { readdirSync, readlinkSync, renameSync } from 'node:fs';
import { lstat, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { WriteTurn } from '../../../src/dataplane/log/write-turn.ts';
import { eventually } from '../../support/eventually.ts';
import { namedPipe, scratchDirectory, sinkTo, writeLine, writePromptly } from './sink-fixture.ts';

function numbered(first: number, last: number): string {
  return Array.from({ length: last - first + 1 }, (_, index) => `line ${first + index}\n`).join('');
}

test('a single line is in the file soon', async context => {
  const path = join(await scratchDirectory(context), 'access.log');
  const { sink, heard } = sinkTo(context, path);
  writeLine(sink, 'one\n');
  await eventually('the line', async () => (await readFile(path, 'utf8')) === 'one\n');
  assert.deepEqual(heard, { dropped: 0, said: 0, errors: [] });
});

test('a missing directory is an error, and none is made', async context => {
  const directory = join(await scratchDirectory(context), 'missing');
  const { heard } = sinkTo(context, join(directory, 'access.log'));
  assert.deepEqual(heard.errors, ['ENOENT']);
  await assert.rejects(lstat(directory), { code: 'ENOENT' });
});

test('a thread whose event loop seldom turns loses no line to a file', async context => {
  writePromptly(context);
  const path = join(await scratchDirectory(context), 'access.log');
  const { sink, heard } = sinkTo(context, path);
  const line = `${'x'.repeat(199)}\n`;
  // What a worker under load logs: hundreds of requests a turn.
  for (let turn = 0; turn < 100; turn += 1) {
    for (let request = 0; request < 500; request += 1) writeLine(sink, line);
    await new Promise(setImmediate);
  }
  await eventually('all of it', async () => (await stat(path)).size === 100 * 500 * line.length);
  assert.equal(heard.dropped, 0);
});

test('lines come whole, in order and once, however many', async context => {
  const path = join(await scratchDirectory(context), 'access.log');
  await writeFile(path, 'from an earlier run\n');
  const { sink, heard } = sinkTo(context, path);
  for (let number = 1; number <= 5_000; number += 1) {
    writeLine(sink, `line ${number}\n`);
    if (number % 500 === 0) await new Promise(resolve => setImmediate(resolve));
  }
  const whole = `from an earlier run\n${numbered(1, 5_000)}`;
  await eventually('every line', async () => (await readFile(path, 'utf8')).length >= whole.length);
  assert.equal(await readFile(path, 'utf8'), whole);
  assert.equal(heard.dropped, 0);
});

test('a line longer than a batch comes whole, between the others', async context => {
  const path = join(await scratchDirectory(context), 'access.log');
  const { sink, heard } = sinkTo(context, path);
  const whole = ['before\n', `${'x'.repeat(400 * 1024)}\n`, 'after\n'];
  for (const line of whole) writeLine(sink, line);
  await eventually('every line', async () => (await readFile(path, 'utf8')) === whole.join(''));
  assert.equal(heard.dropped, 0);
});

test('two sinks into one file do not tear each other lines', async context => {
  const path = join(await scratchDirectory(context), 'access.log');
  const sinks = [sinkTo(context, path).sink, sinkTo(context, path).sink];
  const line = (name: string): string => `${name.repeat(300)}\n`;
  for (let round = 0; round < 100; round += 1) {
    for (const [index, sink] of sinks.entries()) writeLine(sink, line('ab'[index] ?? ''));
    if (round % 10 === 0) await new Promise(resolve => setImmediate(resolve));
  }
  const text = await eventually('200 lines', async () => {
    const now = await readFile(path, 'utf8');
    return now.length >= 200 * 301 && now;
  });
  const torn = text.split('\n').filter(found => found !== '' && !/^(?:a{300}|b{300})$/.test(found));
  assert.deepEqual(torn, []);
});

test('two sinks into one pipe do not tear each other long lines, however full it is', async context => {
  const { path, read } = await namedPipe(context);
  const shared = WriteTurn.shared();
  const sinks = [1, 2].map(id => sinkTo(context, path, new WriteTurn(shared, id)));
  const written = 60;
  for (let round = 0; round < written; round += 1) {
    for (const [index, { sink }] of sinks.entries()) writeLine(sink, `${'ab'[index]?.repeat(9_999)}\n`);
  }
  let text = '';
  await eventually('every line', () => {
    text += read();
    return text.length === 2 * written * 10_000;
  });
  const torn = text.split('\n').filter(line => line !== '' && !/^(?:a{9999}|b{9999})$/.test(line));
  assert.deepEqual(
    torn.map(line => line.length),
    [],
  );
});

test('a sink that has died in the middle of a line holds nobody up once its turn is given back', async context => {
  const { path, read } = await namedPipe(context);
  const shared = WriteTurn.shared();
  const dead = new WriteTurn(shared, 1);
  assert.ok(dead.take());
  const { sink } = sinkTo(context, path, new WriteTurn(shared, 2));
  writeLine(sink, 'waits\n');
  // Longer than it takes to be written.
  await new Promise(resolve => setTimeout(resolve, 150));
  assert.equal(read(), '');
  dead.give();
  await eventually('the line', () => read() === 'waits\n');
});

test('after reopen the next lines are in a new file, and none is lost', async context => {
  const directory = await scratchDirectory(context);
  const path = join(directory, 'access.log');
  const { sink } = sinkTo(context, path);
  const files: string[] = [];
  for (let turn = 0; turn < 5; turn += 1) {
    // Some of them are under way when the file is moved.
    for (let number = 1; number <= 400; number += 1) writeLine(sink, `line ${turn * 400 + number}\n`);
    const moved = join(directory, `access.log.${turn}`);
    await rename(path, moved);
    sink.reopen();
    files.push(moved);
  }
  files.push(path);
  const whole = numbered(1, 2_000);
  const text = await eventually('every line', async () => {
    const now = (await Promise.all(files.map(file => readFile(file, 'utf8')))).join('');
    return now.length >= whole.length && now;
  });
  assert.equal(text, whole);
  writeLine(sink, 'after\n');
  await eventually('a line in the new file', async () => (await readFile(path, 'utf8')).endsWith('after\n'));
});

test('a reader that stalls costs lines, which are counted, and gets whole lines again later', async context => {
  const { path, read, fill } = await namedPipe(context);
  const { sink, heard } = sinkTo(context, path);
  // Else the first write could be so late that lines are lost before the pipe is full.
  fill();
  const line = (number: number): string => `${String(number).padStart(6, '0')}${'x'.repeat(994)}\n`;
  const written = 3_000;
  for (let number = 0; number < written; number += 1) {
    writeLine(sink, line(number));
    if (number % 100 === 0) await new Promise(resolve => setImmediate(resolve));
  }
  assert.ok(heard.dropped > 0, 'three megabytes do not fit');
  assert.ok(heard.dropped < written, 'a stall is no reason to drop everything');
  assert.deepEqual(heard.errors, [], 'a full pipe is no error');
  assert.equal(heard.said, 0, 'nothing is said while the pipe is full');

  let text = '';
  const kept = written - heard.dropped;
  await eventually(`${kept} lines`, () => {
    for (let chunk = read(); chunk !== ''; chunk = read()) text = (text + chunk).replace(/^\n+/, '');
    return text.length >= kept * 1_001;
  });
  const lines = text.split('\n').slice(0, -1);
  assert.equal(lines.length, kept);
  assert.ok(lines.every(found => /^\d{6}x{994}$/.test(found)));
  assert.deepEqual(lines, [...lines].sort());

  assert.equal(heard.said, heard.dropped, 'what was lost is said when it goes on');
  const before = heard.dropped;
  writeLine(sink, line(999_999));
  await eventually('a line after the stall', () => read().startsWith('999999'));
  assert.equal(heard.dropped, before);
});

test('the end of a thread is not held up by a reader that stalls', async context => {
  const { path } = await namedPipe(context);
  const { sink } = sinkTo(context, path);
  for (let number = 0; number < 2_000; number += 1) writeLine(sink, `${'x'.repeat(400)}\n`);
  sink.flush();
  // Once given up, nothing is tried again: each of these would take its time.
  for (let number = 0; number < 10_000; number += 1) writeLine(sink, 'late\n');
  sink.flush();
});

test('flush writes out what is pending, and then every line at once', async context => {
  const path = join(await scratchDirectory(context), 'access.log');
  const { sink } = sinkTo(context, path);
  writeLine(sink, 'one\n');
  sink.flush();
  assert.equal(await readFile(path, 'utf8'), 'one\n');
  writeLine(sink, 'two\n');
  assert.equal(await readFile(path, 'utf8'), 'one\ntwo\n');
});

test('flush leaves the order as it is when a write is under way', async context => {
  const path = join(await scratchDirectory(context), 'access.log');
  const { sink } = sinkTo(context, path);
  for (let number = 1; number <= 2_000; number += 1) writeLine(sink, `line ${number}\n`);
  sink.flush();
  const whole = numbered(1, 2_000);
  await eventually('every line', async () => (await readFile(path, 'utf8')).length >= whole.length);
  assert.equal(await readFile(path, 'utf8'), whole);
});

test('a file that cannot be opened is reported once, and harms nobody', async context => {
  const directory = await scratchDirectory(context);
  const parent = join(directory, 'parent');
  await writeFile(parent, 'a file where a directory should be');
  const { sink, heard } = sinkTo(context, join(parent, 'access.log'));
  for (let number = 0; number < 2_000; number += 1) writeLine(sink, `${'x'.repeat(999)}\n`);
  // Longer than a batch waits to be written.
  await new Promise(resolve => setTimeout(resolve, 150));
  assert.equal(heard.errors.length, 1);
  assert.equal(heard.dropped, 2_000 - Math.floor((1024 * 1024) / 1_000));

  await rm(parent);
  await mkdir(parent);
  sink.reopen();
  const text = await eventually('what has waited', async () => {
    const now = await readFile(join(parent, 'access.log'), 'utf8');
    return now.length >= 1_048_000 && now;
  });
  assert.equal(text.length, 1_048_000);
  assert.equal(heard.errors.length, 1);
});

test('reopened twice during one write that stalls, every file but the newest is closed', async context => {
  const directory = await scratchDirectory(context);
  const path = join(directory, 'access.log');
  const { sink } = sinkTo(context, path);
  const descriptors = (): string[] =>
    readdirSync('/proc/self/fd').flatMap(fd => {
      try {
        const target = readlinkSync(`/proc/self/fd/${fd}`);
        return target.startsWith(directory) ? [target] : [];
      } catch {
        // The descriptor that reads the folder.
        return [];
      }
    });
  for (let number = 1; number <= 2_000; number += 1) writeLine(sink, `line ${number}\n`);
  for (const turn of [1, 2]) {
    // At once: the write goes on in another thread.
    renameSync(path, `${path}.${turn}`);
    sink.reopen();
  }
  const written = async (): Promise<string> =>
    `${await readFile(`${path}.1`, 'utf8')}${await readFile(`${path}.2`, 'utf8')}${await readFile(path, 'utf8')}`;
  const whole = numbered(1, 2_000);
  await eventually('every line', async () => (await written()).length >= whole.length);
  assert.equal(await written(), whole);
  // A file is closed when this thread hears of its last write, which may be after the bytes are in it.
  await eventually('one open file', () => isDeepStrictEqual(descriptors(), [path]));
});

test('a reopen that fails leaves the old file in use', async context => {
  const directory = await scratchDirectory(context);
  const path = join(directory, 'logs', 'access.log');
  await mkdir(join(directory, 'logs'));
  const { sink, heard } = sinkTo(context, path);
  await rename(join(directory, 'logs'), join(directory, 'moved'));
  await writeFile(join(directory, 'logs'), 'a file where a directory should be');
  sink.reopen();
  assert.equal(heard.errors.length, 1);
  writeLine(sink, 'still here\n');
  const moved = join(directory, 'moved', 'access.log');
  await eventually('a line in the old file', async () => (await readFile(moved, 'utf8')) === 'still here\n');
});

test('a named pipe that nobody reads does not hold up the start', async context => {
  const path = join(await scratchDirectory(context), 'pipe');
  execFileSync('mkfifo', [path]);
  const { heard } = sinkTo(context, path);
  assert.deepEqual(heard.errors, ['ENXIO']);
});

test('an error that lasts is said once, and again when it comes back', async context => {
  const { path, read, whileAbsent } = await namedPipe(context);
  const { sink, heard } = sinkTo(context, path);
  for (const turn of [1, 2]) {
    await whileAbsent(async () => {
      writeLine(sink, 'waits\n');
      await eventually('an error', () => heard.errors.length === turn);
      // It is tried again many times.
      await new Promise(resolve => setTimeout(resolve, 150));
    });
    await eventually('what has waited', () => read() === 'waits\n');
  }
  assert.deepEqual(heard, { dropped: 0, said: 0, errors: ['EPIPE', 'EPIPE'] });
});

test('standard output gets the lines, and reopening it means nothing', async () => {
  const module = JSON.stringify(join(import.meta.dirname, '../../../src/dataplane/log/line-sink.ts'));
  const program = `
    import { LineSink } from ${module};
    const sink = new LineSink('', { take: () => true, give() {} }, { onDrop() {}, onResume() {}, onError() {} });
    for (let number = 1; number <= 3000; number += 1) {
      sink.reserve(20);
      sink.add(sink.end + sink.bytes.write('line ' + number + '\\n', sink.end));
    }
    sink.reopen();
    setTimeout(() => sink.flush(), 20);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', chunk => {
    text += chunk;
  });
  await new Promise(resolve => child.once('close', resolve));
  assert.equal(text, numbered(1, 3_000));
});
