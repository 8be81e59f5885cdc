import type { OpenPort } from '../dataplane/engine.ts';
import type { GatewayPortState } from '../dataplane/gateway-port-state.ts';
import { codeOf, messageOf } from '../errors.ts';
import type { PortId, PortState } from '../model/gateway-port.ts';

export interface PortSocketsOptions {
  /** The port, while it is there. */
  readonly portOf: (id: PortId) => GatewayPortState | undefined;
  /** Starts to listen. */
  readonly open: (port: GatewayPortState) => Promise<OpenPort>;
  /** Hears which ports are listened on, and which cannot be. */
  readonly tell: (states: PortStates) => void;
}

/** What a worker says of all the ports that it has to listen on. */
export type PortStates = readonly (readonly [id: PortId, state: PortState])[];

/** A port while it is opened, and afterwards. */
interface Listening {
  readonly port: GatewayPortState;
  state: PortState;
  open: OpenPort | undefined;
}

/** The ports of Gateways that a worker listens on: those that it is told to, as long as they are there. */
export class PortSockets {
  readonly #options: PortSocketsOptions;
  readonly #listening = new Map<PortId, Listening>();
  #wanted: readonly PortId[];
  #isRunning = false;
  #hasNews = false;

  /** @param wanted as {@link listenOn} */
  constructor(wanted: readonly PortId[], options: PortSocketsOptions) {
    this.#wanted = wanted;
    this.#options = options;
  }

  /** From now on ports are opened. */
  start(): void {
    this.#isRunning = true;
    this.listenOn(this.#wanted);
  }

  /** From now on nothing is opened. */
  stop(): void {
    this.#isRunning = false;
  }

  /** @param wanted all ports to listen on: those that failed are tried again */
  listenOn(wanted: readonly PortId[]): void {
    this.#wanted = wanted;
    if (!this.#isRunning) return;
    this.closeGone();
    for (const id of wanted) if (!isUp(this.#listening.get(id))) this.#open(id);
    this.#tell();
  }

  /** Closes those that have gone, or are no longer wanted. */
  closeGone(): void {
    const wanted = new Set(this.#wanted);
    for (const [id, { port, open }] of this.#listening) {
      if (wanted.has(id) && this.#options.portOf(id) === port) continue;
      this.#listening.delete(id);
      open?.close();
    }
  }

  #open(id: PortId): void {
    const port = this.#options.portOf(id);
    if (port === undefined) return;
    const listening: Listening = { port, state: { state: 'opening' }, open: undefined };
    this.#listening.set(id, listening);
    const settle = (state: PortState): void => {
      listening.state = state;
      if (this.#listening.get(id) === listening) this.#tellSoon();
      else listening.open?.close();
    };
    this.#options.open(port).then(
      open => {
        listening.open = open;
        settle({ state: 'listening' });
      },
      (error: unknown) => settle({ state: 'failed', code: codeOf(error) ?? '', why: messageOf(error) }),
    );
  }

  /** Many ports are often opened in one turn of the event loop. */
  #tellSoon(): void {
    if (this.#hasNews) return;
    this.#hasNews = true;
    setImmediate(() => this.#tell());
  }

  #tell(): void {
    this.#hasNews = false;
    this.#options.tell([...this.#listening].map(([id, { state }]) => [id, state]));
  }
}

function isUp(listening: Listening | undefined): boolean {
  return listening !== undefined && listening.state.state !== 'failed';
}
