import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { parseYamlDocuments } from '../../src/formats/yaml.ts';
import { needs } from '../support/installed.ts';
import { DEPLOY, dig, listAt, objectIn, textOf, yamlFiles } from './objects.ts';

const BUDGET = 'pod-disruption-budget.yaml';
const needsKubectl = needs('kubectl');

function resources(folder: string): string[] {
  return listAt(objectIn(join(folder, 'kustomization.yaml')), 'resources').map(String);
}

function built(folder: string): unknown[] {
  const text = execFileSync('kubectl', ['kustomize', join(DEPLOY, folder)], { encoding: 'utf8' });
  return parseYamlDocuments(text).documents.map(({ value }) => value);
}

function kinds(objects: readonly unknown[]): string[] {
  return objects.map(object => `${dig(object, 'kind')} ${dig(object, 'metadata', 'name')}`).sort();
}

describe('the YAML of deploy/', () => {
  // What Prometheus reads as it is, is no object of Kubernetes.
  for (const file of yamlFiles().filter(name => !name.startsWith('monitoring/prometheus/'))) {
    it(`${file} holds one Kubernetes object`, () => {
      const object = objectIn(file);
      assert.equal(typeof dig(object, 'apiVersion'), 'string');
      assert.equal(typeof dig(object, 'kind'), 'string');
    });
  }
});

describe('the kustomizations', () => {
  it('name every file of the base', () => {
    const files = yamlFiles()
      .filter(file => dirname(file) === 'base' && file !== 'base/kustomization.yaml')
      .map(file => file.slice('base/'.length));
    assert.deepEqual(resources('base').sort(), files.sort());
  });

  it('give old clusters all of the base but the disruption budget, file by file', () => {
    const expected = resources('base').filter(file => file !== BUDGET);
    assert.deepEqual(
      resources('.'),
      expected.map(file => `base/${file}`),
    );
  });

  it('label every object', () => {
    for (const file of resources('base')) {
      assert.equal(
        dig(objectIn(`base/${file}`), 'metadata', 'labels', 'app.kubernetes.io/name'),
        'kube-entry',
        `base/${file}`,
      );
    }
  });

  it('are built by kubectl', needsKubectl, () => {
    const expected = resources('base').map(file => objectIn(`base/${file}`));
    assert.deepEqual(kinds(built('base')), kinds(expected));
    assert.deepEqual(
      kinds(built('.')),
      kinds(expected).filter(kind => !kind.startsWith('PodDisruptionBudget')),
    );
  });

  it('put a Role in the place of the ClusterRole in the namespaced overlay', needsKubectl, () => {
    const objects = built('namespaced');
    const clusterWide = ['ClusterRole kube-entry', 'ClusterRoleBinding kube-entry'];
    const expected = kinds(resources('base').map(file => objectIn(`base/${file}`)))
      .filter(kind => !clusterWide.includes(kind))
      .concat(['Role kube-entry', 'RoleBinding kube-entry']);
    assert.deepEqual(kinds(objects), expected.sort());
    const deployment = objects.find(object => dig(object, 'kind') === 'Deployment');
    const names = listAt(deployment, 'spec', 'template', 'spec', 'containers', 0, 'env').map(item => dig(item, 'name'));
    const expectedNames = ['ADMIN_SOCKET', 'HTTPS_PORT', 'NAMESPACE', 'NODE_NAME', 'STATE_FILE', 'WORKERS', 'ZONE'].map(
      name => `KUBE_ENTRY_${name}`,
    );
    assert.deepEqual(names.sort(), expectedNames);
  });
});

describe('the disruption budget', () => {
  it('differs between API versions in nothing but the version, as the README has it', () => {
    assert.equal(dig(objectIn(`base/${BUDGET}`), 'apiVersion'), 'policy/v1');
    assert.match(
      textOf('README.md'),
      /sed 's\|policy\/v1\|policy\/v1beta1\|' deploy\/base\/pod-disruption-budget\.yaml/,
    );
  });

  it('covers the pods and lets go of one at a time', () => {
    const budget = objectIn(`base/${BUDGET}`);
    assert.equal(dig(budget, 'spec', 'maxUnavailable'), 1);
    assert.deepEqual(
      dig(budget, 'spec', 'selector', 'matchLabels'),
      dig(objectIn('base/deployment.yaml'), 'spec', 'template', 'metadata', 'labels'),
    );
  });
});
