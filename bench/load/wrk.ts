/** The load generator wrk: as many requests as the connections can carry, each sent when the answer before it is there. */
import { join } from 'node:path';
import { BenchError } from '../support/bench-error.ts';
import { runToEnd } from '../support/run-to-end.ts';

const SCRIPT = join(import.meta.dirname, 'wrk.lua');
/** wrk takes no version of TLS; OpenSSL does, from its configuration. */
const TLS_1_2 = join(import.meta.dirname, 'tls-1.2.cnf');

export interface WrkLoad {
  readonly port: number;
  readonly path: string;
  readonly connections: number;
  readonly seconds: number;
  readonly cpus: string;
  readonly isTls?: boolean;
  /** Of TLS, no newer version than 1.2. */
  readonly isTls12?: boolean;
  readonly method?: 'GET' | 'POST';
  readonly bodyBytes?: number;
  /** `Connection: close` with every request. */
  readonly closing?: boolean;
  /** A header of every request, as `NAME: VALUE`. */
  readonly header?: string;
  /** More than one: every request goes to `/sN` before the path, N at random from 1 to this. */
  readonly routes?: number;
}

export interface WrkResult {
  readonly requests: number;
  readonly micros: number;
  /** Microseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly failed: number;
}

/** @throws BenchError when wrk does not run, or got no answer at all */
export async function runWrk(load: WrkLoad): Promise<WrkResult> {
  const { port, path, connections, seconds, cpus, isTls = false, isTls12 = false } = load;
  const { method = 'GET', bodyBytes = 0, closing = false, routes = 1, header = '' } = load;
  const output = await runToEnd(
    [
      ...(['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '5s', '-s', SCRIPT] as const),
      ...[
        `${isTls ? 'https' : 'http'}://127.0.0.1:${port}${path}`,
        '--',
        method,
        String(bodyBytes),
        closing ? 'close' : 'keep',
        String(routes),
        header,
      ],
    ],
    { cpus, seconds: seconds + 10, ...(isTls12 && { env: { OPENSSL_CONF: TLS_1_2 } }) },
  );
  const result = resultIn(output);
  if (result.requests === 0) throw new BenchError(`no answer within ${seconds} s`);
  return result;
}

function resultIn(output: string): WrkResult {
  const line = output.split('\n').find(text => text.startsWith('{'));
  if (line === undefined) throw new BenchError(`wrk said: ${output.trim().split('\n').at(-1)}`);
  return JSON.parse(line) as WrkResult;
}
