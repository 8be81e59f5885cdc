/** Loaded when it is needed: most instances have no Redis. */
type Library = typeof import('@redis/client');

export type Client = ReturnType<Library['createClient']>;

/** A connection to Redis. Once it is broken it stays so. */
export class RedisConnection {
  /** Resolves when it takes commands. */
  readonly ready: Promise<Client>;
  #client: Client | undefined;
  #isClosed = false;

  constructor(url: string) {
    this.ready = this.#connect(url);
    // Its user may have given up before.
    this.ready.catch(() => undefined);
  }

  /** Ends it now, made or not: what was asked of it fails. */
  close(): void {
    this.#isClosed = true;
    if (this.#client?.isOpen) this.#client.destroy();
  }

  async #connect(url: string): Promise<Client> {
    const { createClient } = await import('@redis/client');
    const client: Client = createClient({
      url,
      RESP: 2,
      disableOfflineQueue: true,
      // Its user has a time limit of its own, and closes it then.
      socket: { connectTimeout: 0, reconnectStrategy: false },
    });
    // What is asked of a broken connection fails, which is enough.
    client.on('error', () => undefined);
    this.#client = client;
    if (!this.#isClosed) await client.connect();
    return client;
  }
}
