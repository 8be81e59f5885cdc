/** Calls of the four kinds, by the client and to the server of @grpc/grpc-js. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { startBalanced } from '../support/balanced-proxy.ts';
import { atEnd } from '../support/cleanup.ts';
import { eventually, still } from '../support/eventually.ts';
import {
  type Call,
  echoService,
  type GrpcClient,
  type GrpcError,
  type GrpcStatus,
  loadGrpcJs,
} from '../support/grpc-js.ts';
import { RawHttp2Upstream } from '../support/raw-http2-upstream.ts';

const grpc = await loadGrpcJs();
const GRPC = { protocol: 'grpc', balance: { policy: 'round-robin' } } as const;
const UNAVAILABLE = 14;

interface Echo {
  readonly address: { readonly host: string; readonly port: number };
  readonly calls: Call[];
  unary: number;
  cancelled: number;
}

/** Answers with what came. A download sends as many messages as its request says, of 10 000 bytes. */
async function startEcho(t: TestContext): Promise<Echo> {
  if (grpc === undefined) throw new Error('@grpc/grpc-js is not installed');
  const server = new grpc.Server();
  const echo = { calls: [] as Call[], unary: 0, cancelled: 0 };
  const begin = (call: Call): Call => {
    echo.calls.push(call);
    return call.on('cancelled', () => {
      echo.cancelled += 1;
    });
  };
  server.addService(echoService(), {
    unary: ({ request }: { request: Buffer }, done: (error: object | null, reply?: Buffer) => void) => {
      echo.unary += 1;
      if (request.toString() === 'fail') done({ code: 9, details: 'ärger: 100 %' });
      else if (request.toString() !== 'wait') done(null, request);
    },
    upload: (call: Call, done: (error: object | null, reply: Buffer) => void) => {
      let size = 0;
      begin(call)
        .on('data', message => {
          size += message.length;
        })
        .on('end', () => done(null, Buffer.from(String(size))));
    },
    download: (call: Call & { request: Buffer }) => {
      const count = Number(call.request.toString());
      begin(call);
      for (let sent = 0; sent < count; sent += 1) call.write(Buffer.alloc(10_000, sent));
      call.end();
    },
    both: (call: Call) => {
      begin(call)
        .on('data', message => void call.write(message))
        .on('end', () => call.end());
    },
  });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error === null) resolve(port);
    else reject(error);
  });
  const port = await promise;
  atEnd(t, () => server.forceShutdown());
  return Object.assign(echo, { address: { host: '127.0.0.1', port } });
}

function connect(t: TestContext, { host, port }: { readonly host: string; readonly port: number }): GrpcClient {
  if (grpc === undefined) throw new Error('@grpc/grpc-js is not installed');
  const Client = grpc.makeGenericClientConstructor(echoService('/v'), 'Echo');
  const client = new Client(`${host}:${port}`, grpc.credentials.createInsecure());
  atEnd(t, () => client.close());
  return client;
}

async function start(t: TestContext, count = 1) {
  const servers = await Promise.all(Array.from({ length: count }, () => startEcho(t)));
  const balanced = await startBalanced(t, { endpoints: servers.map(at => ({ at })), cluster: GRPC });
  return { servers, server: servers[0] as Echo, balanced, client: connect(t, balanced.proxy.address) };
}

function unary(client: GrpcClient, text: string, options = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    client.unary(Buffer.from(text), options, (error, reply) => {
      if (error === null) resolve(String(reply));
      else reject(error);
    });
  });
}

function statusOf(call: Call): Promise<GrpcStatus> {
  call.on('error', () => undefined);
  return new Promise(resolve => call.on('status', resolve));
}

describe('@grpc/grpc-js', {
  concurrency: true,
  skip: grpc === undefined && '@grpc/grpc-js is not installed: npm ci',
}, () => {
  it('unary calls', async t => {
    const { client, server } = await start(t);
    const texts = Array.from({ length: 250 }, (_, index) => `message ${index}`);
    assert.deepEqual(await Promise.all(texts.map(text => unary(client, text))), texts);
    assert.equal(server.unary, 250);
  });

  it('a large message in both directions', async t => {
    const { client } = await start(t);
    const text = 'x'.repeat(3_000_000);
    assert.equal(await unary(client, text), text);
  });

  it('an error of the server goes on with its message', async t => {
    const { client } = await start(t);
    await assert.rejects(
      unary(client, 'fail'),
      (error: GrpcError) => error.code === 9 && error.details === 'ärger: 100 %',
    );
  });

  it('an error made here has a status and a message', async t => {
    const { client, balanced } = await start(t);
    balanced.serve([], GRPC);
    await assert.rejects(unary(client, 'x'), (error: GrpcError) => {
      assert.equal(error.code, UNAVAILABLE);
      assert.match(error.details, /no endpoint/);
      return true;
    });
  });

  it('a stream of requests', async t => {
    const { client } = await start(t);
    const size = await new Promise<string>((resolve, reject) => {
      const call = client.upload({}, (error, reply) => (error === null ? resolve(String(reply)) : reject(error)));
      for (let count = 0; count < 100; count += 1) call.write(Buffer.alloc(20_000));
      call.end();
    });
    assert.equal(size, '2000000');
  });

  it('a stream of responses, which a client that does not read holds back', async t => {
    const { client } = await start(t);
    const call = client.download(Buffer.from('300'));
    let received = 0;
    call.on('data', ({ length }) => {
      received += length;
    });
    const status = statusOf(call);
    await eventually('the first', () => received > 0);
    call.pause();
    const stopped = await still('the stream to stop', () => received);
    assert.ok(stopped < 3_000_000);
    call.resume();
    assert.equal((await status).code, 0);
    assert.equal(received, 3_000_000);
  });

  it('both sides stream', async t => {
    const { client } = await start(t);
    const call = client.both();
    const received: string[] = [];
    call.on('data', message => {
      received.push(String(message));
      if (received.length === 50) call.end();
      else call.write(Buffer.from(String(received.length)));
    });
    call.write(Buffer.from('0'));
    assert.equal((await statusOf(call)).code, 0);
    assert.deepEqual(
      received,
      Array.from({ length: 50 }, (_, index) => String(index)),
    );
  });

  it('a call that is cancelled is cancelled at the server', async t => {
    const { client, server } = await start(t);
    const call = client.both();
    const status = statusOf(call);
    call.write(Buffer.from('x'));
    await eventually('the call', () => server.calls.length === 1);
    call.cancel();
    assert.equal((await status).code, 1);
    await eventually('the server to know', () => server.cancelled === 1);
  });

  it('a deadline ends a call', async t => {
    const { client } = await start(t);
    await assert.rejects(unary(client, 'wait', { deadline: Date.now() + 300 }), (error: GrpcError) => error.code === 4);
  });

  it('calls of one connection are spread over the pods, and a pod that refuses is passed over', async t => {
    const { client, servers, balanced } = await start(t, 2);
    for (let count = 0; count < 20; count += 1) await unary(client, 'x');
    assert.deepEqual(
      servers.map(each => each.unary),
      [10, 10],
    );
    const refusing = await RawHttp2Upstream.start(t, request => request.reset(7));
    balanced.serve([{ at: servers[0] as Echo }, { at: refusing }], GRPC);
    for (let count = 0; count < 6; count += 1) assert.equal(await unary(client, 'x'), 'x');
    await eventually('nothing in flight', () => balanced.inFlight.every(count => count === 0));
  });
});
