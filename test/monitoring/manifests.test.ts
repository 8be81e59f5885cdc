import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { makeDashboardJson, makePrometheusRule } from '../../deploy/monitoring/make.ts';
import { formatYaml, parseYaml, parseYamlDocuments } from '../../src/formats/yaml.ts';
import { DEPLOY, dig, listAt, named, objectIn, textOf } from '../deploy/objects.ts';
import { needs } from '../support/installed.ts';
import { TemporaryFolder } from '../support/real-process.ts';
import { promtool } from './tools.ts';

const needsKubectl = needs('kubectl');
const pod = dig(objectIn('base/deployment.yaml'), 'spec', 'template');
const container = dig(pod, 'spec', 'containers', 0);

describe('what is made', () => {
  const advice = 'run: node deploy/monitoring/make.ts';

  it('is the PrometheusRule, of the plain rules', () => {
    assert.equal(textOf('monitoring/prometheus-rule.yaml'), makePrometheusRule(), advice);
    assert.deepEqual(
      dig(objectIn('monitoring/prometheus-rule.yaml'), 'spec'),
      parseYaml(textOf('monitoring/prometheus/rules.yaml')),
    );
  });

  it('is the dashboard, of its rows', () => {
    assert.equal(textOf('monitoring/dashboard.json'), makeDashboardJson(), advice);
  });
});

describe('scraping', () => {
  it('is of the pods of the Deployment, at their status port, for the job that the rules ask for', () => {
    const monitor = objectIn('monitoring/pod-monitor.yaml');
    const labels = Object(dig(pod, 'metadata', 'labels'));
    assert.deepEqual(dig(monitor, 'spec', 'selector', 'matchLabels'), labels);
    assert.equal(dig(monitor, 'metadata', 'namespace'), dig(objectIn('base/deployment.yaml'), 'metadata', 'namespace'));
    assert.equal(labels[String(dig(monitor, 'spec', 'jobLabel'))], 'kube-entry');
    const endpoint = dig(monitor, 'spec', 'podMetricsEndpoints', 0);
    assert.ok(named(listAt(container, 'ports'), String(dig(endpoint, 'port'))));
    assert.deepEqual([dig(endpoint, 'path'), dig(endpoint, 'honorLabels')], ['/metrics', true]);
  });

  it('is the same without the operator', () => {
    const scrape = dig(parseYaml(textOf('monitoring/prometheus/scrape.yaml')), 'scrape_configs', 0);
    assert.deepEqual([dig(scrape, 'job_name'), dig(scrape, 'honor_labels')], ['kube-entry', true]);
    const namespaces = listAt(scrape, 'kubernetes_sd_configs', 0, 'namespaces', 'names');
    assert.deepEqual(namespaces, [dig(objectIn('base/deployment.yaml'), 'metadata', 'namespace')]);
    const [label, port] = String(dig(scrape, 'relabel_configs', 0, 'regex')).split(';');
    assert.equal(label, dig(pod, 'metadata', 'labels', 'app.kubernetes.io/name'));
    assert.ok(named(listAt(container, 'ports'), String(port)));
  });

  it('is configured as Prometheus takes it', needs('promtool'), async t => {
    // Debian builds Prometheus without the discovery of Kubernetes.
    const [known] = listAt(parseYaml(textOf('monitoring/prometheus/scrape.yaml')), 'scrape_configs');
    const { kubernetes_sd_configs: _, ...scrape } = Object(known);
    const folder = new TemporaryFolder();
    t.after(folder.remove);
    const file = join(folder.path, 'prometheus.yaml');
    writeFileSync(file, formatYaml({ scrape_configs: [scrape] }));
    const { code, text } = await promtool(['check', 'config', '--syntax-only', file]);
    assert.equal(code, 0, text);
  });
});

describe('the kustomization', () => {
  it('gives the operator its objects and Grafana the dashboard', needsKubectl, () => {
    const text = execFileSync('kubectl', ['kustomize', join(DEPLOY, 'monitoring')], { encoding: 'utf8' });
    const objects = parseYamlDocuments(text).documents.map(({ value }) => value);
    const kinds = objects.map(object => `${dig(object, 'kind')} ${dig(object, 'metadata', 'name')}`);
    assert.deepEqual(kinds.sort(), [
      'ConfigMap kube-entry-dashboard',
      'PodMonitor kube-entry',
      'PrometheusRule kube-entry',
    ]);
    for (const object of objects) {
      assert.equal(dig(object, 'metadata', 'namespace'), 'kube-entry');
      assert.equal(dig(object, 'metadata', 'labels', 'app.kubernetes.io/name'), 'kube-entry');
    }
    const map = objects.find(object => dig(object, 'kind') === 'ConfigMap');
    assert.equal(dig(map, 'data', 'kube-entry.json'), textOf('monitoring/dashboard.json'));
    assert.equal(dig(map, 'metadata', 'labels', 'grafana_dashboard'), '1');
  });
});
