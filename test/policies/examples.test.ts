/** Each example of deploy/policies.md is read, explained and run as it stands there. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { policiesReference, REFERENCE_FILE } from '../../deploy/policies-reference.ts';
import { parseYamlDocuments } from '../../src/formats/yaml.ts';
import { isObject, isShapeProblem, readService } from '../../src/resources/service-object.ts';
import { explainPolicies, POLICIES } from '../../src/translate/policies/policies.ts';
import { translateService } from '../../src/translate/service.ts';
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
  return document.value.metadata.annotations;
});

describe('deploy/policies.md', { concurrency: 8 }, () => {
  it('is what the table says: npm run docs:policies writes it again', () => {
    assert.equal(page, policiesReference());
    assert.equal(examples.length, POLICIES.length);
  });

  for (const [index, { rows }] of POLICIES.entries()) {
    const [{ name }] = rows;
    it(`has an example of ${name} that does what it says`, async t => {
      const annotations = examples[index];
      assert.ok(isObject(annotations));
      const service = readService(
        {
          metadata: { name: 'web', annotations: { 'kube-entry.io/path': '/guarded', ...annotations } },
          spec: { clusterIP: '10.96.0.7', ports: [{ port: 80 }] },
        },
        'default',
      );
      assert.ok(!isShapeProblem(service));
      const { routes, refusals, warnings } = translateService(service, { allowExternalName: false });
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
      assert.notEqual(status, 500, 'a bug');
    });
  }
});
