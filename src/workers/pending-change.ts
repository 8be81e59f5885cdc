import type { PublishedDelta } from '../model/delta.ts';
import type { PortId } from '../model/gateway-port.ts';
import type { Settings } from '../settings/schema.ts';
import type { Change } from './messages.ts';
import type { SharedCertificate } from './packed-certificates.ts';
import { type PackedDelta, pack } from './packed-delta.ts';
import { PendingDelta } from './pending-delta.ts';

/** A delta, packed when the first worker needs it and not again for the others. */
export class SharedDelta {
  readonly delta: PublishedDelta;
  #packed: readonly PackedDelta[] | undefined;

  constructor(delta: PublishedDelta) {
    this.delta = delta;
  }

  get packed(): readonly PackedDelta[] {
    this.#packed ??= pack(this.delta);
    return this.#packed;
  }
}

export interface NewlyInForce {
  readonly delta?: SharedDelta;
  readonly settings?: Settings;
  readonly errorPage?: { readonly html: string | undefined };
  readonly affinityKeys?: readonly Uint8Array[];
  readonly defaultCertificate?: SharedCertificate;
  readonly ticketKeys?: Uint8Array;
  readonly openPorts?: readonly PortId[];
}

/** What a worker does not have yet: of everything the newest, so that a busy worker has little to catch up with. */
export class PendingChange {
  /** While there is one alone, it is packed with the others who need it. */
  #only: SharedDelta | undefined;
  #several: PendingDelta | undefined;
  #rest: Omit<NewlyInForce, 'delta'> = {};

  add({ delta, ...rest }: NewlyInForce): void {
    this.#rest = { ...this.#rest, ...rest };
    if (delta === undefined) return;
    if (this.#only === undefined && this.#several === undefined) {
      this.#only = delta;
      return;
    }
    this.#several ??= new PendingDelta();
    if (this.#only !== undefined) this.#several.add(this.#only.delta);
    this.#only = undefined;
    this.#several.add(delta.delta);
  }

  toMessage(): Change {
    if (this.#only !== undefined) return { ...this.#rest, delta: this.#only.packed };
    if (this.#several === undefined) return this.#rest;
    return { ...this.#rest, delta: pack(this.#several.toDelta()) };
  }
}
