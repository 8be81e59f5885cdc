/**
 * The translation of Services, case by case: `golden/<case>.in.yaml` holds Services, `golden/<case>.out.json` what
 * becomes of each. A case is added by adding the two files; UPDATE_GOLDEN=1 writes the second, to be read before it is
 * committed. A document of kind Options sets the translation's options for the documents after it.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseYamlDocuments } from '../../src/formats/yaml.ts';
import { type ServiceRef, serviceKey } from '../../src/model/route.ts';
import { isObject, isShapeProblem, readService, type ServiceObject } from '../../src/resources/service-object.ts';
import { parseBalance } from '../../src/translate/balance/balance.ts';
import { type TranslateOptions, translateService } from '../../src/translate/service.ts';

const GOLDEN = join(import.meta.dirname, 'golden');
const INPUT = '.in.yaml';
const OUTPUT = '.out.json';

function translateAll(text: string): unknown[] {
  const { documents, problems } = parseYamlDocuments(text);
  assert.deepEqual(problems, []);
  // Those of one file may name each other.
  const known = new Map<string, ServiceObject>();
  const services = (ref: ServiceRef): ServiceObject | undefined => known.get(serviceKey(ref));
  for (const { value } of documents) {
    const service = readService(value, 'default');
    if (!isShapeProblem(service)) known.set(serviceKey(service.metadata), service);
  }
  let options: TranslateOptions = { allowExternalName: false, services };
  const results: unknown[] = [];
  for (const { value } of documents) {
    if (isObject(value) && value.kind === 'Options') {
      options = {
        allowExternalName: value.allowExternalName === true,
        balance: parseBalance(String(value.balance ?? 'service')),
        engine: value.engine === 'node' ? 'node' : 'wire',
        services,
      };
      continue;
    }
    const service = readService(value, 'default');
    assert.ok(!isShapeProblem(service), `${JSON.stringify(value)} is not the shape of a Service`);
    results.push(translateService(service, options));
  }
  return results;
}

const names = readdirSync(GOLDEN);

for (const input of names.filter(name => name.endsWith(INPUT))) {
  const name = input.slice(0, -INPUT.length);
  test(`the Services of golden case ${name} become what is expected`, () => {
    const results = translateAll(readFileSync(join(GOLDEN, input), 'utf8'));
    const output = join(GOLDEN, name + OUTPUT);
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(output, `${JSON.stringify(results, null, 2)}\n`);
    assert.ok(existsSync(output), `golden/${name + OUTPUT} is missing: UPDATE_GOLDEN=1 writes it`);
    assert.deepEqual(JSON.parse(JSON.stringify(results)), JSON.parse(readFileSync(output, 'utf8')));
  });
}

test('every golden output has its input', () => {
  const orphans = names.filter(name => !name.endsWith(INPUT) && !names.includes(name.replace(/\.out\.json$/, INPUT)));
  assert.deepEqual(orphans, []);
});
