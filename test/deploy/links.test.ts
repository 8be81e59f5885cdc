/** Links between the documents of the project lead to files, and to headings in them. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '..', '..');
const FOLDERS = ['bench', 'deploy', 'src', 'test'];
const PAGES = [...globSync('*.md', { cwd: ROOT }), ...globSync(`{${FOLDERS}}/**/*.md`, { cwd: ROOT })];

/** As forges make them of headings. */
function anchorsOf(page: string): Set<string> {
  const text = readFileSync(page, 'utf8').replace(/^```.*?^```/gms, '');
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading);
  return new Set(
    headings.map(heading =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\- _]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

for (const page of PAGES) {
  test(`each link of ${page} leads somewhere`, () => {
    const text = readFileSync(join(ROOT, page), 'utf8').replace(/`[^`\n]*`/g, '');
    for (const [, file = '', anchor] of text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g)) {
      const target = file === '' ? join(ROOT, page) : join(ROOT, dirname(page), file);
      assert.ok(existsSync(target), `${file} does not exist`);
      if (anchor !== undefined) assert.ok(anchorsOf(target).has(anchor), `${file}#${anchor} is no heading`);
    }
  });
}
