/** Each example of deploy/policies.md is read, explained and run as it stands there. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { policiesReference, REFERENCE_FILE } from '../../deploy/policies-reference.ts';
import { parseYamlDocuments } from '../../src/formats/yaml.ts';
import { isObject, isShapeProblem, readService, type ServiceObject } from '../../src/resources/service-object.ts';
import { explainPolicies, POLICIES } from '../../src/translate/policies/policies.ts';
import { type TranslateOptions, translateService } from '../../src/translate/service.ts';
import { credentials } from '../support/passwords.ts';
import { policyScene } from './scene.ts';

const REQUEST = {
  method: 'GET',
  host: 'test',
  path: '/guarded/x',
  query: '',
  upstreamPath: '/x',
  clientIp: '127.0.0.1',
  header: () => '',
};

const page = readFileSync(REFERENCE_FILE, 'utf8');

/** The annotations of each example, in the order of the page. */
const examples = [...page.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, text = '']) => {
  const { documents, problems } = parseYamlDocuments(text);
  assert.deepEqual(problems, []);
  const [document] = documents;
  assert.ok(isObject(document?.value) && isObject(document.value.metadata));
  const { annotations } = document.value.metadata;
  assert.ok(isObject(annotations));
  return annotations;
});

/** All Services and Secrets that an example names are there. */
const OPTIONS: TranslateOptions = {
  allowExternalName: false,
  credentials: () => credentials(),
  services: ({ name }) => annotated(name, { 'kube-entry.io/path': `/${name}` }),
};

function annotated(name: string, annotations: object | undefined): ServiceObject {
  const spec = { clusterIP: '10.96.0.7', ports: [{ port: 80 }] };
  const service = readService({ metadata: { name, annotations }, spec }, 'default');
  assert.ok(!isShapeProblem(service));
  return service;
}

describe('deploy/policies.md', { concurrency: 8 }, () => {
  it('is what the table says: npm run docs:policies writes it again', () => {
    assert.equal(page, policiesReference());
    assert.equal(examples.length, POLICIES.length + 1);
  });

  it('has an example of a canary that is one', () => {
    const service = annotated('next', examples.at(-1));
    const { canary, refusals, warnings } = translateService(service, OPTIONS);
    assert.deepEqual([refusals, warnings], [[], []]);
    assert.deepEqual([canary?.primary.name, canary?.canary.weight, canary?.canary.header], ['shop', 10, 'x-canary']);
  });

  for (const [index, { rows }] of POLICIES.entries()) {
    const [{ name }] = rows;
    it(`has an example of ${name} that does what it says`, async t => {
      const service = annotated('web', { 'kube-entry.io/path': '/guarded', ...examples[index] });
      const { routes, refusals, warnings } = translateService(service, OPTIONS);
      assert.deepEqual([refusals, warnings], [[], []]);
      const policies = routes[0]?.policies ?? [];
      assert.deepEqual(
        explainPolicies(policies, REQUEST).map(({ policy, does }) => [policy, does !== '' && !does.endsWith('.')]),
        [[name, true]],
      );
      const scene = await policyScene(t, policies);
      const { status } = await scene.get();
      const [line] = await scene.proxy.logged(1);
      assert.equal(line?.status, status);
      assert.notEqual(line?.reason, 'internal');
    });
  }
});
