/** WebSockets that echo for a while, end in either way, and are opened anew. None may end by itself. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { clientFrame, serverFrame } from '../../load/websocket-frame.ts';
import type { Journal } from '../journal.ts';
import { WEB_SOCKET } from '../target/services.ts';
import { ClientConnection, outcomeText } from './client-connection.ts';
import { upgrade } from './requests.ts';

const CLIENTS = 32;
const MESSAGES_AT_MOST = 200;
const MESSAGE_BYTES = 64;
const LONGEST_PAUSE_MS = 100;
const ECHO_MS = 5_000;

export async function runWebSocketClients(port: number, journal: Journal, signal: AbortSignal): Promise<void> {
  await Promise.all(Array.from({ length: CLIENTS }, () => runClient(port, journal, signal)));
}

async function runClient(port: number, journal: Journal, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const connection = new ClientConnection(port);
    const outcome = await connection.send(upgrade(`/${WEB_SOCKET}/`));
    if (outcome.status === 0) journal.uncertain += 1;
    else journal.countAnswer(WEB_SOCKET, outcome.status);
    if (outcome.status === 101) await echo(connection, journal, signal);
    else journal.addUnexplained(`${WEB_SOCKET}: ${outcomeText(outcome)}`);
    if (Math.random() < 0.5) connection.reset();
    else connection.finish();
    await connection.closed;
    await sleep(LONGEST_PAUSE_MS * Math.random());
  }
}

async function echo(connection: ClientConnection, journal: Journal, signal: AbortSignal): Promise<void> {
  const messages = Math.ceil(MESSAGES_AT_MOST * Math.random());
  for (let count = 0; count < messages && !signal.aborted; count += 1) {
    const payload = randomBytes(MESSAGE_BYTES);
    const problem = await comesBack(connection, payload);
    if (problem !== undefined) {
      journal.addUnexplained(`${WEB_SOCKET}: a message ${problem}`);
      return;
    }
    journal.messages += 1;
    await sleep(LONGEST_PAUSE_MS * Math.random());
  }
}

/** @returns what went wrong */
function comesBack(connection: ClientConnection, payload: Buffer): Promise<string | undefined> {
  const expected = serverFrame(payload);
  return new Promise(resolve => {
    let received: Buffer = Buffer.alloc(0);
    const late = setTimeout(resolve, ECHO_MS, 'did not come back');
    const settle = (problem: string | undefined): void => {
      clearTimeout(late);
      resolve(problem);
    };
    connection.tunnel(chunk => {
      received = Buffer.concat([received, chunk]);
      if (received.length >= expected.length) settle(received.equals(expected) ? undefined : 'came back otherwise');
    });
    void connection.closed.then(() => settle('met a closed tunnel'));
    connection.write(clientFrame(payload));
  });
}
