/** A watch of its own on one Service, which shows when the API server reports a change. */
import type { IncomingMessage } from 'node:http';
import { KubeClient } from '../../../src/sources/kube/client.ts';
import { LineSplitter } from '../../../src/sources/kube/lines.ts';
import { BenchError } from '../../support/bench-error.ts';

const TIMEOUT_MS = 60_000;
const LAST_SECONDS = 3_600;

export class Observer implements Disposable {
  readonly #client: KubeClient;
  readonly #stream: IncomingMessage;
  readonly #awaited = new Map<string, (at: number) => void>();

  private constructor(client: KubeClient, stream: IncomingMessage) {
    this.#client = client;
    this.#stream = stream;
    const lines = new LineSplitter();
    stream
      .once('error', () => undefined)
      .on('data', (chunk: Buffer) => {
        const now = performance.now();
        const events = lines.push(chunk);
        for (const [path, tell] of this.#awaited) if (events.some(event => event.includes(`"${path}"`))) tell(now);
      });
  }

  static async start(kubeconfig: string, service: string): Promise<Observer> {
    const client = new KubeClient({ kubeconfig, context: '' });
    const stream = await client.stream({
      operation: { verb: 'watch', resource: 'services', namespace: 'default' },
      query: { watch: 'true', fieldSelector: `metadata.name=${service}`, timeoutSeconds: LAST_SECONDS },
      signal: new AbortController().signal,
      timeoutMs: TIMEOUT_MS,
    });
    return new Observer(client, stream);
  }

  [Symbol.dispose](): void {
    this.#stream.destroy();
    this.#client.close();
  }

  /** Call it before the change. @returns when, by performance.now(), the event with this path came */
  told(path: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new BenchError(`no event for ${path}`)), TIMEOUT_MS);
      this.#awaited.set(path, at => {
        clearTimeout(late);
        this.#awaited.delete(path);
        resolve(at);
      });
    });
  }
}
