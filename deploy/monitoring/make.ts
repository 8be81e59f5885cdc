/**
 * Makes what others than Prometheus read: `node deploy/monitoring/make.ts` writes dashboard.json and
 * prometheus-rule.yaml. A test compares both with what this would write.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatYaml, parseYaml } from '../../src/formats/yaml.ts';
import { makeDashboard } from './dashboard/dashboard.ts';

const here = (file: string): string => join(import.meta.dirname, file);

const RULE_HEAD = '# Made of prometheus/rules.yaml by `node deploy/monitoring/make.ts`: edit that.\n';

/** The rules for the Prometheus operator. */
export function makePrometheusRule(): string {
  return (
    RULE_HEAD +
    formatYaml({
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PrometheusRule',
      metadata: {
        name: 'kube-entry',
        namespace: 'kube-entry',
        labels: { 'app.kubernetes.io/name': 'kube-entry' },
      },
      spec: parseYaml(readFileSync(here('prometheus/rules.yaml'), 'utf8')),
    })
  );
}

/** The dashboard for Grafana. */
export function makeDashboardJson(): string {
  return `${JSON.stringify(makeDashboard(), undefined, 2)}\n`;
}

if (import.meta.main) {
  writeFileSync(here('prometheus-rule.yaml'), makePrometheusRule());
  writeFileSync(here('dashboard.json'), makeDashboardJson());
}
