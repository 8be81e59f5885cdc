/** Reads the objects of deploy/ as they are in the files. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseYamlDocuments } from '../../src/formats/yaml.ts';

export const DEPLOY = join(import.meta.dirname, '../../deploy');

/** Every YAML file below deploy/, relative to it. Those of the chart are Helm's. */
export function yamlFiles(): string[] {
  const files = readdirSync(DEPLOY, { recursive: true, encoding: 'utf8' });
  return files.filter(file => /\.ya?ml$/.test(file) && !file.startsWith('chart/'));
}

export function textOf(file: string): string {
  return readFileSync(join(DEPLOY, file), 'utf8');
}

/** The only object of a file. */
export function objectIn(file: string): unknown {
  const { documents, problems } = parseYamlDocuments(textOf(file));
  assert.deepEqual(problems, [], file);
  assert.equal(documents.length, 1, `${file} holds one object`);
  return documents[0]?.value;
}

/** The value at a path, for which `spec.ports.0.port` is `spec`, `ports`, 0, `port`; undefined where there is none. */
export function dig(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((inner, step) => {
    return typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[String(step)] : undefined;
  }, value);
}

/** The list at a path. */
export function listAt(value: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const list = dig(value, ...path);
  assert.ok(Array.isArray(list), `${path.join('.')} is a list`);
  return list as unknown[];
}

/** The item of a list that has this name. */
export function named(list: readonly unknown[], name: string): unknown {
  const found = list.find(item => dig(item, 'name') === name);
  assert.ok(found !== undefined, `there is a ${name}`);
  return found;
}
