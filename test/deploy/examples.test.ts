import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Catalog } from '../../src/control/catalog.ts';
import { parseYamlDocuments } from '../../src/formats/yaml.ts';
import { explain } from '../../src/routing/explain.ts';
import { readManifests } from '../../src/sources/manifest-files.ts';
import { translateService } from '../../src/translate/service.ts';
import { DEPLOY, dig, textOf, yamlFiles } from './objects.ts';

const files = yamlFiles().filter(file => file.startsWith('examples/'));
const { services, problems } = readManifests(`${DEPLOY}/examples`);
const objects = services.map(({ object }) => object);

function catalog(): Catalog {
  const filled = new Catalog({ allowExternalName: false, waitsFor: 'services' });
  filled.replace(objects);
  filled.commit();
  return filled;
}

describe('the example Services', () => {
  it('are read without a problem, one to a file', () => {
    assert.deepEqual(problems, []);
    assert.equal(objects.length, files.length);
  });

  for (const object of objects) {
    const { name } = object.metadata;

    it(`${name} is served: no refusal, no warning`, () => {
      const { routes, refusals, warnings } = translateService(object, { allowExternalName: false });
      assert.deepEqual({ refusals, warnings }, { refusals: [], warnings: [] });
      assert.ok(routes.length > 0);
    });

    it(`${name} has a loopback address that a test API server might have given it`, () => {
      assert.match(object.spec.clusterIP ?? '', /^127\.100\.\d{1,3}\.\d{1,3}$/);
    });
  }

  it('do not want the same host and path, nor the same address', () => {
    assert.deepEqual(catalog().conflicts(), []);
    assert.equal(new Set(objects.map(({ spec }) => spec.clusterIP)).size, objects.length);
  });

  it('hand /volume/api/v1/pools to the backend as /api/v1/pools', () => {
    const explanation = explain(catalog().table, '127.0.0.1:28888', '/volume/api/v1/pools');
    assert.equal(explanation?.route?.service.name, 'volume');
    assert.equal(explanation?.upstreamTarget, '/api/v1/pools');
  });

  it('show a host, a prefix that stays, and timeouts', () => {
    const routes = [...catalog().table.routes()];
    assert.ok(routes.some(({ host }) => host.startsWith('*.')));
    assert.ok(routes.some(({ stripPrefix }) => !stripPrefix));
    assert.ok(routes.some(({ overrides }) => overrides.readTimeoutMs !== undefined));
  });

  it('can be applied to a cluster as their comment says: put together, without the clusterIP lines', () => {
    const text = files
      .map(textOf)
      .join('')
      .replaceAll(/^.*clusterIP:.*\n/gm, '');
    const stream = parseYamlDocuments(text);
    assert.deepEqual(stream.problems, []);
    assert.deepEqual(
      stream.documents.map(({ value }) => dig(value, 'metadata', 'name')),
      files.map(file => file.slice('examples/'.length, -'.yaml'.length)),
    );
    for (const { value } of stream.documents) assert.equal(dig(value, 'spec', 'clusterIP'), undefined);
  });
});
