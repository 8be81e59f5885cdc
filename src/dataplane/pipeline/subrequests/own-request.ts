import { cookieValue } from '../../../formats/http/cookies.ts';
import { queryValue } from '../../../formats/http/query.ts';
import type { PickRequest } from '../../clusters/balancers/balancer.ts';
import { fieldOf } from '../../fields/header-lines.ts';
import type { ClientIdentity, OutgoingHead, OutgoingRequest } from '../ports.ts';
import type { OwnMessage } from './question.ts';

/** No client speaks by it. */
const NO_CLIENT: ClientIdentity = {
  peer: '',
  tls: undefined,
  port: undefined,
  plainForwarded: { lines: () => '' },
  ownUpstreams: undefined,
  connects: 0,
};

/** A request of our own, as a codec sends it and as a balancer sees it. */
export class OwnRequest implements OutgoingRequest, OutgoingHead, PickRequest {
  readonly method: string;
  readonly target: string;
  readonly host: string;
  readonly ownLines: string;
  readonly contentLength: number;
  readonly isChunked: boolean;
  readonly takesInterims = false;
  readonly authority = '';
  readonly client = NO_CLIENT;
  readonly forwarded = undefined;
  readonly certificateFields = [];
  readonly forwardedPrefix = '';
  readonly requestId = '';
  readonly hiddenCookie = '';
  readonly edits = undefined;
  readonly upgrade = undefined;

  constructor({ method, target, host, lines, contentLength, isChunked }: OwnMessage) {
    this.method = method;
    this.target = target;
    this.host = host;
    this.ownLines = lines;
    this.contentLength = contentLength;
    this.isChunked = isChunked;
  }

  get head(): OutgoingHead {
    return this;
  }

  has(): boolean {
    return false;
  }

  value(): string {
    return '';
  }

  lines(): string {
    return this.ownLines;
  }

  clientIp(): string {
    return this.header('x-real-ip');
  }

  uri(): string {
    return this.target;
  }

  header(name: string): string {
    return fieldOf(this.ownLines, 0, name, ', ');
  }

  cookie(name: string): string {
    return cookieValue(fieldOf(this.ownLines, 0, 'cookie', '; '), name);
  }

  query(name: string): string {
    const start = this.target.indexOf('?');
    return start < 0 ? '' : queryValue(this.target.slice(start), name);
  }

  variable(): string {
    return '';
  }
}
