import type { RecordedTraffic } from '../pipeline/exchange-record.ts';

/** What is known of a client and counted of its bytes for one request. */
export class ClientTraffic implements RecordedTraffic {
  receivedBytes = 0;
  sentBytes = 0;
  sentBodyBytes = 0;
  readonly client: RecordedTraffic['client'];

  constructor(peer: string) {
    this.client = { peer, tls: undefined };
  }
}
