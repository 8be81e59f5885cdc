/** The Services of a soak, as they are pushed. Each has the path prefix of its name. */
import { backendRecord } from '../../../test/support/services.ts';

export const NAMESPACE = 'soak';

/** Where the Services' endpoints are, on 127.0.0.1. */
export interface BackendPorts {
  /** Answers as it should. */
  readonly steady: number;
  /** Breaks off, stalls, closes. Its connections are shared by no healthy Service. */
  readonly failing: number;
  readonly webSocket: number;
  readonly grpc: number;
}

/** A Service whose backend fails, and what its clients may see of that: nothing else is explained. */
export interface FailingService {
  readonly name: string;
  /** As outcomeText() has it. */
  readonly expected: readonly string[];
  readonly request: 'GET' | 'POST' | 'upgrade';
}

/** The file that is asked for has the Service's name, and tells the failing backend what to do. */
export const FAILING: readonly FailingService[] = [
  { name: 'reset', expected: ['502'], request: 'GET' },
  { name: 'refused', expected: ['502'], request: 'GET' },
  { name: 'bad-head', expected: ['502'], request: 'GET' },
  { name: 'stall', expected: ['504'], request: 'GET' },
  { name: 'cut', expected: ['200 cut'], request: 'GET' },
  { name: 'cut-chunked', expected: ['200 cut'], request: 'GET' },
  // A reset discards what has not been read yet, which may include the head.
  { name: 'cut-reset', expected: ['200 cut', '502'], request: 'GET' },
  { name: 'tunnel-cut', expected: ['101'], request: 'upgrade' },
  // The one retry, on a fresh connection, is always answered, so no client sees that a kept-alive connection was closed.
  { name: 'close-on-reuse', expected: ['200'], request: 'GET' },
  { name: 'early-close', expected: ['200'], request: 'GET' },
  // A POST must not be sent twice, so here it may show.
  { name: 'early-close-post', expected: ['200', '502'], request: 'POST' },
];

export const STEADY = 'steady';
/** For clients that leave in the middle. */
export const ABORTED = 'aborted';
export const WEB_SOCKET = 'ws';
export const GRPC = 'grpc';
export const GRPC_METHOD = '/soak.Echo/Chat';

/** Nothing listens there. */
const REFUSING_PORT = 1;
const STALL_LIMIT = '1s';

/**
 * @param version changes the healthy Services' own routes with every push, while requests are under way on them
 * @param passing names of Services that come and go
 */
export function backendRecords(ports: BackendPorts, version: number, passing: readonly string[]): object[] {
  const changing = { 'send-timeout': version % 2 === 0 ? '60s' : '61s' };
  return [
    record(STEADY, ports.steady, changing),
    record(ABORTED, ports.steady, changing),
    record(WEB_SOCKET, ports.webSocket, changing),
    record(GRPC, ports.grpc, { ...changing, path: '/soak.Echo', protocol: 'grpc' }),
    ...FAILING.map(({ name }) =>
      record(name, name === 'refused' ? REFUSING_PORT : ports.failing, { 'read-timeout': STALL_LIMIT }),
    ),
    ...passing.map(name => record(name, ports.steady, {})),
  ];
}

/** The annotations make it a route. */
function record(name: string, port: number, annotations: Readonly<Record<string, string>>): object {
  const own = { path: `/${name}`, ...annotations };
  return backendRecord(name, [{ host: '127.0.0.1', port }], { namespace: NAMESPACE, annotations: own });
}
