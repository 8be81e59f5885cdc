/** What clients speak beside HTTP/1.1 in clear: TLS and HTTP/2. */
import { INSTANCE, type RowSpec, rate } from './panel.ts';

export const PROTOCOL_ROWS: readonly RowSpec[] = [
  {
    title: 'TLS',
    panels: [
      {
        title: 'Handshakes',
        description:
          'Done in a second, by version, and those among them that went on with a session of before, which costs less.',
        unit: 'ops',
        width: 8,
        queries: [
          { expr: `sum by (version) (${rate('kube_entry_tls_handshakes_total', INSTANCE)})`, legend: '{{version}}' },
          { expr: `sum(${rate('kube_entry_tls_resumptions_total', INSTANCE)})`, legend: 'resumed' },
        ],
      },
      {
        title: 'Handshakes that failed',
        description:
          'In a second, by reason. client-alert is a client that does not trust the certificate; limit is more at a time than tls-handshakes allows.',
        unit: 'ops',
        width: 8,
        queries: [
          {
            expr: `sum by (reason) (${rate('kube_entry_tls_handshake_failures_total', INSTANCE)}) > 0`,
            legend: '{{reason}}',
          },
          { expr: `sum(${rate('kube_entry_tls_floods_total', INSTANCE)})`, legend: 'ended after it, for a flood' },
        ],
      },
      {
        title: 'Handshakes under way',
        description: 'Each takes some milliseconds of CPU. Many for long are slow clients, or a flood.',
        unit: 'short',
        width: 8,
        queries: [
          { expr: `sum by (instance) (kube_entry_tls_handshakes_in_progress{${INSTANCE}})`, legend: '{{instance}}' },
        ],
      },
    ],
  },
  {
    title: 'HTTP/2',
    panels: [
      {
        title: 'Streams',
        description:
          'Opened by clients in a second: each is a request. Refused are those beyond what a connection may have at a time.',
        unit: 'ops',
        width: 8,
        queries: [
          { expr: `sum(${rate('kube_entry_http2_streams_total', INSTANCE)})`, legend: 'opened' },
          { expr: `sum(${rate('kube_entry_http2_streams_refused_total', INSTANCE)})`, legend: 'refused' },
        ],
      },
      {
        title: 'Streams that were reset',
        description:
          'In a second, by the side that did it. Clients reset what they no longer want; very many are an attack.',
        unit: 'ops',
        width: 8,
        queries: [{ expr: `sum by (side) (${rate('kube_entry_http2_resets_total', INSTANCE)})`, legend: '{{side}}' }],
      },
      {
        title: 'Connections ended for a client’s fault',
        description: 'In a second: clients that do not keep to RFC 9113, or go beyond a limit of ours.',
        unit: 'ops',
        width: 8,
        queries: [{ expr: `sum(${rate('kube_entry_http2_protocol_errors_total', INSTANCE)})`, legend: 'connections' }],
      },
    ],
  },
];
