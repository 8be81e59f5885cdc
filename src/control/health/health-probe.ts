import { Agent, type ClientRequest, get } from 'node:http';
import type { Clock } from '../../clock.ts';
import { codeOf } from '../../errors.ts';
import { formatDuration } from '../../formats/duration.ts';
import type { Endpoint } from '../../model/cluster.ts';

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

/** Asks an endpoint for a path. A status from 200 to 399 passes, as it does for the kubelet; redirects are not followed. */
export class HealthProbe {
  readonly #clock: Clock;
  // Each check connects anew: it then sees what a new connection of a client would see.
  readonly #agent = new Agent({ keepAlive: false });
  readonly #underWay = new Set<ClientRequest>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** It rejects only for a path that cannot be asked for. */
  async check({ address, port }: Endpoint, path: string, timeoutMs: number): Promise<ProbeResult> {
    const { promise, resolve } = Promise.withResolvers<ProbeResult>();
    const request = get({
      host: address,
      port,
      path,
      agent: this.#agent,
      maxHeaderSize: MOST_HEAD_BYTES,
      headers: { 'User-Agent': 'kube-entry/health-check', Accept: '*/*' },
    });
    request.maxHeadersCount = MOST_FIELDS;
    this.#underWay.add(request);
    const end = (passed: boolean, detail: string): void => {
      takeOffLimit();
      this.#underWay.delete(request);
      request.destroy();
      resolve({ passed, detail });
    };
    const takeOffLimit = this.#clock.setTimer(timeoutMs, () => end(false, `no answer in ${formatDuration(timeoutMs)}`));
    request.once('response', ({ statusCode = 0 }) =>
      end(statusCode >= 200 && statusCode < 400, `status ${statusCode}`),
    );
    let interim = 0;
    request.on('information', () => {
      interim += 1;
      if (interim > MOST_INTERIM) end(false, 'it answers with 1xx again and again');
    });
    // What comes after the end of a check, such as the error of a destroyed socket, changes nothing.
    request.on('error', error => end(false, codeOf(error) ?? 'the connection failed'));
    return promise;
  }

  /** Ends all checks under way. */
  close(): void {
    for (const request of this.#underWay) request.destroy();
    this.#agent.destroy();
  }
}
