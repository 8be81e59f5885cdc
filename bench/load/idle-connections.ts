import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { BenchError } from '../support/bench-error.ts';

/** So many are opened at a time: no listen queue is to overflow. */
const AT_ONCE = 64;
const ANSWER_MS = 10_000;

/** What a connection speaks: HTTP/1.1 in clear or over TLS, or HTTP/2 over TLS. */
export type IdleProtocol = 'http' | 'https' | 'h2';

interface IdleConnection {
  readonly isClosed: () => boolean;
  readonly close: () => void;
}

/**
 * Opens connections, and sends one request on each.
 * @returns once every one has been answered and is idle; disposing closes them
 * @throws BenchError when one is refused, closed or not answered with 200
 */
export async function openIdleConnections(
  protocol: IdleProtocol,
  { port, path, count }: { readonly port: number; readonly path: string; readonly count: number },
): Promise<AsyncDisposable> {
  const connections: IdleConnection[] = [];
  const close = (): void => {
    for (const connection of connections) connection.close();
  };
  let opened = 0;
  const open = async (): Promise<void> => {
    while (opened < count) {
      opened += 1;
      connections.push(await (protocol === 'h2' ? openHttp2(port, path) : openHttp1(protocol, port, path)));
    }
  };
  const lanes = Array.from({ length: AT_ONCE }, open);
  try {
    await Promise.all(lanes);
    const lost = connections.filter(connection => connection.isClosed()).length;
    if (lost > 0) throw new BenchError(`${lost} of ${count} idle connections were closed`);
  } catch (error) {
    // What is still being opened would stay open behind this.
    opened = count;
    await Promise.allSettled(lanes);
    close();
    throw error;
  }
  return { [Symbol.asyncDispose]: async () => close() };
}

function openHttp1(protocol: 'http' | 'https', port: number, path: string): Promise<IdleConnection> {
  const place = { port, host: '127.0.0.1' };
  const socket: Socket = protocol === 'http' ? connect(place) : connectTls({ ...place, rejectUnauthorized: false });
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void => {
      socket.destroy();
      reject(new BenchError(`an idle connection ${reason}`));
    };
    socket.setTimeout(ANSWER_MS, () => fail('got no answer'));
    socket.once('error', error => fail(`failed: ${error.message}`));
    socket.once('end', () => fail('was closed'));
    socket.once('data', data => {
      socket.setTimeout(0);
      if (data.toString('latin1', 0, 12) !== 'HTTP/1.1 200') fail(`got ${data.toString('latin1', 0, 40)}`);
      else resolve({ isClosed: () => socket.destroyed || socket.readableEnded, close: () => socket.destroy() });
    });
    socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
  });
}

function openHttp2(port: number, path: string): Promise<IdleConnection> {
  const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void => {
      session.destroy();
      reject(new BenchError(`an idle connection ${reason}`));
    };
    session.setTimeout(ANSWER_MS, () => fail('got no answer'));
    session.once('error', error => fail(`failed: ${error.message}`));
    session.once('close', () => fail('was closed'));
    const stream = session.request({ ':path': path });
    stream.once('response', ({ ':status': status }) => {
      if (status !== 200) fail(`got ${status}`);
    });
    stream.once('end', () => {
      session.setTimeout(0);
      resolve({ isClosed: () => session.closed || session.destroyed, close: () => session.destroy() });
    });
    stream.resume();
  });
}
