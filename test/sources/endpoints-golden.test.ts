/**
 * The endpoints of Services, case by case: `golden-endpoints/<case>.in.yaml` holds Services, each with its EndpointSlices
 * behind it, `<case>.out.json` the endpoints of each of its ports. A case is added by adding the two files; UPDATE_GOLDEN=1
 * writes the second, to be read before it is committed. A document of kind Location says where the program runs, for the
 * documents after it.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseYamlDocuments } from '../../src/formats/yaml.ts';
import { type EndpointSlice, readEndpointSlice } from '../../src/resources/endpoint-slice.ts';
import { isObject, isShapeProblem, readService, type ServiceObject } from '../../src/resources/service-object.ts';
import { endpointsOf, type Location } from '../../src/translate/endpoints.ts';

const GOLDEN = join(import.meta.dirname, 'golden-endpoints');
const INPUT = '.in.yaml';
const OUTPUT = '.out.json';

interface Case {
  readonly service: ServiceObject;
  readonly slices: EndpointSlice[];
  readonly location: Location;
}

function read(text: string): Case[] {
  const cases: Case[] = [];
  let location: Location = { nodeName: '', zone: '', zoneMinimum: 2 };
  const { documents, problems } = parseYamlDocuments(text);
  assert.deepEqual(problems, []);
  for (const { value } of documents) {
    assert.ok(isObject(value));
    if (value.kind === 'Location') {
      const { nodeName = '', zone = '', zoneMinimum } = value;
      location = { nodeName: String(nodeName), zone: String(zone), zoneMinimum: Number(zoneMinimum) };
    } else if (value.kind === 'Service') {
      const service = readService(value, 'default');
      assert.ok(!isShapeProblem(service), JSON.stringify(service));
      cases.push({ service, slices: [], location });
    } else {
      const slice = readEndpointSlice(value, 'default');
      assert.ok(!isShapeProblem(slice), JSON.stringify(slice));
      cases.find(({ service }) => service.metadata.name === slice.service)?.slices.push(slice);
    }
  }
  return cases;
}

const names = readdirSync(GOLDEN);

for (const input of names.filter(name => name.endsWith(INPUT))) {
  const name = input.slice(0, -INPUT.length);
  test(`the Services of golden case ${name} have the endpoints that are expected`, () => {
    const results = read(readFileSync(join(GOLDEN, input), 'utf8')).flatMap(({ service, slices, location }) =>
      (service.spec.ports ?? []).map(port => {
        const { endpoints = 'those of the ClusterIP', warnings } = endpointsOf(service, port, slices, location);
        return { service: service.metadata.name, port: port.port, endpoints, warnings };
      }),
    );
    const output = join(GOLDEN, name + OUTPUT);
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(output, `${JSON.stringify(results, null, 2)}\n`);
    assert.ok(existsSync(output), `golden-endpoints/${name + OUTPUT} is missing: UPDATE_GOLDEN=1 writes it`);
    assert.deepEqual(results, JSON.parse(readFileSync(output, 'utf8')));
  });
}

test('every golden output has its input', () => {
  const orphans = names.filter(name => !name.endsWith(INPUT) && !names.includes(name.replace(/\.out\.json$/, INPUT)));
  assert.deepEqual(orphans, []);
});
