/** What a server made of the bytes it was sent, in a form in which two servers can be compared. */
import { formatListenAddress, type ListenAddress } from '../../src/formats/listen-address.ts';
import { ERROR_PAGE } from '../support/proxy-under-test.ts';
import { RawClient, type RawResponse } from '../support/raw-client.ts';
import { type HeaderLine, MalformedMessage, value } from '../support/raw-message.ts';
import type { RawUpstream } from '../support/raw-upstream.ts';

/** A header that only answers of the test's upstream have. */
export const UPSTREAM_MARK = 'X-Upstream';

/** The body of an answer the server made itself, whatever its wording. 50x.html is the same on both sides. */
export const OWN_PAGE = '<a page of its own>';

export interface SeenRequest {
  readonly line: string;
  readonly headers: readonly HeaderLine[];
  readonly body: string;
  readonly trailers: readonly HeaderLine[];
}

export interface Outcome {
  /** 0 for a connection that was closed without an answer, or whose answer is no HTTP/1.1. */
  readonly status: number;
  readonly reason: string;
  /** Sorted by name: their order is for the conformance suite. */
  readonly headers: readonly HeaderLine[];
  readonly body: string;
  readonly framing: RawResponse['framing'];
  readonly trailers: readonly HeaderLine[];
  readonly interim: readonly number[];
  /** False when the end of the connection cut it off. */
  readonly complete: boolean;
  /** What the upstream saw, cut-off requests left out. */
  readonly requests: readonly SeenRequest[];
}

/** What is sent, and what both sides do then. */
export interface Exchange {
  readonly send: string;
  /** The client sends FIN while it waits. */
  readonly halfClose?: boolean;
  /** The upstream reads the request and says nothing. */
  readonly silence?: boolean;
}

export interface ServerUnderTest {
  readonly address: ListenAddress;
  readonly upstream: RawUpstream;
}

const NO_ANSWER = {
  reason: '',
  headers: [],
  body: '',
  framing: 'none',
  trailers: [],
  interim: [],
  complete: false,
} as const;

/** Sends bytes on a connection of their own and looks at what comes of it. */
export async function outcomeOf(
  { address, upstream }: ServerUnderTest,
  { send, halfClose = false, silence = false }: Exchange,
): Promise<Outcome> {
  // A kept connection whose end is still on its way would take this request, and the request would come twice.
  await upstream.settled();
  const seenBefore = upstream.requests.length;
  const client = await RawClient.connect(address);
  try {
    await client.send(send);
    // Nothing else tells that the upstream has it.
    if (silence) await upstream.request(seenBefore);
    if (halfClose) client.end();
    const answer = await answerTo(client, send.startsWith('HEAD '));
    const requests = upstream.requests.slice(seenBefore).filter(({ complete }) => complete);
    return {
      ...answer,
      requests: requests.map(({ line, headers, body, trailers }) => ({
        line,
        headers: headers.map(([name, text]) => {
          if (name === 'X-Request-ID') return [name, '<id>'];
          return [name, text === formatListenAddress(upstream.address) ? '<upstream>' : text];
        }),
        body,
        trailers,
      })),
    };
  } finally {
    client.destroy();
  }
}

async function answerTo(client: RawClient, head: boolean): Promise<Omit<Outcome, 'requests'>> {
  let response: RawResponse;
  try {
    response = await client.responseOrCut({ head });
  } catch (error) {
    if (client.isOpen && !(error instanceof MalformedMessage)) throw error;
    return { status: 0, ...NO_ANSWER, body: client.unread };
  }
  const { status, reason, framing, trailers, interim, complete } = response;
  const own = value(response.headers, UPSTREAM_MARK) === undefined;
  const headers = response.headers.filter(([name]) => !(own && name === 'Content-Length')).map(stable);
  return {
    status,
    reason,
    headers: sorted(headers),
    body: own && response.body !== '' && response.body !== ERROR_PAGE ? OWN_PAGE : response.body,
    framing: own && framing === 'content-length' ? 'none' : framing,
    trailers,
    interim: interim.map(interimHead => interimHead.status),
    complete,
  };
}

/** Replaces what is different each time. */
function stable([name, text]: HeaderLine): HeaderLine {
  if (name === 'X-Request-ID') return [name, '<id>'];
  if (name === 'ETag' && /^"[0-9a-f]+-[0-9a-f]+"$/.test(text)) return [name, '<file>'];
  return [name, name === 'Date' && Math.abs(Date.parse(text) - Date.now()) < 60_000 ? '<now>' : text];
}

export function sorted(headers: readonly HeaderLine[]): HeaderLine[] {
  return headers.toSorted(([a], [b]) => a.toLowerCase().localeCompare(b.toLowerCase()));
}
