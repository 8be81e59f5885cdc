/** Healthy HTTP/2 clients of a healthy Service, in clear and over TLS, and among their streams some that are reset in the middle. */
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Journal } from '../journal.ts';
import { ABORTED, STEADY } from '../target/services.ts';

const SESSIONS_EACH = 4;
const STREAMS_AT_ONCE = 8;
/** Each eighth of the streams at once is one that leaves. */
const LEAVING = 1;
const REQUESTS_OF_A_STREAM_PLACE = 200;
const LONGEST_PAUSE_MS = 40;
const PATIENCE_MS = 15_000;

const FILES = [
  { file: 'small', bytes: 76 },
  { file: 'large', bytes: 64 * 1024 },
  { file: 'chunked', bytes: 64 * 1024 },
] as const;

/** @param origins `http://…` by prior knowledge, `https://…` by ALPN */
export async function runHttp2Clients(
  origins: readonly string[],
  journal: Journal,
  signal: AbortSignal,
): Promise<void> {
  const clients = origins.flatMap(origin => Array.from({ length: SESSIONS_EACH }, () => origin));
  await Promise.all(clients.map(origin => runClient(origin, journal, signal)));
}

async function runClient(origin: string, journal: Journal, signal: AbortSignal): Promise<void> {
  const name = `HTTP/2 over ${new URL(origin).protocol}`;
  while (!signal.aborted) {
    const session = connect(origin, { rejectUnauthorized: false });
    const closed = new Promise(resolve => session.once('close', resolve));
    session.on('error', error => journal.addUnexplained(`${name}: ${error.message}`));
    const places = Array.from({ length: STREAMS_AT_ONCE }, async (_, place) => {
      for (let count = 0; count < REQUESTS_OF_A_STREAM_PLACE && !signal.aborted && !session.closed; count += 1) {
        await (place < LEAVING ? leave(session, journal) : exchange(session, name, journal));
        await sleep(LONGEST_PAUSE_MS * Math.random());
      }
    });
    await Promise.all(places);
    session.close();
    await closed;
  }
}

let lastId = 0;

async function exchange(session: ClientHttp2Session, name: string, journal: Journal): Promise<void> {
  lastId += 1;
  const id = String(lastId);
  const { file, bytes } = FILES[lastId % FILES.length] as (typeof FILES)[number];
  const stream = session.request({ ':path': `/${STEADY}/${file}`, ':authority': 'soak.test', 'x-soak-id': id });
  const { status, soakId, size, error } = await outcomeOf(stream);
  if (status === 0) journal.uncertain += 1;
  else journal.countAnswer(STEADY, status);
  const isRight = status === 200 && error === undefined && soakId === id && size === bytes;
  if (isRight) journal.http2Answers += 1;
  else
    journal.addUnexplained(`${name}, ${file}: ${status}, ${size} bytes, id ${soakId === id}, ${error ?? 'no error'}`);
}

interface StreamOutcome {
  /** 0 when no head came. */
  readonly status: number;
  readonly soakId: string;
  readonly size: number;
  readonly error: string | undefined;
}

function outcomeOf(stream: ClientHttp2Stream): Promise<StreamOutcome> {
  return new Promise(resolve => {
    let [status, soakId, size] = [0, '', 0];
    let error: string | undefined;
    stream.setTimeout(PATIENCE_MS, () => stream.close(constants.NGHTTP2_CANCEL));
    stream.on('response', headers => {
      status = Number(headers[':status']);
      soakId = String(headers['x-soak-id']);
    });
    stream.on('data', (bytes: Buffer) => {
      size += bytes.length;
    });
    stream.on('error', cause => {
      error = cause.message;
    });
    stream.once('close', () => {
      if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) error ??= `reset with ${stream.rstCode}`;
      resolve({ status, soakId, size, error });
    });
    stream.end();
  });
}

/** Begins a download, and resets its stream. */
async function leave(session: ClientHttp2Session, journal: Journal): Promise<void> {
  const stream = session.request({ ':path': `/${ABORTED}/huge`, ':authority': 'soak.test' });
  stream.on('error', () => undefined);
  const closed = new Promise(resolve => stream.once('close', resolve));
  if (Math.random() < 0.5) await Promise.race([new Promise(resolve => stream.once('data', resolve)), closed]);
  stream.close(constants.NGHTTP2_CANCEL);
  await closed;
  journal.uncertain += 1;
  journal.countProvoked('stream reset by its client');
}
