import type { PortId, PortState } from '../model/gateway-port.ts';
import type { PortStates } from './port-sockets.ts';
import type { Subscription } from './subscription.ts';

/** What each worker says of the ports of Gateways that it has been told to listen on. */
export class PortReports {
  readonly #workers = new Map<Subscription, ReadonlyMap<PortId, PortState>>();
  /** Set by who waits for them. */
  onChange: (() => void) | undefined;

  take(worker: Subscription, states: PortStates): void {
    this.#workers.set(worker, new Map(states));
    this.onChange?.();
  }

  /** It has ended. */
  forget(worker: Subscription): void {
    if (this.#workers.delete(worker)) this.onChange?.();
  }

  /** Time has passed: which workers answer may have changed. */
  look(): void {
    this.onChange?.();
  }

  /** Of all workers that answer: one that starts says something when it is up. */
  stateOf(id: PortId): PortState {
    let isListening = false;
    for (const [{ isLate }, states] of this.#workers) {
      if (isLate) continue;
      const state = states.get(id) ?? { state: 'opening' };
      if (state.state !== 'listening') return state;
      isListening = true;
    }
    return { state: isListening ? 'listening' : 'opening' };
  }

  /** Whether any worker listens on it. */
  hasListener(id: PortId): boolean {
    return [...this.#workers.values()].some(states => states.get(id)?.state === 'listening');
  }
}
