/**
 * Puts the time limits of node:net's sockets on a test's clock. Node has timers of its own for them, which no option
 * reaches: here `socket.setTimeout()` and what begins it anew at each read and write are replaced, for the sockets of code
 * that {@link socketsOn} runs. The engine `node` knows no other time limits, but for the one of a request head.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { Socket } from 'node:net';
import { type Clock, systemClock } from '../../src/clock.ts';

interface Limit {
  readonly clock: Clock;
  readonly milliseconds: number;
  cancel: () => void;
}

/** Methods of node:net's sockets that its documentation does not name. */
interface SocketInternals {
  /** Something was read or written: the time limit begins anew. */
  _unrefTimer(): void;
  /** The time limit has passed: emits `timeout`, unless bytes that waited have gone meanwhile. */
  _onTimeout(): void;
}

const clocks = new AsyncLocalStorage<Clock>();
const limits = new WeakMap<Socket, Limit>();
const hooked = new WeakSet<Socket>();
const prototype = Socket.prototype as Socket & SocketInternals;
const { setTimeout: setSystemTimeout, _unrefTimer: renewSystemTimeout } = prototype;

/** Runs code all of whose sockets, accepted and connected, take their time limits from this clock. */
export function socketsOn<T>(clock: Clock, run: () => T): T {
  return clock === systemClock ? run() : clocks.run(clock, run);
}

prototype.setTimeout = function (this: Socket & SocketInternals, milliseconds, callback) {
  const clock = clocks.getStore();
  if (clock === undefined) return setSystemTimeout.call(this, milliseconds, callback);
  if (callback !== undefined) this.once('timeout', callback);
  cancelAtClose(this);
  limits.get(this)?.cancel();
  limits.delete(this);
  if (milliseconds > 0) {
    const limit = { clock, milliseconds, cancel: () => undefined };
    limits.set(this, limit);
    begin(this, limit);
  }
  return this;
};

prototype._unrefTimer = function (this: Socket & SocketInternals) {
  const limit = limits.get(this);
  if (limit === undefined) renewSystemTimeout.call(this);
  else begin(this, limit);
};

/** A timer of a clock may keep the process alive. */
function cancelAtClose(socket: Socket): void {
  if (hooked.has(socket)) return;
  hooked.add(socket);
  socket.once('close', () => limits.get(socket)?.cancel());
}

function begin(socket: Socket & SocketInternals, limit: Limit): void {
  limit.cancel();
  limit.cancel = limit.clock.setTimer(limit.milliseconds, () => {
    if (!socket.destroyed) socket._onTimeout();
  });
}
