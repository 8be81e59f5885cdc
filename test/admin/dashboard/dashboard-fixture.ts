import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { createApp, DEFAULT_LIMITS } from '../../../src/admin/app.ts';
import { addDashboard } from '../../../src/admin/dashboard/dashboard.ts';
import type { Feed } from '../../../src/admin/dashboard/feed.ts';
import { CounterBoard } from '../../../src/observe/counter-board.ts';
import type { WorkerCounters } from '../../../src/observe/counters.ts';
import { silentLogger } from '../../../src/observe/logger.ts';
import { FakeControlPlane } from '../../support/control-plane.ts';
import { Changes } from '../../support/eventually.ts';
import { open } from '../../support/exchange.ts';

export interface RunningDashboard {
  readonly at: { readonly host: string; readonly port: number };
  readonly feed: Feed;
  readonly control: FakeControlPlane;
  readonly board: CounterBoard;
  /** Of a worker. */
  readonly counters: WorkerCounters;
  readonly close: () => Promise<void>;
}

/** A dashboard that samples much more often than once a second. */
export async function startDashboard(context: TestContext, interval = 10): Promise<RunningDashboard> {
  const control = new FakeControlPlane();
  control.isInitialised = true;
  const board = new CounterBoard();
  const app = createApp({ counters: board.addAdminRegion(), logger: silentLogger(), limits: DEFAULT_LIMITS });
  const feed = addDashboard(app, { control, board, logger: silentLogger(), interval });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const close = async (): Promise<void> => void (await app.close());
  context.after(close);
  const { port } = app.server.address() as AddressInfo;
  const at = { host: '127.0.0.1', port };
  return { at, feed, control, board, counters: board.addRegion(), close };
}

/** One who watches: the stream, byte for byte, and the events in it. */
export class Watcher {
  /** As it came, with the head. */
  text = '';
  isEnded = false;
  readonly #changes = new Changes();
  readonly destroy: () => void;

  private constructor(destroy: () => void) {
    this.destroy = destroy;
  }

  static async open(context: TestContext, at: RunningDashboard['at']): Promise<Watcher> {
    const socket = await open(at);
    const watcher = new Watcher(() => socket.destroy());
    context.after(watcher.destroy);
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      watcher.text += chunk;
      watcher.#changes.announce();
    });
    socket.on('error', () => {});
    for (const end of ['end', 'close']) {
      socket.on(end, () => {
        watcher.isEnded = true;
        watcher.#changes.announce();
      });
    }
    socket.write('GET /dashboard/events HTTP/1.1\r\nHost: localhost\r\n\r\n');
    return watcher;
  }

  /** The data of the events of a name, as many as have come. */
  events(name: string): unknown[] {
    const stream = this.text.replaceAll(/\r\n[0-9a-f]+\r\n/g, '');
    return [...stream.matchAll(/^event: (\w+)\ndata: ([^\n]*)\n\n/gm)]
      .filter(([, event]) => event === name)
      .map(([, , data = '']) => JSON.parse(data));
  }

  /** Waits for an event that fits. */
  until<T>(name: string, fits: (data: T) => boolean): Promise<T> {
    return this.#changes.until(
      () => `a fitting "${name}" in ${this.text.slice(0, 2000)}`,
      () => (this.events(name) as T[]).find(fits),
    );
  }

  ended(): Promise<true> {
    return this.#changes.until(
      () => 'the end of the stream',
      () => this.isEnded || undefined,
    );
  }
}
