import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sizeProblems } from './support/check-sizes.ts';

const methods = (count: number): string =>
  Array.from({ length: count }, (_, index) => `  async #method${index}(): Promise<void> {}\n`).join('');

test('a file may have 400 lines', () => {
  assert.deepEqual(sizeProblems('src/a.ts', 'x\n'.repeat(400)), []);
  assert.deepEqual(sizeProblems('src/a.ts', 'x\n'.repeat(401)), ['src/a.ts: has 401 lines, and may have 400']);
});

test('a class may have 25 methods; its constructor, its accessors and other classes do not count', () => {
  const more =
    '  readonly #field = of(1);\n  constructor() {\n    this.call();\n  }\n  get a(): number {\n    return 1;\n  }\n';
  const other = `class B {\n${methods(20)}}\n`;
  assert.deepEqual(sizeProblems('src/a.ts', `export class A {\n${more}${methods(25)}}\n${other}`), []);
  assert.deepEqual(sizeProblems('src/a.ts', `export class A {\n${more}${methods(26)}}\n${other}`), [
    'src/a.ts: class A has 26 methods, and may have 25',
  ]);
  const kinds = [
    '  static of(): A {}',
    '  [Symbol.dispose](): void {}',
    '  *all(): Iterator<A> {}',
    '  read<T>(',
    '  override x(): void {}',
  ];
  assert.equal(sizeProblems('src/a.ts', `class A<T> extends B {\n${methods(24)}${kinds.join('\n')}\n}\n`).length, 1);
});
