/** What is in force, and which worker has it. */

import type { Certificate } from '../model/certificate.ts';
import type { Delta, ServedCluster } from '../model/delta.ts';
import type { PortId } from '../model/gateway-port.ts';
import type { ClusterId } from '../model/route.ts';
import type { CounterBoard } from '../observe/counter-board.ts';
import type { EndpointBoard } from '../observe/endpoint-board.ts';
import { RouteTable } from '../routing/table.ts';
import type { Settings } from '../settings/schema.ts';
import { EndpointSlots } from './endpoint-slots.ts';
import { InForce } from './in-force.ts';
import type { Change, WorkerInit } from './messages.ts';
import { shareCertificate } from './packed-certificates.ts';
import { pack } from './packed-delta.ts';
import { type NewlyInForce, SharedDelta } from './pending-change.ts';
import { Subscription } from './subscription.ts';

/** Who has taken a change. A worker that has died does not count: its replacement starts with everything. */
export interface Receipt {
  /** Resolves when every worker has it but those that are late. */
  readonly answering: Promise<void>;
  /** Resolves when every worker has it: a late one by itself in the end, or its replacement. */
  readonly everywhere: Promise<void>;
}

export interface DistributionOptions {
  readonly board: CounterBoard;
  readonly endpoints: Pick<EndpointBoard, 'inFlight' | 'clearSlot'>;
  readonly settings: Settings;
  /** Undefined for the built-in one. */
  readonly errorPage: string | undefined;
  readonly affinityKeys: readonly Uint8Array[];
  /** Undefined where TLS does not listen. */
  readonly defaultCertificate: Certificate | undefined;
  /** Of the tickets by which clients resume TLS sessions: 48 bytes. */
  readonly ticketKeys: Uint8Array;
}

interface Waiting {
  readonly number: number;
  readonly done: () => void;
}

/**
 * Gives every worker what is in force, each at its own pace: one that is slow or stands still gets the newest when it can take
 * it, and holds up no other.
 */
export class Distribution {
  readonly #slots: EndpointSlots;
  readonly #state: InForce;
  readonly #subscriptions = new Set<Subscription>();
  #forAnswering: Waiting[] = [];
  #forEverywhere: Waiting[] = [];
  #number = 0;
  #settings: Settings;
  #errorPage: string | undefined;
  #affinityKeys: readonly Uint8Array[];
  #defaultCertificate: Certificate | undefined;
  #ticketKeys: Uint8Array;
  #openPorts: readonly PortId[] = [];

  constructor(options: DistributionOptions) {
    const { board, endpoints, settings, errorPage, affinityKeys, defaultCertificate, ticketKeys } = options;
    this.#slots = new EndpointSlots(endpoints);
    this.#state = new InForce(board, this.#slots);
    this.#settings = settings;
    this.#errorPage = errorPage;
    this.#affinityKeys = affinityKeys;
    this.#defaultCertificate = defaultCertificate;
    this.#ticketKeys = ticketKeys;
  }

  /** The table in force; EMPTY before the first. */
  get table(): RouteTable {
    return this.#state.table ?? RouteTable.EMPTY;
  }

  /** A cluster in force, with its endpoints. */
  cluster(id: ClusterId): ServedCluster | undefined {
    return this.#state.cluster(id);
  }

  /** All clusters in force, with their endpoints. */
  clusters(): Iterable<ServedCluster> {
    return this.#state.clusters();
  }

  /** The keys of sticky cookies in force. */
  get affinityKeys(): readonly Uint8Array[] {
    return this.#affinityKeys;
  }

  /** All that a worker starts with. */
  get inForce(): Pick<
    WorkerInit,
    | 'settings'
    | 'errorPage'
    | 'affinityKeys'
    | 'defaultCertificate'
    | 'ticketKeys'
    | 'openPorts'
    | 'snapshot'
    | 'change'
  > {
    const snapshot = this.#state.snapshot();
    return {
      settings: this.#settings,
      errorPage: this.#errorPage,
      affinityKeys: this.#affinityKeys,
      defaultCertificate: this.#defaultCertificate && shareCertificate(this.#defaultCertificate),
      ticketKeys: this.#ticketKeys,
      openPorts: this.#openPorts,
      snapshot: snapshot && pack(snapshot),
      change: this.#number,
    };
  }

  /** Where it throws, nothing has changed. */
  publish(delta: Delta): Receipt {
    return this.#push({ delta: new SharedDelta(this.#state.apply(delta, this.#number + 1)) });
  }

  updateSettings(settings: Settings): Receipt {
    this.#settings = settings;
    return this.#push({ settings });
  }

  updateErrorPage(html: string | undefined): Receipt {
    this.#errorPage = html;
    return this.#push({ errorPage: { html } });
  }

  updateAffinityKeys(affinityKeys: readonly Uint8Array[]): Receipt {
    this.#affinityKeys = affinityKeys;
    return this.#push({ affinityKeys });
  }

  updateTicketKeys(ticketKeys: Uint8Array): Receipt {
    this.#ticketKeys = ticketKeys;
    return this.#push({ ticketKeys });
  }

  /** @param openPorts all that are to be listened on; those that a worker could not open are tried again */
  updateOpenPorts(openPorts: readonly PortId[]): Receipt {
    this.#openPorts = openPorts;
    return this.#push({ openPorts });
  }

  updateDefaultCertificate(certificate: Certificate): Receipt {
    this.#defaultCertificate = certificate;
    return this.#push({ defaultCertificate: shareCertificate(certificate) });
  }

  /** For a worker that starts now, with what is {@link inForce}. */
  subscribe(send: (number: number, change: Change) => void): Subscription {
    const subscription = new Subscription(this.#number, send);
    this.#subscriptions.add(subscription);
    return subscription;
  }

  /** Its worker has died. */
  unsubscribe(subscription: Subscription): void {
    this.#subscriptions.delete(subscription);
    this.#settle();
  }

  acknowledged(subscription: Subscription, number: number, version: number): void {
    subscription.acknowledge(number, version);
    this.#settle();
  }

  /** Time has passed: asks workers that owe no answer, and stops waiting for those that are late. */
  pass(milliseconds: number): void {
    for (const subscription of this.#subscriptions) subscription.pass(milliseconds);
    this.#settle();
  }

  #push(change: NewlyInForce): Receipt {
    this.#number += 1;
    const number = this.#number;
    for (const subscription of this.#subscriptions) subscription.push(number, change);
    const answering = new Promise<void>(done => this.#forAnswering.push({ number, done }));
    const everywhere = new Promise<void>(done => this.#forEverywhere.push({ number, done }));
    this.#settle();
    return { answering, everywhere };
  }

  #settle(): void {
    let everywhere = this.#number;
    let answering = this.#number;
    for (const { taken, isLate } of this.#subscriptions) {
      everywhere = Math.min(everywhere, taken);
      if (!isLate) answering = Math.min(answering, taken);
    }
    this.#slots.takenEverywhere(everywhere);
    this.#forAnswering = settled(this.#forAnswering, answering);
    this.#forEverywhere = settled(this.#forEverywhere, everywhere);
  }
}

/** @param waiting in the order of their numbers @returns those that go on waiting */
function settled(waiting: Waiting[], taken: number): Waiting[] {
  const first = waiting.findIndex(({ number }) => number > taken);
  const done = first < 0 ? waiting : waiting.slice(0, first);
  for (const { done: resolve } of done) resolve();
  return first < 0 ? [] : first === 0 ? waiting : waiting.slice(first);
}
