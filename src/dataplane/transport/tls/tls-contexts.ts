import { constants, createHash } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import { revocationLists } from '../../../formats/revocation-lists.ts';
import type { Certificate } from '../../../model/certificate.ts';
import type { ClientCertificatePolicy } from '../../../model/tls-host.ts';
import { TicketRenewal } from './ticket-renewal.ts';

/** Mozilla's intermediate list (wiki.mozilla.org/Security/Server_Side_TLS); those of TLS 1.3 are OpenSSL's own. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/** Node's part of a context, as far as it is used here. */
interface NativeContext {
  close?: () => void;
}

/** A session that is resumed does not have the chain of its client's certificate, whose length would have to be known. */
const NOT_RESUMED = constants.SSL_OP_NO_TICKET;

/** A context takes some 30 KiB, and is made in half a millisecond, about what a full handshake costs besides. */
const MAX_CONTEXTS = 128;

/** What a context is for. */
interface Purpose {
  readonly certificate: Certificate;
  readonly clientCertificate: ClientCertificatePolicy | undefined;
  readonly scope: string;
  readonly isForTls13: boolean;
}

/**
 * What handshakes are made with: for each certificate, policy and scope a context of OpenSSL, made when it is used first. The ones
 * that were used last are kept.
 */
export class TlsContexts {
  readonly #renewal = new TicketRenewal();
  /** The one that was used last comes last. */
  readonly #contexts = new Map<string, SecureContext>();
  /** The last of them: most handshakes are for what the one before was for. */
  #last: (Purpose & { readonly context: SecureContext }) | undefined;
  readonly #ticketKeys: () => Uint8Array;
  /** Those of the contexts. */
  #keysInUse: Uint8Array | undefined;

  /** @param ticketKeys encrypt the tickets of sessions: 48 bytes, the same for all workers */
  constructor(ticketKeys: () => Uint8Array) {
    this.#ticketKeys = ticketKeys;
  }

  /**
   * @param scope sessions are resumed within it and the policy alone
   * @param isForTls13 whether the client speaks it: such sessions get a new ticket each time
   * @throws where certificate or key are none, or do not belong together
   */
  of(
    certificate: Certificate,
    clientCertificate: ClientCertificatePolicy | undefined,
    scope: string,
    isForTls13: boolean,
  ): SecureContext {
    this.#followKeys();
    const last = this.#last;
    const isSame = last?.certificate === certificate && last.clientCertificate === clientCertificate;
    if (isSame && last.scope === scope && last.isForTls13 === isForTls13) return last.context;
    const session = `${clientCertificate?.policy ?? ''}\n${scope}`;
    const name = `${session}\n${certificate.id}\n${isForTls13}`;
    const known = this.#contexts.get(name);
    const context = known ?? this.#create(certificate, clientCertificate, session, isForTls13);
    if (known !== undefined) this.#contexts.delete(name);
    this.#contexts.set(name, context);
    if (this.#contexts.size > MAX_CONTEXTS) this.#giveUpOldest();
    this.#last = { certificate, clientCertificate, scope, isForTls13, context };
    return context;
  }

  /** With other keys, a client that brings a ticket of before makes a full handshake. */
  #followKeys(): void {
    const keys = this.#ticketKeys();
    if (keys === this.#keysInUse) return;
    this.#keysInUse = keys;
    for (const context of this.#contexts.values()) release(context);
    this.#contexts.clear();
    this.#last = undefined;
  }

  #giveUpOldest(): void {
    for (const [name, context] of this.#contexts) {
      this.#contexts.delete(name);
      release(context);
      return;
    }
  }

  #create(
    { chain, key }: Certificate,
    clientCertificate: ClientCertificatePolicy | undefined,
    session: string,
    isForTls13: boolean,
  ): SecureContext {
    const { ca = [], revoked, mostIntermediates } = clientCertificate ?? {};
    const ticketKeys = Buffer.from(this.#ticketKeys());
    const context = createSecureContext({
      cert: chain.toString(),
      key: key.reveal(),
      // Without a list, all roots that Node knows would be loaded.
      ca,
      ...(revoked !== undefined && { crl: [...revocationLists(revoked)] }),
      ciphers: CIPHERS,
      minVersion: 'TLSv1.2',
      // A session is resumed without its certificates being looked at again: never under another policy than its own.
      sessionIdContext: createHash('sha256').update(session).digest('hex').slice(0, 32),
      ticketKeys,
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION | (mostIntermediates === undefined ? 0 : NOT_RESUMED),
    });
    if (isForTls13) this.#renewal.apply(context, ticketKeys);
    return context;
  }
}

/**
 * Frees what OpenSSL holds for a context, as soon as the connections that were made with it end. A collector that knows nothing of it
 * lets thousands wait.
 */
function release({ context }: SecureContext): void {
  const { close } = context as NativeContext;
  if (typeof close === 'function') close.call(context);
}
