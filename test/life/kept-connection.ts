/** A client that asks again and again on one connection, for as long as that lives. */
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ListenAddress } from '../../src/formats/listen-address.ts';
import { Changes } from '../support/eventually.ts';
import { RawClient } from '../support/raw-client.ts';

const PATIENCE_MS = 60_000;
const PAUSE_MS = 5;

export class KeptConnection {
  /** An answer that is not 200. */
  failure: string | undefined;
  readonly #client: RawClient;
  readonly #changes = new Changes();
  #answers = 0;

  private constructor(client: RawClient) {
    this.#client = client;
    void this.#run();
  }

  static async open(t: TestContext, address: ListenAddress): Promise<KeptConnection> {
    const client = await RawClient.connect(address);
    t.after(() => client.destroy());
    return new KeptConnection(client);
  }

  get isOpen(): boolean {
    return this.#client.isOpen;
  }

  /** Waits for so many answers more. @throws when the connection ends first */
  async answered(count: number): Promise<void> {
    const enough = this.#answers + count;
    await this.#changes.until(
      () => `${count} more answers`,
      () => {
        if (!this.isOpen || this.failure !== undefined) throw new Error(this.failure ?? 'the connection has ended');
        return this.#answers >= enough || undefined;
      },
      PATIENCE_MS,
    );
  }

  async #run(): Promise<void> {
    while (this.isOpen) {
      await this.#client.send('GET /quick HTTP/1.1\r\nHost: test\r\n\r\n');
      const answer = await this.#client.response({ deadlineMs: PATIENCE_MS }).catch(() => undefined);
      if (answer === undefined) break;
      if (answer.status !== 200) this.failure = `${answer.status} ${answer.body}`;
      this.#answers += 1;
      this.#changes.announce();
      await delay(PAUSE_MS);
    }
    this.#changes.announce();
  }
}
