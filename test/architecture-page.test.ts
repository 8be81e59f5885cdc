/** src/ARCHITECTURE.md names files and functions: it must not send a reader to one that has moved. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';

const SRC = join(import.meta.dirname, '../src');
/** A path from src, such as `model/route.ts` or `dataplane/http1/`. */
const PATH = /^[\w./-]+\/[\w./-]*$/;
/** A name without its folder, which is that of the path before it. */
const FILE = /^[\w-]+\.ts$/;
/** Such as `drain()` or `#replace()`. */
const FUNCTION = /^#?\w+\(\)$/;
const NAMED = /`([^`]+)`/g;

interface Named {
  /** As the page has it. */
  readonly text: string;
  /** From src. */
  readonly path: string;
}

const page = readFileSync(join(SRC, 'ARCHITECTURE.md'), 'utf8');
/** Rows of tables, items of lists, and paragraphs: what stands "beside it" does so within one of them. */
const passages = page.split(/\n(?=\||- |\d\. )|\n\n/);

describe('src/ARCHITECTURE.md', () => {
  test('names files that are there, each in its folder', () => {
    const named = passages.flatMap(filesOf);
    assert.ok(named.length > 200, `${named.length} files`);
    const absent = named.filter(({ path }) => !existsSync(join(SRC, path))).map(({ text, path }) => `${text}: ${path}`);
    assert.deepEqual(absent, []);
  });

  test('names functions that stand in a file of the same passage', () => {
    const named = passages.flatMap(passage => functionsOf(passage).map(name => ({ name, passage })));
    assert.ok(named.length > 25, `${named.length} functions`);
    const absent = named.filter(({ name, passage }) => !filesOf(passage).some(file => defines(file, name)));
    assert.deepEqual(
      absent.map(({ name }) => name),
      [],
    );
  });
});

function filesOf(passage: string): Named[] {
  let folder = '';
  const files: Named[] = [];
  for (const [, text = ''] of passage.matchAll(NAMED)) {
    if (PATH.test(text)) {
      folder = text.endsWith('/') ? text : dirname(text);
      files.push({ text, path: text });
    } else if (FILE.test(text)) {
      files.push({ text, path: join(folder, text) });
    }
  }
  return files;
}

function functionsOf(passage: string): string[] {
  const named = [...passage.matchAll(NAMED)].map(([, text = '']) => text);
  return named.filter(text => FUNCTION.test(text)).map(text => text.slice(0, -'()'.length));
}

/** Whether the file defines a function or method of this name. */
function defines({ path }: Named, name: string): boolean {
  const file = join(SRC, path);
  if (!path.endsWith('.ts') || !existsSync(file)) return false;
  const definition = new RegExp(
    `^ *(?:export )?(?:(?:async|static|protected|override|function) )*${name}(?:<[^(]*>)?\\(`,
    'm',
  );
  return definition.test(readFileSync(file, 'utf8'));
}
