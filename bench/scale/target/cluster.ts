/** A real API server with many annotated Services, made and changed as fast as it takes them. */
import { dig, listAt } from '../../../test/deploy/objects.ts';
import type { RealKube } from '../../../test/support/real-kube.ts';
import { manifest } from '../../../test/support/services.ts';
import { BenchError } from '../../support/bench-error.ts';

const SERVICES = '/api/v1/namespaces/default/services';
/** More at once wait for one another: every new Service takes its address from one list. */
const AT_ONCE = 4;
const PAGE = 1_000;

/** A Service of the cluster, as far as it concerns routes. */
export interface Exposed {
  readonly path: string;
  readonly name: string;
}

export class Cluster {
  readonly #kube: RealKube;
  readonly #port: number;
  #size = 0;

  /** @param port of every Service */
  constructor(kube: RealKube, port: number) {
    this.#kube = kube;
    this.#port = port;
  }

  /** Services made so far, the first of which is the one that is looked at. */
  get size(): number {
    return this.#size;
  }

  nameOf(index: number): string {
    return `service-${index}`;
  }

  /** Adds Services until there are so many, each at `/NAME`. */
  async grow(size: number): Promise<void> {
    const makeNext = async (): Promise<void> => {
      while (this.#size < size) {
        const index = this.#size;
        this.#size += 1;
        await this.#ask('POST', SERVICES, manifest(this.nameOf(index), this.#port), 201);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, makeNext));
  }

  /** The ClusterIP of a Service. */
  async addressOf(index: number): Promise<string> {
    return String(
      dig(await this.#ask('GET', `${SERVICES}/${this.nameOf(index)}`, undefined, 200), 'spec', 'clusterIP'),
    );
  }

  /** Moves a Service to another path. @returns when the API server has answered */
  async move(index: number, path: string): Promise<void> {
    const change = { metadata: { annotations: { 'kube-entry.io/path': path } } };
    await this.#ask('PATCH', `${SERVICES}/${this.nameOf(index)}`, change, 200);
  }

  /** What should be served now. */
  async exposed(): Promise<Exposed[]> {
    const found: Exposed[] = [];
    let next = '';
    do {
      const list = await this.#ask('GET', `/api/v1/services?limit=${PAGE}&continue=${next}`, undefined, 200);
      for (const item of listAt(list, 'items')) {
        const path = dig(item, 'metadata', 'annotations', 'kube-entry.io/path');
        if (path !== undefined) found.push({ path: String(path), name: String(dig(item, 'metadata', 'name')) });
      }
      next = encodeURIComponent(String(dig(list, 'metadata', 'continue') ?? ''));
    } while (next !== '');
    return found;
  }

  async version(): Promise<string> {
    return String(dig(await this.#ask('GET', '/version', undefined, 200), 'gitVersion'));
  }

  async #ask(method: 'GET' | 'POST' | 'PATCH', path: string, body: unknown, expected: number): Promise<unknown> {
    const answer = await this.#kube.api(method, path, body);
    if (answer.status === expected) return answer.body;
    throw new BenchError(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }
}
