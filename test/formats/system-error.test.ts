import assert from 'node:assert/strict';
import { mkdtempSync, openSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileProblem } from '../../src/formats/system-error.ts';

let folder = '';

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'ke-files-'));
  writeFileSync(join(folder, 'file'), '');
  symlinkSync('loop', join(folder, 'loop'));
});

after(() => rmSync(folder, { recursive: true }));

function problemOf(path: string, act: (path: string) => unknown): string {
  try {
    act(path);
  } catch (error) {
    return fileProblem(path, error);
  }
  return 'none';
}

const read = (path: string) => readFileSync(path);

test('what the system says of a file becomes a sentence', () => {
  assert.equal(problemOf(join(folder, 'nothing'), read), 'it does not exist');
  assert.equal(problemOf('/nowhere/at/all', read), 'the folder /nowhere/at does not exist');
  assert.equal(
    problemOf('/nowhere/at', path => openSync(path, 'w')),
    'the folder /nowhere does not exist',
  );
  assert.equal(problemOf(folder, read), 'it is a folder');
  assert.equal(problemOf(join(folder, 'file/x'), read), 'a part of its path is a file, not a folder');
  assert.equal(
    problemOf(join(folder, 'file'), path => readdirSync(path)),
    'a part of its path is a file, not a folder',
  );
  assert.equal(problemOf(join(folder, 'loop'), read), 'it leads through too many symbolic links');
  assert.equal(problemOf(join(folder, 'x'.repeat(300)), read), 'its name is too long');
});

test('a lack of rights names the user', () => {
  const error = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
  assert.equal(fileProblem('/x', error), `permission denied (user ${process.getuid?.()})`);
});

test('what is not known is said in the words of the system', () => {
  assert.equal(fileProblem('/x', Object.assign(new Error('EIO: i/o error'), { code: 'EIO' })), 'EIO: i/o error');
});
