import { COUNTER } from '../../observe/counters.ts';

// The states of a client's connection, in the order in which they may follow each other.

/** Between requests, or before the first byte of the first. */
export const IDLE = 0;
/** Part of a head has come. */
export const READING = 1;
/** From a complete head to the end of request and response. */
export const BUSY = 2;
export const TUNNEL = 3;
/** No more is written. Until the last bytes have gone out, and FIN behind them, what the client sends is thrown away. */
export const ENDING = 4;
/** FIN is sent; what the client still sends is thrown away. */
export const LINGERING = 5;
export const CLOSED = 6;

/** The counter of a state: nginx's name for it. @param state not {@link CLOSED} */
export function gaugeOf(state: number): number {
  return state === IDLE ? COUNTER.waiting : state === READING ? COUNTER.reading : COUNTER.writing;
}
