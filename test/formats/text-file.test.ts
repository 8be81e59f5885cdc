import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { FormatError } from '../../src/errors.ts';
import { readTextFile } from '../../src/formats/text-file.ts';

function fileOf(t: TestContext, content: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'ke-text-file-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'file');
  writeFileSync(file, content);
  return file;
}

test('a file is read as it is, up to the limit', t => {
  for (const content of ['', 'ä', `${'ä'.repeat(32_767)}x${'漢'.repeat(50_000)}`]) {
    const bytes = Buffer.byteLength(content);
    assert.equal(readTextFile(fileOf(t, content), bytes), content);
    if (bytes > 0) assert.throws(() => readTextFile(fileOf(t, content), bytes - 1), FormatError);
  }
});

test('what is larger is refused with the limit, also where no size is told', () => {
  assert.throws(() => readTextFile('/dev/zero', 1024 * 1024), /^FormatError: it is larger than 1m$/);
});

test('what the file system says is thrown as it is', () => {
  assert.throws(() => readTextFile('/nowhere', 1), { code: 'ENOENT' });
  assert.throws(() => readTextFile('/', 1), { code: 'EISDIR' });
});
