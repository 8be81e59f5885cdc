/** A recorder of Events, its API server and its clock. */
import { KubeClient, type KubeRequest } from '../../../src/sources/kube/client.ts';
import type { ServiceEvent } from '../../../src/sources/kube/event-object.ts';
import { EventRecorder } from '../../../src/sources/kube/events.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { KubeApi } from '../../support/kube-api.ts';
import { INFO, type LogLine, recordingLogger, until } from './harness.ts';

export const refusal: ServiceEvent = {
  service: { namespace: 'shop', name: 'cart', uid: 'uid-1', resourceVersion: '17' },
  type: 'Warning',
  reason: 'UnknownPort',
  message: 'the Service has no TCP port "web"',
};

/** Knows whether an answer is awaited. */
export class WaitingClient extends KubeClient {
  awaited = 0;

  override async json(request: KubeRequest): Promise<unknown> {
    this.awaited += 1;
    try {
      return await super.json(request);
    } finally {
      this.awaited -= 1;
    }
  }
}

export class Fixture {
  readonly api: KubeApi;
  readonly clock = new FakeClock();
  readonly client: WaitingClient;
  readonly recorder: EventRecorder;
  readonly log: LogLine[];

  private constructor(api: KubeApi, reportingInstance: string) {
    const { logger, lines } = recordingLogger();
    this.api = api;
    this.log = lines;
    this.client = new WaitingClient({ kubeconfig: api.writeKubeconfig(), context: '' }, { clock: this.clock });
    this.recorder = new EventRecorder({
      client: this.client,
      logger,
      reportingInstance,
      clock: this.clock,
      random: () => 0,
    });
  }

  static async create(api?: KubeApi, instance = 'entry-1'): Promise<Fixture> {
    return new Fixture(api ?? (await KubeApi.start()), instance);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.recorder.stop();
    this.client.close();
    await this.api[Symbol.asyncDispose]();
  }

  /** Turns the clock on to the end of a pause, but never while an answer is awaited: that takes as long as the machine takes. */
  passPause(): void {
    if (this.client.awaited === 0) this.clock.advance(this.clock.soonest ?? 0);
  }

  /** Lets pauses pass until so many Events were posted or refused. */
  async untilReceived(requests: number): Promise<void> {
    await until(() => {
      if (this.api.requests.length < requests) this.passPause();
      return this.api.requests.length >= requests;
    });
  }

  /** Lets the last pause pass: nothing waits any more. */
  async untilIdle(): Promise<void> {
    await until(() => {
      // Before the clock is turned on: what follows a pause begins after this look.
      const isIdle = this.clock.pending === 0 && this.client.awaited === 0;
      this.passPause();
      return isIdle;
    });
  }

  /** Says it, and waits until it is posted, counted or found to be known. */
  async say(event: ServiceEvent): Promise<void> {
    this.recorder.record(event);
    await this.untilIdle();
  }

  get counts(): unknown[] {
    return this.api.events.map(({ count }) => count);
  }

  get story(): string[] {
    return this.log.filter(({ level }) => level >= INFO).map(({ msg }) => msg);
  }
}
