import { Agent, type ClientRequest, get } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { get as getHttps } from 'node:https';
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { Clock } from '../../clock.ts';
import { codeOf } from '../../errors.ts';
import { systemAuthorities } from '../../formats/authorities.ts';
import { formatDuration } from '../../formats/duration.ts';
import { identityFault } from '../../formats/server-identity.ts';
import type { Cluster, Endpoint, UpstreamTls } from '../../model/cluster.ts';
import { formatHostPort } from '../../text/host-port.ts';

/** An endpoint cannot make this process keep more of its answer: nothing but the head is read. */
const MOST_HEAD_BYTES = 8 * 1024;
const MOST_FIELDS = 64;
/** Answers with a status of 1xx before the one that counts (RFC 9110 section 15.2): without a limit they could go on until the timeout. */
const MOST_INTERIM = 8;

/** How a check went. */
export interface ProbeResult {
  readonly passed: boolean;
  readonly detail: string;
}

type Speech = Pick<Cluster, 'protocol' | 'tls'>;

/** A question that is under way. */
interface Asking {
  destroy(): void;
}

const HEADERS = { 'user-agent': 'kube-entry/health-check', accept: '*/*' };

/**
 * Asks an endpoint for a path, in the protocol of its cluster. A status from 200 to 399 passes, as it does for the kubelet; redirects
 * are not followed.
 */
export class HealthProbe {
  readonly #clock: Clock;
  // Each check connects anew: it then sees what a new connection of a client would see.
  readonly #agent = new Agent({ keepAlive: false });
  readonly #underWay = new Set<Asking>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** It rejects only for a path that cannot be asked for. */
  async check(endpoint: Endpoint, path: string, timeoutMs: number, speech: Speech = {}): Promise<ProbeResult> {
    const { promise, resolve } = Promise.withResolvers<ProbeResult>();
    let asking: Asking | undefined;
    const end = (passed: boolean, detail: string): void => {
      takeOffLimit();
      if (asking !== undefined) this.#underWay.delete(asking);
      asking?.destroy();
      resolve({ passed, detail });
    };
    let interim = 0;
    const answer: ProbeAnswer = {
      status: status => end(status >= 200 && status < 400, `status ${status}`),
      interim: () => {
        interim += 1;
        if (interim > MOST_INTERIM) end(false, 'it answers with 1xx again and again');
      },
      failed: error => end(false, codeOf(error) ?? 'the connection failed'),
    };
    const takeOffLimit = this.#clock.setTimer(timeoutMs, () => end(false, `no answer in ${formatDuration(timeoutMs)}`));
    asking = this.#ask(endpoint, path, speech, answer);
    this.#underWay.add(asking);
    return promise;
  }

  /** Ends all checks under way. */
  close(): void {
    for (const asking of this.#underWay) asking.destroy();
    this.#agent.destroy();
  }

  #ask(endpoint: Endpoint, path: string, { protocol, tls }: Speech, answer: ProbeAnswer): Asking {
    if (protocol !== undefined && protocol !== 'https') return askHttp2(endpoint, path, tls, answer);
    const { address: host, port } = endpoint;
    const options = { host, port, path, headers: HEADERS, maxHeaderSize: MOST_HEAD_BYTES };
    if (protocol === undefined) return listen(get({ ...options, agent: this.#agent }), answer);
    return listen(getHttps({ ...options, agent: false, ...(tls && tlsOptions(tls)) }), answer);
  }
}

interface ProbeAnswer {
  status(status: number): void;
  interim(): void;
  failed(error: unknown): void;
}

function listen(request: ClientRequest, answer: ProbeAnswer): Asking {
  request.maxHeadersCount = MOST_FIELDS;
  request.once('response', ({ statusCode = 0 }) => answer.status(statusCode));
  request.on('information', () => answer.interim());
  // What comes after the end of a check, such as the error of a destroyed socket, changes nothing.
  request.on('error', error => answer.failed(error));
  return request;
}

function askHttp2(
  { address, port }: Endpoint,
  path: string,
  tls: UpstreamTls | undefined,
  answer: ProbeAnswer,
): Asking {
  const scheme = tls === undefined ? 'http' : 'https';
  const session = connectHttp2(`${scheme}://${formatHostPort(address, port)}`, {
    settings: { enablePush: false, maxHeaderListSize: MOST_HEAD_BYTES },
    maxHeaderListPairs: MOST_FIELDS,
    ...(tls && tlsOptions(tls)),
  });
  const request = session.request({ ':path': path, ...HEADERS }, { endStream: true });
  request.once('response', headers => answer.status(Number(headers[':status'])));
  request.on('headers', () => answer.interim());
  // The error of a session says why it has cancelled its stream, and comes later.
  request.on('error', error => answer.failed(error.cause ?? error));
  session.on('error', error => answer.failed(error));
  session.once('close', () => answer.failed(undefined));
  return session;
}

function tlsOptions(tls: UpstreamTls): ConnectionOptions {
  const { serverName, ca, isVerified, clientCertificate: own } = tls;
  return {
    // RFC 6066 section 3: an address is no server name.
    servername: isIP(serverName) === 0 ? serverName : '',
    ca: ca ?? systemAuthorities(),
    rejectUnauthorized: isVerified,
    checkServerIdentity: (_, certificate) => identityFault(tls, certificate),
    ...(own && { cert: own.chain.toString(), key: own.key.reveal() }),
  };
}
