import { connect, type Socket } from 'node:net';
import { parseResponses, type RawResponse } from './raw-client.ts';
import { type Bytes, bytesOf } from './raw-message.ts';

/** A TCP address, or the path of a unix socket. */
export type Destination = { readonly host: string; readonly port: number } | { readonly path: string };

/** Connects and gives the open socket, which the test must destroy. */
export async function open(destination: Destination): Promise<Socket> {
  const socket = connect({ ...destination, allowHalfOpen: true });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return socket;
}

/**
 * Sends bytes on a connection of its own.
 * @param options.halfClose send FIN after them
 * @returns all that came until the other side closed it
 */
export async function exchange(
  destination: Destination,
  bytes: Bytes,
  options: { readonly halfClose?: boolean } = {},
): Promise<string> {
  const socket = await open(destination);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  // A server may refuse without reading to the end; what it said counts.
  socket.on('error', () => undefined);
  socket.write(bytesOf(bytes));
  if (options.halfClose) socket.end();
  await new Promise<void>(resolve => {
    socket.once('end', resolve);
    socket.once('close', () => resolve());
  });
  socket.destroy();
  return Buffer.concat(chunks).toString('latin1');
}

/** One request without a body, as curl writes it. HEAD answers need {@link exchange}. */
export function get(destination: Destination, target: string): Promise<RawResponse> {
  return ask(destination, 'GET', target);
}

/** One request, with a Content-Length when it has a body. @returns the response, its body read as UTF-8 */
export async function ask(
  destination: Destination,
  method: string,
  target: string,
  body?: string,
  headers: readonly string[] = [],
): Promise<RawResponse> {
  const length = body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  const head = [`${method} ${target} HTTP/1.1`, 'Host: localhost', ...headers, ...length, '', ''].join('\r\n');
  const [response, ...more] = parseResponses(await exchange(destination, Buffer.from(head + (body ?? ''))));
  if (response === undefined || more.length > 0) throw new Error(`not one response to ${method} ${target}`);
  return { ...response, body: Buffer.from(response.body, 'latin1').toString() };
}

/** The values of a header, in order. */
export function header({ headers }: RawResponse, name: string): string[] {
  return headers.filter(([given]) => given.toLowerCase() === name).map(([, value]) => value);
}
