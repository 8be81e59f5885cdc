/** Clients that leave in the middle. They see nothing that could be judged; all others must not notice. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Journal } from '../journal.ts';
import { ABORTED } from '../target/services.ts';
import { ClientConnection } from './client-connection.ts';
import { get } from './requests.ts';

const CLIENTS = 4;
const LONGEST_STAY_MS = 50;
const LONGEST_PAUSE_MS = 100;
const UPLOAD_BYTES = 1024 * 1024;
const PART = Buffer.alloc(64 * 1024, 'x');

type Stay = (connection: ClientConnection) => Promise<unknown> | undefined;

const STAYS: Readonly<Record<string, Stay>> = {
  'within the head': connection => {
    connection.write(get(`/${ABORTED}/small`).slice(0, -2));
    return undefined;
  },
  'before the answer': connection => {
    connection.write(get(`/${ABORTED}/slow`));
    return undefined;
  },
  'within an upload': connection => {
    connection.write(`POST /${ABORTED}/length HTTP/1.1\r\nHost: soak.test\r\nContent-Length: ${UPLOAD_BYTES}\r\n\r\n`);
    connection.write(PART);
    return undefined;
  },
  'within a download': connection => {
    connection.write(get(`/${ABORTED}/huge`));
    // From then on everything waits for it: back-pressure up to the backend is what is left behind.
    return connection.touched().then(() => connection.pause());
  },
  'before a request': () => undefined,
};

export async function runAbortingClients(port: number, journal: Journal, signal: AbortSignal): Promise<void> {
  const kinds = Object.entries(STAYS);
  let turn = 0;
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      turn += 1;
      const [kind, stay] = kinds[turn % kinds.length] ?? ['', undefined];
      const connection = new ClientConnection(port);
      await stay?.(connection);
      await sleep(LONGEST_STAY_MS * Math.random());
      if (Math.random() < 0.5) connection.reset();
      else connection.destroy();
      await connection.closed;
      if (kind !== 'before a request') journal.uncertain += 1;
      journal.countProvoked(`client gone ${kind}`);
      await sleep(LONGEST_PAUSE_MS * Math.random());
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, run));
}
