import { KubeClient } from '../../../src/sources/kube/client.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import type { KubeApi } from '../../support/kube-api.ts';
import { type LogLine, recordingLogger, until } from './harness.ts';

interface StoppableSource {
  stop(): Promise<void>;
}

/** What sources of one kind of objects are tested with: an API server, a clock that is turned by hand, and what was logged. */
export abstract class SourceFixture implements AsyncDisposable {
  readonly api: KubeApi;
  readonly clock = new FakeClock();
  readonly log: LogLine[];
  /** How often a source has said that something has changed. */
  changes = 0;
  /** What every source is made with. */
  protected readonly common;
  readonly #client: KubeClient;

  constructor(api: KubeApi) {
    const { logger, lines } = recordingLogger();
    this.api = api;
    this.log = lines;
    this.#client = new KubeClient({ kubeconfig: api.writeKubeconfig(), context: '' }, { clock: this.clock });
    this.common = {
      ...{ client: this.#client, logger, clock: this.clock, random: () => 0.5 },
      onChange: (): void => {
        this.changes += 1;
      },
    };
  }

  /** Those that are stopped at the end. */
  protected abstract readonly sources: readonly StoppableSource[];

  /** Turns the clock on, a step at a time, until the condition holds. */
  passUntil(condition: () => boolean): Promise<void> {
    return until(() => {
      if (!condition()) this.clock.advance(100);
      return condition();
    });
  }

  /** What was said at level warn and above. */
  get warnings(): string[] {
    return this.log.filter(({ level }) => level >= 40).map(({ msg }) => msg);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.sources.map(source => source.stop()));
    await this.#client.close();
    await this.api[Symbol.asyncDispose]();
  }
}
