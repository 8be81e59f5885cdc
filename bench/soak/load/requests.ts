/** The requests that are sent, as bytes. */
const BODY = 'x'.repeat(4 * 1024);

export function get(path: string, headers = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: soak.test\r\n${headers}\r\n`;
}

export function post(path: string, headers = ''): string {
  return `POST ${path} HTTP/1.1\r\nHost: soak.test\r\n${headers}Content-Length: ${BODY.length}\r\n\r\n${BODY}`;
}

/** In two chunks. */
export function postChunked(path: string, headers = ''): string {
  const half = BODY.length / 2;
  const chunk = `${half.toString(16)}\r\n${BODY.slice(half)}\r\n`;
  return `POST ${path} HTTP/1.1\r\nHost: soak.test\r\n${headers}Transfer-Encoding: chunked\r\n\r\n${chunk}${chunk}0\r\n\r\n`;
}

/** RFC 6455 section 4.1; any 16 bytes are a key. */
export function upgrade(path: string): string {
  return get(
    path,
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n',
  );
}

/** The header by which a posted body's length comes back. */
export const POSTED_LENGTH = `\r\nX-Soak-Length: ${BODY.length}\r\n`;
