import { writeLatin1 } from '../../formats/write-bytes.ts';
import type { LoggedHead, Protocol } from './request-record.ts';

interface Texts {
  readonly protocol?: Protocol | '';
  readonly requestLine: string;
  readonly referer?: string;
  readonly userAgent?: string;
  readonly forwardedFor?: string | undefined;
  readonly authorization?: string;
}

/** A head whose parts are there as texts (latin1). */
export class TextHead implements LoggedHead {
  readonly protocol: Protocol | '';
  readonly mostBytes: number;
  readonly authorization: string;
  readonly #texts: Texts;

  constructor(texts: Texts) {
    const { protocol = '', requestLine, referer = '', userAgent = '', forwardedFor = '', authorization = '' } = texts;
    this.#texts = texts;
    this.protocol = protocol;
    this.authorization = authorization;
    this.mostBytes =
      requestLine.length + referer.length + userAgent.length + forwardedFor.length + authorization.length;
  }

  writeRequestLine(bytes: Buffer, at: number): number {
    return writeLatin1(bytes, at, this.#texts.requestLine);
  }

  writeReferer(bytes: Buffer, at: number): number {
    return writeLatin1(bytes, at, this.#texts.referer ?? '');
  }

  writeUserAgent(bytes: Buffer, at: number): number {
    return writeLatin1(bytes, at, this.#texts.userAgent ?? '');
  }

  writeForwardedFor(bytes: Buffer, at: number): number {
    return writeLatin1(bytes, at, this.#texts.forwardedFor ?? '');
  }
}
