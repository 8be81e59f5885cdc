import { isDeepStrictEqual } from 'node:util';
import type { ListenAddress } from '../../formats/listen-address.ts';
import type { ObjectRef } from '../../model/diagnostic.ts';
import type { PortState } from '../../model/gateway-port.ts';
import { CATCH_ALL_HOST, serviceKey } from '../../model/route.ts';
import type { GatewayAddress } from '../../resources/gateway/gateway-object.ts';
import type { IngressAddress } from '../../resources/ingress-object.ts';
import { formatHostPort } from '../../text/host-port.ts';
import type { SharedClaim, SharedPorts } from '../../translate/gateway/gateway-lookups.ts';
import type { GatewaySocket } from '../../translate/gateway/listeners/addressing.ts';
import type { HostProfiles } from './host-profiles.ts';

/** Without them the program does not run. */
const LISTENING: PortState = { state: 'listening' };
const NO_CLAIM = { object: { namespace: '', name: '' }, createdAt: '' };

/** The program's own ports, where Gateways share them, and who has which host there. */
export class SharedGatewayPorts implements SharedPorts {
  readonly plain: GatewaySocket;
  readonly tls: GatewaySocket | undefined;
  readonly #profiles: HostProfiles;
  #addresses: readonly GatewayAddress[] = [];
  /** By owner. */
  #claims: ReadonlyMap<string, SharedClaim> = new Map();
  #isChanged = false;

  constructor(listen: ListenAddress, tlsListen: ListenAddress | undefined, profiles: HostProfiles) {
    this.plain = socketAt(listen);
    this.tls = tlsListen && socketAt(tlsListen);
    this.#profiles = profiles;
  }

  get addresses(): readonly GatewayAddress[] {
    return this.#addresses;
  }

  setAddresses(addresses: readonly IngressAddress[]): void {
    const now = addresses.map(addressOf);
    if (isDeepStrictEqual(now, this.#addresses)) return;
    this.#addresses = now;
    this.#isChanged = true;
  }

  olderOwner(host: string, claim: SharedClaim): ObjectRef | undefined {
    return this.#profiles.olderOwner('gateways', hostOf(host), claim);
  }

  claim(claims: readonly SharedClaim[]): void {
    const now = new Map(claims.map(claim => [`${claim.object.kind} ${serviceKey(claim.object)}`, claim]));
    for (const [owner, claim] of now) {
      if (isDeepStrictEqual(claim, this.#claims.get(owner))) continue;
      this.#profiles.set('gateways', owner, claim.hosts.map(hostOf), claim);
    }
    for (const owner of this.#claims.keys()) if (!now.has(owner)) this.#profiles.set('gateways', owner, [], NO_CLAIM);
    this.#claims = now;
  }

  /** Undefined: it is none of these. */
  stateOf(port: string): PortState | undefined {
    return port === this.plain.id || port === this.tls?.id ? LISTENING : undefined;
  }

  /** Whether something was said since this was asked last. */
  takeChanged(): boolean {
    const isChanged = this.#isChanged;
    this.#isChanged = false;
    return isChanged;
  }
}

function socketAt({ host, port }: ListenAddress): GatewaySocket {
  return { id: formatHostPort(host, port), listen: { host, port }, isShared: true };
}

/** Ingresses without a host want what a listener without a hostname wants. */
function hostOf(hostname: string): string {
  return hostname === '' ? CATCH_ALL_HOST : hostname;
}

function addressOf({ ip, hostname }: IngressAddress): GatewayAddress {
  return ip === undefined ? { type: 'Hostname', value: hostname ?? '' } : { type: 'IPAddress', value: ip };
}
