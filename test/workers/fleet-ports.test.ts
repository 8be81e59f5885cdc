/** Ports of Gateways: opened, changed and closed while the program runs, in all workers. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { ListenAddress } from '../../src/formats/listen-address.ts';
import type { GatewayPort, PortId, PortState } from '../../src/model/gateway-port.ts';
import type { Settings } from '../../src/settings/schema.ts';
import { atEnd } from '../support/cleanup.ts';
import { eventually } from '../support/eventually.ts';
import {
  freeAddress,
  gatewayListener,
  gatewayPort,
  portChanges,
  portDelta,
  routeOf,
} from '../support/gateway-ports.ts';
import { RawClient, type RawResponse } from '../support/raw-client.ts';
import { RawUpstream } from '../support/raw-upstream.ts';
import { selfSigned } from '../support/self-signed.ts';
import { certificateOf } from '../support/tls-names.ts';
import { ask, type RunningFleet, startFleet } from './fleet-fixture.ts';

/** A fleet that listens on a port, with a route there. */
async function scene(
  t: TestContext,
  port: GatewayPort,
  settings: Partial<Settings> = {},
): Promise<{ running: RunningFleet; upstream: RawUpstream }> {
  const upstream = await RawUpstream.start(t);
  const running = await startFleet(t, { settings: { workers: 2, ...settings } });
  await running.fleet.publish(portDelta(1, portChanges([port]), upstream, [routeOf(port)])).answering;
  await listening(running, port.id);
  return { running, upstream };
}

function stateOf({ fleet }: RunningFleet, id: PortId): PortState['state'] | undefined {
  return fleet.portStates.get(id)?.state;
}

async function listening(running: RunningFleet, id: PortId): Promise<void> {
  await eventually(
    `${id} to be listened on, which is ${stateOf(running, id)}`,
    () => stateOf(running, id) === 'listening',
  );
}

async function connect(t: TestContext, address: ListenAddress): Promise<RawClient> {
  const client = await RawClient.connect(address);
  atEnd(t, () => client.destroy());
  return client;
}

/** A GET on a connection of its own. */
async function get(t: TestContext, { listen }: GatewayPort): Promise<RawResponse> {
  const client = await connect(t, listen);
  const response = await ask(client, '/', 'Connection: close\r\n');
  client.destroy();
  return response;
}

async function isRefused({ listen }: GatewayPort): Promise<boolean> {
  try {
    (await RawClient.connect(listen)).destroy();
    return false;
  } catch {
    return true;
  }
}

test('a port is opened in all workers and closed again, and connections to other ports notice nothing', async t => {
  const upstream = await RawUpstream.start(t);
  const told: (string | undefined)[] = [];
  const running = await startFleet(t, {
    settings: { workers: 2 },
    onPortStates: states => told.push(states.get(port.id)?.state),
  });
  const { fleet } = running;
  const other = await gatewayPort();
  const port = await gatewayPort();
  await fleet.publish(portDelta(1, portChanges([other]), upstream, [routeOf(other)])).answering;
  await listening(running, other.id);
  const client = await connect(t, other.listen);
  let isOver = false;
  let answers = 0;
  const hammer = (async () => {
    while (!isOver) {
      assert.equal((await ask(client, '/')).status, 200);
      assert.equal((await get(t, other)).status, 200);
      answers += 2;
    }
  })();
  for (let version = 2; version <= 8; version += 2) {
    fleet.publish(portDelta(version, portChanges([port]), upstream, [routeOf(port)]));
    assert.equal(stateOf(running, port.id), 'opening');
    await listening(running, port.id);
    assert.equal((await get(t, port)).status, 200);
    await fleet.publish(portDelta(version + 1, portChanges([], [port.id]), upstream, [], [routeOf(port)])).everywhere;
    assert.equal(stateOf(running, port.id), undefined);
    assert.ok(await isRefused(port));
  }
  isOver = true;
  await hammer;
  assert.ok(answers > 0);
  assert.deepEqual(told.filter((state, index) => state !== told[index - 1]).slice(0, 4), [
    ...['opening', 'listening', undefined, 'opening'],
  ]);
});

test('a port that has gone ends its connections with their next response', async t => {
  const port = await gatewayPort();
  const { running, upstream } = await scene(t, port);
  const client = await connect(t, port.listen);
  assert.equal((await ask(client, '/')).status, 200);
  await running.fleet.publish(portDelta(2, portChanges([], [port.id]), upstream)).everywhere;
  // Its route is still there: what comes on the way is served.
  const last = await ask(client, '/');
  assert.equal(last.status, 200);
  assert.match(last.raw, /connection: close/i);
  await client.closed();
});

test('a port that has gone ends its idle connections as soon as the program would when it ends', async t => {
  const port = await gatewayPort();
  const { running, upstream } = await scene(t, port, { shutdownDelay: 0 });
  const client = await connect(t, port.listen);
  assert.equal((await ask(client, '/')).status, 200);
  await running.fleet.publish(portDelta(2, portChanges([], [port.id]), upstream)).everywhere;
  await client.closed();
});

