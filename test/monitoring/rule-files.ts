/** The rules as they are in deploy/, and the cases that promtool judges them by. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseYaml } from '../../src/formats/yaml.ts';
import { DEPLOY, dig, listAt } from '../deploy/objects.ts';

export const RULES = join(DEPLOY, 'monitoring/prometheus/rules.yaml');

const CASES = join(import.meta.dirname, 'rules');

export interface Alert {
  readonly name: string;
  readonly expr: string;
  readonly severity: string;
  readonly annotations: Readonly<Record<string, unknown>>;
}

function rules(): unknown[] {
  const groups = listAt(parseYaml(readFileSync(RULES, 'utf8')), 'groups');
  return groups.flatMap(group => listAt(group, 'rules'));
}

export function alerts(): Alert[] {
  return rules()
    .filter(rule => dig(rule, 'alert') !== undefined)
    .map(rule => ({
      name: String(dig(rule, 'alert')),
      expr: String(dig(rule, 'expr')),
      severity: String(dig(rule, 'labels', 'severity')),
      annotations: Object(dig(rule, 'annotations')),
    }));
}

/** The names of the series that are recorded. */
export function records(): string[] {
  return rules()
    .map(rule => dig(rule, 'record'))
    .filter(name => name !== undefined)
    .map(String);
}

export function caseFiles(): string[] {
  return readdirSync(CASES).map(file => join(CASES, file));
}

/** How often the cases have each alert fire, and not fire. */
export function casesByAlert(): Map<string, { fires: number; rests: number }> {
  const counts = new Map<string, { fires: number; rests: number }>();
  for (const file of caseFiles()) {
    for (const scenario of listAt(parseYaml(readFileSync(file, 'utf8')), 'tests')) {
      for (const one of listAt(scenario, 'alert_rule_test')) {
        const name = String(dig(one, 'alertname'));
        const count = counts.get(name) ?? { fires: 0, rests: 0 };
        if (listAt(one, 'exp_alerts').length > 0) count.fires += 1;
        else count.rests += 1;
        counts.set(name, count);
      }
    }
  }
  return counts;
}
