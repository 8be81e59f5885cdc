/** A real Prometheus, on a free port of loopback, with what deploy/ has for it. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { formatListenAddress, type ListenAddress } from '../../src/formats/listen-address.ts';
import { formatYaml, parseYaml } from '../../src/formats/yaml.ts';
import { dig, listAt, textOf } from '../deploy/objects.ts';
import { atEnd } from '../support/cleanup.ts';
import { patiently, RealProcess, TemporaryFolder } from '../support/real-process.ts';
import { serverPort } from '../support/server-port.ts';
import { RULES } from './rule-files.ts';

export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface EvaluatedRule {
  readonly name: string;
  readonly health: string;
  readonly lastError: string;
  /** Of an alert: inactive, pending, firing. */
  readonly state: string | undefined;
}

export class Prometheus {
  readonly #origin: string;

  private constructor(port: number) {
    this.#origin = `http://127.0.0.1:${port}`;
  }

  /**
   * Scrapes every second until the test is over, as deploy/monitoring/prometheus/scrape.yaml says but for the discovery.
   * @param targets by the pod's name that they get
   */
  static async start(t: TestContext, targets: Readonly<Record<string, ListenAddress>>): Promise<Prometheus> {
    const folder = new TemporaryFolder();
    atEnd(t, folder.remove);
    const port = await serverPort();
    const file = join(folder.path, 'prometheus.yaml');
    writeFileSync(file, configuration(targets));
    const process = new RealProcess('prometheus', [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder.path, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn',
    ]);
    atEnd(t, () => process.end());
    const prometheus = new Prometheus(port);
    await patiently('Prometheus is ready', async () => {
      process.assertRuns();
      const answer = await fetch(`${prometheus.#origin}/-/ready`).catch(() => undefined);
      await answer?.arrayBuffer();
      return answer?.status === 200;
    });
    return prometheus;
  }

  /** An instant query. @throws AssertionError with what Prometheus says of one that it does not take */
  async query(expr: string): Promise<Series[]> {
    const data = await this.#get(`/api/v1/query?query=${encodeURIComponent(expr)}`);
    const type = dig(data, 'resultType');
    assert.equal(type, 'vector', `${expr} is a ${type}`);
    return listAt(data, 'result').map(item => ({
      labels: Object(dig(item, 'metric')),
      value: Number(dig(item, 'value', 1)),
    }));
  }

  /** The values that a label of some series has. */
  async labelValues(label: string, series: string): Promise<string[]> {
    const data = await this.#get(`/api/v1/label/${label}/values?match[]=${encodeURIComponent(series)}`);
    return (data as unknown[]).map(String);
  }

  async rules(): Promise<EvaluatedRule[]> {
    const groups = listAt(await this.#get('/api/v1/rules'), 'groups');
    return groups
      .flatMap(group => listAt(group, 'rules'))
      .map(rule => {
        const state = dig(rule, 'state');
        return {
          name: String(dig(rule, 'name')),
          health: String(dig(rule, 'health')),
          lastError: String(dig(rule, 'lastError') ?? ''),
          state: state === undefined ? undefined : String(state),
        };
      });
  }

  async #get(path: string): Promise<unknown> {
    const answer = await fetch(`${this.#origin}${path}`);
    const body: unknown = await answer.json();
    assert.equal(answer.status, 200, `${decodeURIComponent(path)}: ${dig(body, 'error')}`);
    assert.deepEqual(dig(body, 'warnings') ?? [], [], decodeURIComponent(path));
    return dig(body, 'data');
  }
}

function configuration(targets: Readonly<Record<string, ListenAddress>>): string {
  const delivered: unknown = dig(parseYaml(textOf('monitoring/prometheus/scrape.yaml')), 'scrape_configs', 0);
  const { kubernetes_sd_configs: _, relabel_configs: __, ...scrape } = Object(delivered);
  return formatYaml({
    global: { evaluation_interval: '1s' },
    rule_files: [RULES],
    scrape_configs: [
      {
        ...scrape,
        scrape_interval: '1s',
        scrape_timeout: '1s',
        static_configs: Object.entries(targets).map(([pod, address]) => ({
          targets: [formatListenAddress(address)],
          labels: { namespace: 'kube-entry', pod, node: 'node-1' },
        })),
      },
    ],
  });
}