test('a change of a port counts for the next request and the next connection, and closes no socket', async t => {
  const port = await gatewayPort();
  const { running, upstream } = await scene(t, port);
  const { fleet } = running;
  const client = await connect(t, port.listen);
  assert.equal((await ask(client, '/')).status, 200);
  const closer = [gatewayListener(), gatewayListener({ hostname: 'test' })];
  await fleet.publish(portDelta(2, portChanges([{ ...port, listeners: closer }]), upstream)).answering;
  assert.equal(stateOf(running, port.id), 'listening');
  assert.equal((await ask(client, '/')).status, 404, 'the closer listener takes it, which has no route');

  const CERTIFICATE = selfSigned({ names: ['test'] });
  const certificate = certificateOf(CERTIFICATE);
  const listeners = [gatewayListener({ certificates: [certificate.id] })];
  const secured: GatewayPort = { ...port, transport: 'tls', listeners };
  await fleet.publish(portDelta(3, portChanges([secured], [], [certificate]), upstream)).answering;
  const onTls = await RawClient.connectTls(port.listen, { servername: 'test' });
  atEnd(t, () => onTls.destroy());
  assert.equal((await ask(onTls, '/')).status, 200);
  assert.equal(onTls.tls.getPeerX509Certificate()?.toString(), CERTIFICATE.cert.replace(/\r/g, ''));
  assert.equal((await ask(client, '/')).status, 200, 'a connection of before goes on');

  await fleet.publish(portDelta(4, portChanges([port]), upstream)).answering;
  assert.equal((await get(t, port)).status, 200);
  assert.equal((await ask(onTls, '/')).status, 200);
  assert.deepEqual([...fleet.portStates.values()], [{ state: 'listening' }]);
});

test('a port that goes and comes back while others are opened is listened on again, and so are these', async t => {
  const port = await gatewayPort();
  const { running, upstream } = await scene(t, port);
  const { fleet } = running;
  const others = [await gatewayPort(), await gatewayPort()] as const;
  fleet.publish(portDelta(2, portChanges([others[0]]), upstream, [routeOf(others[0])]));
  // The workers have not heard of the first change when the next ones come, as when one Gateway gets the address of another.
  fleet.publish(portDelta(3, portChanges([], [port.id]), upstream, [], [routeOf(port)]));
  fleet.publish(portDelta(4, portChanges([port]), upstream, [routeOf(port)]));
  fleet.publish(portDelta(5, portChanges([others[1]]), upstream, [routeOf(others[1])]));
  for (const one of [port, ...others]) {
    await listening(running, one.id);
    assert.equal((await get(t, one)).status, 200);
  }
});

test('a port that another program has is said to be busy, and opened when it is free', async t => {
  const port = await gatewayPort();
  const other = await gatewayPort();
  const occupant = createServer();
  occupant.listen(port.listen.port, port.listen.host);
  await once(occupant, 'listening');
  const upstream = await RawUpstream.start(t);
  const running = await startFleet(t, { settings: { workers: 2 } });
  const routes = [routeOf(port), routeOf(other)];
  await running.fleet.publish(portDelta(1, portChanges([port, other]), upstream, routes)).answering;
  await eventually('the port to be busy', () => stateOf(running, port.id) === 'failed');
  const state = running.fleet.portStates.get(port.id);
  assert.ok(state?.state === 'failed');
  assert.equal(state.code, 'EADDRINUSE');
  assert.match(state.why, new RegExp(`cannot listen on ${port.id}: another program listens`));
  await listening(running, other.id);
  assert.equal((await get(t, other)).status, 200);
  occupant.close();
  await once(occupant, 'close');
  await listening(running, port.id);
  assert.equal((await get(t, port)).status, 200);
  assert.equal(running.log.filter(({ msg }) => /cannot be listened on/.test(msg)).length, 1, 'said once');
});

test('an address that this machine does not have is said so, and is no matter of other ports', async t => {
  const { port } = await freeAddress();
  const absent = await gatewayPort({ listen: { host: '192.0.2.1', port } });
  const running = await startFleet(t, { settings: { workers: 1 } });
  const upstream = await RawUpstream.start(t);
  await running.fleet.publish(portDelta(1, portChanges([absent]), upstream, [routeOf(absent)])).answering;
  await eventually('the port to have failed', () => stateOf(running, absent.id) === 'failed');
  const state = running.fleet.portStates.get(absent.id);
  assert.ok(state?.state === 'failed');
  assert.equal(state.code, 'EADDRNOTAVAIL');
  assert.match(state.why, /this machine has no such address/);
  await running.fleet.publish(portDelta(2, portChanges([], [absent.id]), upstream, [], [routeOf(absent)])).answering;
  assert.deepEqual([...running.fleet.portStates], []);
});

test('a worker that takes the place of another listens on all ports', async t => {
  const port = await gatewayPort();
  const { running } = await scene(t, port);
  for (const index of [0, 1]) await running.crash(index);
  await eventually('both to be replaced', () => running.fleet.alive === 2 && running.fleet.restarts === 2);
  await eventually('the port to be served', async () => {
    return !(await isRefused(port)) && stateOf(running, port.id) === 'listening';
  });
  assert.equal((await get(t, port)).status, 200);
});

test('while workers drain, ports of Gateways drain with all others', async t => {
  const port = await gatewayPort();
  const { running, upstream } = await scene(t, port, { shutdownDelay: 0 });
  const client = await connect(t, port.listen);
  assert.equal((await ask(client, '/')).status, 200);
  const drained = running.fleet.drain();
  await eventually('connections to be refused', () => isRefused(port));
  const late = await gatewayPort();
  running.fleet.publish(portDelta(2, portChanges([late]), upstream, [routeOf(late)]));
  await client.closed();
  await drained;
  assert.ok(await isRefused(late));
});

test('on the port of all others, listeners are served without anything being opened', async t => {
  const upstream = await RawUpstream.start(t);
  const running = await startFleet(t, { settings: { workers: 2 } });
  const { fleet, address } = running;
  const port = await gatewayPort({ listen: address, isShared: true });
  await fleet.publish(portDelta(1, portChanges([port]), upstream, [routeOf(port)])).everywhere;
  assert.equal((await get(t, port)).status, 200);
  assert.deepEqual([...fleet.portStates], []);
  await fleet.publish(portDelta(2, portChanges([], [port.id]), upstream, [], [routeOf(port)])).everywhere;
  assert.equal((await get(t, port)).status, 404);
});
