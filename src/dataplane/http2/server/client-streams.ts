import { ClientStream, type StreamConnection } from './client-stream.ts';

/** A burst of requests is no reason to keep their streams for ever. */
const MAX_SPARE = 256;

/** The streams of a worker. An idle connection has none; each is used again for others. */
export class ClientStreams {
  readonly #spare: ClientStream[] = [];

  take(connection: StreamConnection): ClientStream {
    return this.#spare.pop() ?? new ClientStream(connection);
  }

  giveBack(stream: ClientStream): void {
    stream.clear();
    if (this.#spare.length < MAX_SPARE) this.#spare.push(stream);
  }
}
