/** The debugger of a running program: reaches its worker threads without any door in the program itself. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { ServingProgram } from '../cli/serve-fixture.ts';
import { Changes, eventually } from '../support/eventually.ts';

/** For a program that {@link Inspector} is to look into. */
export const INSPECTED: readonly string[] = ['--inspect=127.0.0.1:0'];

/** For a thread on a busy machine. */
const PATIENCE_MS = 60_000;
const LISTENING = /^Debugger listening on (ws:\S+)$/m;

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly sessionId?: string; readonly message?: string };
}

export class Inspector {
  readonly #socket: WebSocket;
  readonly #changes = new Changes();
  /** Of the worker threads that are alive, the oldest first. */
  readonly #sessions = new Set<string>();
  /** Of questions that were answered; those to a worker have its session before them. */
  readonly #answered = new Set<string>();
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#take(JSON.parse(String(data))));
  }

  static async attach(t: TestContext, program: ServingProgram): Promise<Inspector> {
    const url = await eventually('the debugger to listen', () => LISTENING.exec(program.complaints)?.[1]);
    const socket = new WebSocket(url);
    t.after(() => socket.close());
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve, { once: true });
      socket.addEventListener('error', reject, { once: true });
    });
    const inspector = new Inspector(socket);
    inspector.#send('NodeWorker.enable', { waitForDebuggerOnStart: false });
    return inspector;
  }

  /** Waits until there are so many worker threads. @returns what names them, the oldest first */
  workers(count: number): Promise<readonly string[]> {
    return this.#changes.until(
      () => `${count} workers; there are ${this.#sessions.size}`,
      () => (this.#sessions.size === count ? [...this.#sessions] : undefined),
      PATIENCE_MS,
    );
  }

  /** Runs a script in a worker thread, and does not wait for its result. */
  run(sessionId: string, expression: string): void {
    this.#sendToWorker(sessionId, 'Runtime.evaluate', { expression });
  }

  /** Collects all garbage of the main thread and of the worker threads, and gives its memory back. */
  async collectGarbage(): Promise<void> {
    const collect = 'HeapProfiler.collectGarbage';
    const asked = [
      `${this.#send(collect, {})}`,
      ...[...this.#sessions].map(sessionId => `${sessionId} ${this.#sendToWorker(sessionId, collect, {})}`),
    ];
    await this.#changes.until(
      () => `all threads to have collected their garbage: ${asked.filter(one => !this.#answered.has(one))} have not`,
      () => asked.every(one => this.#answered.has(one)) || undefined,
      PATIENCE_MS,
    );
  }

  /** Ends a worker thread as a bug in it would: by an uncaught exception. */
  crash(sessionId: string): void {
    this.run(sessionId, 'setImmediate(() => { throw new Error("thrown by the test"); })');
  }

  /**
   * Keeps a worker thread from doing anything.
   * @param folder where the two sides leave word for each other
   * @returns when it hangs; what lets it go on
   */
  async hang(sessionId: string, folder: string): Promise<() => void> {
    const [hangs, goesOn] = [join(folder, 'hangs'), join(folder, 'goes-on')];
    this.run(
      sessionId,
      `{
        const fs = process.getBuiltinModule('node:fs');
        fs.writeFileSync(${JSON.stringify(hangs)}, '');
        const never = new Int32Array(new SharedArrayBuffer(4));
        while (!fs.existsSync(${JSON.stringify(goesOn)})) Atomics.wait(never, 0, 0, 20);
      }`,
    );
    await eventually('the worker to hang', () => existsSync(hangs), PATIENCE_MS);
    return () => writeFileSync(goesOn, '');
  }

  #send(method: string, params: object): number {
    this.#lastId += 1;
    this.#socket.send(JSON.stringify({ id: this.#lastId, method, params }));
    return this.#lastId;
  }

  #sendToWorker(sessionId: string, method: string, params: object): number {
    this.#lastId += 1;
    const id = this.#lastId;
    this.#send('NodeWorker.sendMessageToWorker', { sessionId, message: JSON.stringify({ id, method, params }) });
    return id;
  }

  #take({ id, method, params }: Message): void {
    if (id !== undefined) this.#answered.add(`${id}`);
    const { sessionId, message } = params ?? {};
    if (sessionId !== undefined) {
      if (method === 'NodeWorker.attachedToWorker') this.#sessions.add(sessionId);
      if (method === 'NodeWorker.detachedFromWorker') this.#sessions.delete(sessionId);
      if (method === 'NodeWorker.receivedMessageFromWorker')
        this.#answered.add(`${sessionId} ${(JSON.parse(message ?? '{}') as Message).id}`);
    }
    this.#changes.announce();
  }
}
