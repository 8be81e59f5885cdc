/** The load generator h2load (nghttp2): so many streams at a time on each connection, by prior knowledge or over TLS. */
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BenchError } from '../support/bench-error.ts';
import { runToEnd } from '../support/run-to-end.ts';

export interface H2Load {
  readonly port: number;
  readonly path: string;
  readonly connections: number;
  readonly streams: number;
  /** How long; with `requests`, how long it may take at most. */
  readonly seconds: number;
  /** So many in all; absent: as many as the time allows. */
  readonly requests?: number;
  readonly cpus: string;
  /** Over TLS. */
  readonly isTls?: boolean;
  /** HTTP/1.1, one request at a time. */
  readonly isHttp1?: boolean;
  /** What each request sends; absent: it is a GET. */
  readonly post?: Post;
}

interface Post {
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface H2LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly failed: number;
}

/** Windows that do not hold a body of 1 MiB back: 2^24 bytes for a stream, 2^30 for a connection. */
const WINDOWS = ['-w24', '-W30'];

/** @throws BenchError when h2load does not run */
export async function runH2Load({
  port,
  path,
  connections,
  streams,
  seconds,
  requests,
  cpus,
  isTls = false,
  isHttp1 = false,
  post,
}: H2Load): Promise<H2LoadResult> {
  const output = await runToEnd(
    [
      ...([
        'h2load',
        '-t1',
        `-c${connections}`,
        `-m${streams}`,
        requests === undefined ? `-D${seconds}` : `-n${requests}`,
        ...WINDOWS,
      ] as const),
      ...(isHttp1 ? ['--h1'] : []),
      ...(post === undefined ? [] : postOptions(post)),
      `${isTls ? 'https' : 'http'}://127.0.0.1:${port}${path}`,
    ],
    { cpus, seconds: seconds + 10 },
  );
  const found = /(\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored/.exec(output);
  const took = /finished in ([\d.]+)(ms|s)/.exec(output);
  if (found === null || took === null) throw new BenchError(`h2load said: ${output.trim().split('\n').at(-1)}`);
  const [, done, succeeded] = found.map(Number) as [number, number, number];
  return {
    requests: succeeded,
    seconds: took[2] === 'ms' ? Number(took[1]) / 1000 : Number(took[1]),
    failed: done - succeeded,
  };
}

/** h2load takes a body from a file. */
function postOptions({ body, headers = {} }: Post): string[] {
  const file = join(tmpdir(), 'kube-entry-bench-h2load-body');
  writeFileSync(file, body);
  return ['-d', file, ...Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])];
}
