/** Clients that make a TLS connection for each request, clients that give up within the handshake, and some that speak no TLS. */
import { randomBytes, X509Certificate } from 'node:crypto';
import { connect as connectTcp } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import type { Journal } from '../journal.ts';
import { STEADY } from '../target/services.ts';
import { get } from './requests.ts';

const WHOLE = 4;
const BROKEN = 4;
const LONGEST_PAUSE_MS = 60;
const LONGEST_STAY_MS = 8;
const PATIENCE_MS = 15_000;
/** What begins a ClientHello of 512 bytes: RFC 8446 sections 5.1 and 4.1.2. */
const HELLO_BEGINS = Buffer.from('1603010200010001fc0303', 'hex');

export async function runHandshakes(port: number, journal: Journal, signal: AbortSignal): Promise<void> {
  const run = async (one: () => Promise<void>): Promise<void> => {
    while (!signal.aborted) {
      await one();
      await sleep(LONGEST_PAUSE_MS * Math.random());
    }
  };
  await Promise.all([
    ...Array.from({ length: WHOLE }, () => run(() => whole(port, journal))),
    ...Array.from({ length: BROKEN }, () => run(() => broken(port, journal))),
  ]);
}

async function whole(port: number, journal: Journal): Promise<void> {
  const socket = connect({
    host: '127.0.0.1',
    port,
    servername: 'soak.test',
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
  });
  const { text, serial, error } = await answerOn(socket);
  if (serial !== '') journal.certificates.add(serial);
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1] ?? 0);
  if (status === 0) journal.uncertain += 1;
  else journal.countAnswer(STEADY, status);
  if (status !== 200 || error !== undefined)
    journal.addUnexplained(`a TLS connection: ${status}, ${error ?? 'no error'}`);
}

/** Of a request that asks for the end of its connection. */
function answerOn(socket: TLSSocket): Promise<{ text: string; serial: string; error: string | undefined }> {
  return new Promise(resolve => {
    let [text, serial] = ['', ''];
    let error: string | undefined;
    socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error('no answer in time')));
    socket.once('secureConnect', () => {
      serial = new X509Certificate(socket.getPeerCertificate().raw).serialNumber;
      socket.write(get(`/${STEADY}/small`, 'Connection: close\r\n'));
    });
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1');
    });
    socket.on('error', cause => {
      error = cause.message;
    });
    socket.once('close', () => resolve({ text, serial, error }));
  });
}

async function broken(port: number, journal: Journal): Promise<void> {
  const kind = Math.floor(3 * Math.random());
  const socket =
    kind === 0 ? connect({ host: '127.0.0.1', port, rejectUnauthorized: false }) : connectTcp(port, '127.0.0.1');
  const closed = new Promise(resolve => socket.once('close', resolve));
  socket.on('error', () => undefined).on('data', () => undefined);
  if (kind === 1) socket.write(Buffer.concat([HELLO_BEGINS, randomBytes(Math.floor(300 * Math.random()))]));
  if (kind === 2) socket.write(randomBytes(64));
  await sleep(LONGEST_STAY_MS * Math.random());
  socket.destroy();
  await closed;
  journal.countProvoked(['left within a handshake', 'left within a ClientHello', 'no TLS at all'][kind] as string);
}
