/** Clients of Services whose backend fails: each sees what was provoked, and nothing else. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Journal } from '../journal.ts';
import { FAILING, type FailingService } from '../target/services.ts';
import { ClientConnection, outcomeText } from './client-connection.ts';
import { get, post, upgrade } from './requests.ts';

const CLIENTS_EACH = 2;
const LONGEST_PAUSE_MS = 200;
/** For the end of a tunnel to come through. */
const TUNNEL_END_MS = 5_000;

const REQUESTS = { GET: get, POST: post, upgrade } as const;

export async function runFailingClients(port: number, journal: Journal, signal: AbortSignal): Promise<void> {
  const clients = FAILING.flatMap(service => Array.from({ length: CLIENTS_EACH }, () => service));
  await Promise.all(clients.map(service => runClient(service, port, journal, signal)));
}

async function runClient(service: FailingService, port: number, journal: Journal, signal: AbortSignal): Promise<void> {
  const { name, request, expected } = service;
  let connection = new ClientConnection(port);
  while (!signal.aborted) {
    // A failure of the upstream does not cost the client its connection, unless part of an answer was sent.
    if (!connection.isOpen) connection = new ClientConnection(port);
    const outcome = await connection.send(REQUESTS[request](`/${name}/${name}`));
    const text = outcomeText(outcome);
    if (outcome.status === 0) journal.uncertain += 1;
    else journal.countAnswer(name, outcome.status);
    if (!expected.includes(text)) journal.addUnexplained(`${name}: ${text}`);
    else if (text !== '200') journal.countProvoked(`${name}: ${text}`);
    if (outcome.status === 101 && !(await endsSoon(connection))) journal.addUnexplained(`${name}: the tunnel stays`);
    await sleep(LONGEST_PAUSE_MS * Math.random());
  }
  connection.finish();
  await connection.closed;
}

async function endsSoon(connection: ClientConnection): Promise<boolean> {
  const patience = new AbortController();
  const isEnded = await Promise.race([
    connection.closed.then(() => true),
    sleep(TUNNEL_END_MS, false, { signal: patience.signal }).catch(() => false),
  ]);
  patience.abort();
  connection.destroy();
  return isEnded;
}
