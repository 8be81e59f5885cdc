/** The interoperability tests of grpc-go: its client and its server, and the proxy between them. */
import { execFile, spawn } from 'node:child_process';
import { connect } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import type { ListenAddress } from '../../src/formats/listen-address.ts';
import { atEnd } from '../support/cleanup.ts';
import { eventually } from '../support/eventually.ts';
import { grpcProgram, NEEDS_GRPC_GO } from '../support/grpc-assets.ts';
import { startProxy } from '../support/proxy-under-test.ts';
import { serverPort } from '../support/server-port.ts';
import { grpcSides } from './sides.ts';

const run = promisify(execFile);

/** Of the interoperability test descriptions of gRPC, those that need neither credentials nor a balancer of the client. */
const CASES = [
  'empty_unary',
  'large_unary',
  'client_streaming',
  'server_streaming',
  'ping_pong',
  'empty_stream',
  'timeout_on_sleeping_server',
  'cancel_after_begin',
  'cancel_after_first_response',
  'status_code_and_message',
  'special_status_message',
  'custom_metadata',
  'unimplemented_method',
  'unimplemented_service',
];

async function startServer(t: TestContext, [certificate, key]: readonly string[]): Promise<ListenAddress> {
  const port = await serverPort();
  const tls = certificate === undefined ? [] : ['-use_tls', `-tls_cert_file=${certificate}`, `-tls_key_file=${key}`];
  const server = spawn(grpcProgram('server'), [`-port=${port}`, ...tls], { stdio: 'ignore' });
  atEnd(t, () => void server.kill());
  await eventually('the server to listen', () => isListening(port));
  return { host: '127.0.0.1', port };
}

function isListening(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1');
    const settle = (outcome: boolean) => () => {
      socket.destroy();
      resolve(outcome);
    };
    socket.once('connect', settle(true)).once('error', settle(false));
  });
}

describe('grpc-go', { concurrency: 4, timeout: 600_000, ...NEEDS_GRPC_GO }, () => {
  for (const isTls of [false, true]) {
    for (const name of CASES) {
      it(`${name} passes${isTls ? ', over TLS on both sides' : ''}`, async t => {
        const { files, cluster, tls, proxyPort } = await grpcSides(t, isTls);
        const server = await startServer(t, files);
        const proxy = await startProxy(t, 'wire', { routes: [{ path: '/', to: [server], cluster }], ...tls });
        const trust = isTls ? ['-use_tls', '-use_test_ca', `-ca_file=${files[0]}`] : [];
        const place = ['-server_host=localhost', `-server_port=${proxyPort(proxy)}`];
        await run(grpcProgram('client'), [...place, ...trust, `-test_case=${name}`]);
      });
    }
  }
});
