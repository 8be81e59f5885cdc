/** The program itself with the wire engine, in front of a backend. */
import type { TestContext } from 'node:test';
import { type ServeOptions, ServingProgram } from '../cli/serve-fixture.ts';
import { INSPECTED, Inspector } from '../life/inspector.ts';
import { eventually } from '../support/eventually.ts';
import { ask } from '../support/exchange.ts';
import { service } from '../support/services.ts';
import { readStubStatus } from '../support/stub-status.ts';
import type { Backend } from './backend.ts';

const MIB = 1024 * 1024;

export class Entry {
  readonly #program: ServingProgram;
  readonly #context: TestContext;
  #inspector: Inspector | undefined;

  private constructor(program: ServingProgram, context: TestContext) {
    this.#program = program;
    this.#context = context;
  }

  /** One worker, so that hostile clients share it with all others. */
  static async start(
    t: TestContext,
    { address }: Pick<Backend, 'address'>,
    { args = [], nodeArgs = [] }: Pick<ServeOptions, 'args' | 'nodeArgs'> = {},
  ): Promise<Entry> {
    const backend = service('backend', { address, annotations: { path: '/' } });
    const fixed = ['--engine', 'wire', '--access-log', 'off'];
    return new Entry(
      await ServingProgram.start(t, {
        manifests: [backend],
        args: [...fixed, ...args],
        nodeArgs: [...INSPECTED, ...nodeArgs],
      }),
      t,
    );
  }

  get address(): ServingProgram['address'] {
    return this.#program.address;
  }

  /** Where `args` asked for it. */
  get tlsAddress(): ServingProgram['tlsAddress'] {
    return this.#program.tlsAddress;
  }

  async metric(name: string): Promise<number> {
    const samples = await this.#program.metrics();
    return samples.filter(sample => sample.name === name).reduce((sum, { value }) => sum + value, 0);
  }

  memoryBytes(): Promise<number> {
    return this.metric('process_resident_memory_bytes');
  }

  /** Memory without the garbage in its heaps, which V8 collects only when it needs the room. */
  async keptMemoryBytes(): Promise<number> {
    this.#inspector ??= await Inspector.attach(this.#context, this.#program);
    await this.#inspector.workers(1);
    await this.#inspector.collectGarbage();
    return this.memoryBytes();
  }

  /** Memory without garbage, once it has stopped to grow. Garbage is collected once, because nobody is served meanwhile. */
  async stillMemoryBytes(): Promise<number> {
    let most = 0;
    let since = performance.now();
    await eventually(
      'the memory to stay as it is',
      async () => {
        const now = await this.memoryBytes();
        if (now > most + MIB) since = performance.now();
        most = Math.max(most, now);
        return performance.now() - since > 1_000;
      },
      60_000,
    );
    return this.keptMemoryBytes();
  }

  /** Of connections: active, reading, writing, waiting. */
  async gauges(): Promise<readonly number[]> {
    const { body } = await ask(this.#program.status, 'GET', '/nginx_status');
    const { active, reading, writing, waiting } = readStubStatus(body);
    return [active, reading, writing, waiting];
  }
}
