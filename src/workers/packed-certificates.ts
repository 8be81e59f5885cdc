/** Certificates on their way to the workers, which read them where they are: in memory that all threads share. */
import { type Certificate, type CertificateId, PrivateKey } from '../model/certificate.ts';
import { type SharedPlace, SharedText } from '../model/shared-text.ts';
import type { SharedValues } from './shared-values.ts';

/** A certificate for one message. */
export interface SharedCertificate {
  readonly id: CertificateId;
  readonly chain: SharedPlace;
  readonly key: SharedPlace;
}

/** A place in one of the pieces of memory that go with the text. */
type PackedPlace = readonly [piece: number, start: number, length: number];

/** A certificate in a text. */
export type PackedCertificate = readonly [id: CertificateId, chain: PackedPlace, key: PackedPlace];

export function shareCertificate({ id, chain, key }: Certificate): SharedCertificate {
  return { id, chain: chain.place, key: key.share().place };
}

export function certificateOfShared({ id, chain, key }: SharedCertificate): Certificate {
  return { id, chain: new SharedText(chain), key: new PrivateKey(new SharedText(key)) };
}

export function packCertificate(
  { id, chain, key }: Certificate,
  pieces: SharedValues<SharedArrayBuffer>,
): PackedCertificate {
  return [id, packPlace(chain, pieces), packPlace(key.share(), pieces)];
}

export function unpackCertificate(
  [id, chain, key]: PackedCertificate,
  pieces: readonly SharedArrayBuffer[],
): Certificate {
  return { id, chain: unpackPlace(chain, pieces), key: new PrivateKey(unpackPlace(key, pieces)) };
}

function packPlace({ place }: SharedText, pieces: SharedValues<SharedArrayBuffer>): PackedPlace {
  return [pieces.placeOf(place.memory), place.start, place.length];
}

function unpackPlace([piece, start, length]: PackedPlace, pieces: readonly SharedArrayBuffer[]): SharedText {
  return new SharedText({ memory: pieces[piece] as SharedArrayBuffer, start, length });
}
