/** The official suite as a process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseYamlDocuments } from '../../../src/formats/yaml.ts';
import { programVersion } from '../../../src/version.ts';
import { type Channel, gatewayProgram } from '../../support/gateway-assets.ts';
import type { Mode } from './options.ts';

/** Longer than the suite takes when every test waits to its end. */
const TIME_LIMIT = '90m';

/** Who answers for what the report says. */
const IMPLEMENTATION = {
  organization: 'kube-entry',
  project: 'kube-entry',
  url: 'https://kube-entry.io',
  version: programVersion(),
  contact: 'https://kube-entry.io',
};

/** As the project of the Gateway API names the reports that it publishes. */
export function reportName(channel: Channel, mode: Mode): string {
  return `${channel}-v${programVersion()}-${mode === 'addresses' ? 'default' : mode}-report.yaml`;
}

export interface SuiteResult {
  /** The ConformanceReport; undefined: the suite did not come so far. */
  readonly report: unknown;
  /** The same, as the suite wrote it. */
  readonly yaml: string;
  readonly output: string;
  readonly hasPassed: boolean;
}

/** @param folder where it writes the report @param progress is told of each test that has passed or failed */
export async function runSuite(
  kubeconfig: string,
  flags: readonly string[],
  folder: string,
  progress: (line: string) => void,
): Promise<SuiteResult> {
  const path = join(folder, 'report.yaml');
  const implementation = Object.entries(IMPLEMENTATION).map(([name, value]) => `--${name}=${value}`);
  const args = ['-test.v', `-test.timeout=${TIME_LIMIT}`, '-test.run=^TestConformance$', `--report-output=${path}`];
  const child = spawn(gatewayProgram('conformance'), [...args, ...implementation, ...flags], {
    env: { PATH: process.env.PATH, KUBECONFIG: kubeconfig, HOME: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    // Of two streams only whole lines may follow each other.
    createInterface({ input: stream }).on('line', line => {
      output += `${line}\n`;
      if (/^ {4}--- (?:PASS|FAIL)/.test(line)) progress(line.trim());
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  const yaml = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const report = yaml === '' ? undefined : parseYamlDocuments(yaml).documents[0]?.value;
  return { report, yaml, output, hasPassed: code === 0 };
}
