/** gRPC calls that stream in both directions: each message comes back as it was sent, and each call ends with its status. */
import { randomBytes } from 'node:crypto';
import { type ClientHttp2Session, connect } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Journal } from '../journal.ts';
import { GRPC, GRPC_METHOD } from '../target/services.ts';

const SESSIONS_EACH = 2;
const CALLS_AT_ONCE = 4;
const CALLS_OF_A_SESSION = 20;
const MESSAGES_AT_MOST = 20;
const MESSAGE_BYTES = 1024;
const LONGEST_PAUSE_MS = 50;
const PATIENCE_MS = 15_000;

export async function runGrpcClients(origins: readonly string[], journal: Journal, signal: AbortSignal): Promise<void> {
  const clients = origins.flatMap(origin => Array.from({ length: SESSIONS_EACH }, () => origin));
  await Promise.all(clients.map(origin => runClient(origin, journal, signal)));
}

async function runClient(origin: string, journal: Journal, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const session = connect(origin, { rejectUnauthorized: false });
    const closed = new Promise(resolve => session.once('close', resolve));
    session.on('error', error => journal.addUnexplained(`gRPC: ${error.message}`));
    const places = Array.from({ length: CALLS_AT_ONCE }, async () => {
      for (let count = 0; count < CALLS_OF_A_SESSION && !signal.aborted && !session.closed; count += 1) {
        const problem = await call(session, journal);
        if (problem !== undefined) journal.addUnexplained(`gRPC: ${problem}`);
      }
    });
    await Promise.all(places);
    session.close();
    await closed;
  }
}

/** @returns what went wrong */
async function call(session: ClientHttp2Session, journal: Journal): Promise<string | undefined> {
  const stream = session.request({
    ':method': 'POST',
    ':path': GRPC_METHOD,
    ':authority': 'soak.test',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  let [status, grpcStatus, error] = [0, '', ''];
  let received: Buffer = Buffer.alloc(0);
  let wake = (): void => undefined;
  stream.setTimeout(PATIENCE_MS, () => stream.destroy(new Error('no message in time')));
  stream.on('response', headers => {
    status = Number(headers[':status']);
  });
  stream.on('trailers', headers => {
    grpcStatus = String(headers['grpc-status']);
  });
  stream.on('data', (bytes: Buffer) => {
    received = Buffer.concat([received, bytes]);
    wake();
  });
  stream.on('error', cause => {
    error = cause.message;
  });
  const closed = new Promise<void>(resolve => stream.once('close', resolve)).then(() => wake());
  const messages = Math.ceil(MESSAGES_AT_MOST * Math.random());
  for (let count = 0; count < messages && !stream.closed; count += 1) {
    const message = messageOf(randomBytes(MESSAGE_BYTES));
    received = Buffer.alloc(0);
    stream.write(message);
    while (received.length < message.length && !stream.closed) {
      await new Promise<void>(resolve => {
        wake = resolve;
      });
    }
    if (!received.equals(message)) break;
    journal.grpcMessages += 1;
    await sleep(LONGEST_PAUSE_MS * Math.random());
  }
  received = Buffer.alloc(0);
  stream.end();
  await closed;
  if (status === 0) journal.uncertain += 1;
  else journal.countAnswer(GRPC, status);
  return status === 200 && grpcStatus === '0' ? undefined : `${status}, grpc-status ${grpcStatus || 'none'}, ${error}`;
}

/** A flag, the length, the message. */
function messageOf(payload: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(payload.length, 1);
  return Buffer.concat([head, payload]);
}
