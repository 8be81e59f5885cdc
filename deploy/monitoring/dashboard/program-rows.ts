/** What goes on inside: its routes, its watch on the Services, its process. */
import { BY_INSTANCE, INSTANCE, type RowSpec, rate } from './panel.ts';

export const PROGRAM_ROWS: readonly RowSpec[] = [
  {
    title: 'Routes',
    panels: [
      {
        title: 'Routes served',
        description: 'By instance. The lines lie on one another: where they part for long, an instance is behind.',
        unit: 'short',
        width: 8,
        queries: [{ expr: `kube_entry_routes{${INSTANCE}}`, legend: BY_INSTANCE }],
      },
      {
        title: 'Refusals and conflicts',
        description:
          'Services that ask to be exposed and are not, by reason, and routes that wait behind an older Service. `kube-entry routes` names them.',
        unit: 'short',
        width: 8,
        queries: [
          { expr: `max by (reason) (kube_entry_route_refusals{${INSTANCE}})`, legend: '{{reason}}' },
          { expr: `max(kube_entry_route_conflicts{${INSTANCE}})`, legend: 'conflicts' },
        ],
      },
      {
        title: 'Propagation of changes',
        description:
          'From a change of a Service to the last worker that serves it, over the last 30 minutes. The aim is 10 ms.',
        unit: 's',
        width: 8,
        queries: [0.5, 0.99].map(share => ({
          expr: `histogram_quantile(${share}, sum by (le) (rate(kube_entry_config_propagation_seconds_bucket{${INSTANCE}}[30m])))`,
          legend: `p${share * 100}`,
        })),
      },
    ],
  },
  {
    title: 'Gateways',
    panels: [
      {
        title: 'Gateways, listeners and routes that are refused',
        description: 'Their status says why, and so does `kube-entry routes`.',
        unit: 'short',
        width: 8,
        queries: [
          { expr: `max(kube_entry_gateways{${INSTANCE}, state="refused"})`, legend: 'Gateways' },
          { expr: `max(kube_entry_gateway_listeners{${INSTANCE}, state="refused"})`, legend: 'listeners' },
          { expr: `max(kube_entry_gateway_routes{${INSTANCE}, state="refused"})`, legend: 'routes' },
        ],
      },
      {
        title: 'Ports of Gateways',
        description:
          'Addresses and ports that all workers of an instance listen on, or cannot. The log names the failed ones.',
        unit: 'short',
        width: 8,
        queries: [{ expr: `sum by (state) (kube_entry_gateway_ports{${INSTANCE}})`, legend: '{{state}}' }],
      },
      {
        title: 'Statuses written',
        description: 'To objects of the Gateway API, by one replica. Without changes there are none.',
        unit: 'short',
        width: 8,
        queries: [
          {
            expr: `sum by (result) (rate(kube_entry_gateway_status_writes_total{${INSTANCE}}[5m]))`,
            legend: '{{result}}',
          },
        ],
      },
    ],
  },
  {
    title: 'Certificates',
    panels: [
      {
        title: 'Time until certificates expire',
        description: 'Of the 50 that expire first. `kube-entry certificates` shows all of them.',
        unit: 's',
        width: 12,
        queries: [
          {
            expr: `min by (certificate) (kube_entry_certificate_expiry_timestamp_seconds{${INSTANCE}}) - time()`,
            legend: '{{certificate}}',
          },
        ],
      },
      {
        title: 'Certificates with a problem',
        description: 'By reason. `kube-entry certificates` names them.',
        unit: 'short',
        width: 12,
        queries: [
          { expr: `max by (reason) (kube_entry_certificate_problems{${INSTANCE}})`, legend: '{{reason}}' },
          { expr: `max(kube_entry_certificates{${INSTANCE}})`, legend: 'all certificates' },
        ],
      },
    ],
  },
  {
    title: 'Watch on the Kubernetes API',
    panels: [
      {
        title: 'In sync',
        description:
          'Every Service is known and the watch is up. Empty where routes do not come from the Kubernetes API.',
        unit: 'bool_yes_no',
        width: 6,
        queries: [{ expr: `kube_entry_kube_watch_synced{${INSTANCE}}`, legend: BY_INSTANCE }],
      },
      {
        title: 'Changes of Services',
        description: 'Seen in a second by all instances together, of Services that are not exposed too.',
        unit: 'ops',
        width: 6,
        queries: [{ expr: `sum(${rate('kube_entry_kube_watch_events_total', INSTANCE)})`, legend: 'changes' }],
      },
      {
        title: 'Watches begun again',
        description: 'In an hour. A few are usual: API servers end watches after some minutes.',
        unit: 'short',
        width: 6,
        queries: [{ expr: `increase(kube_entry_kube_watch_restarts_total{${INSTANCE}}[1h])`, legend: BY_INSTANCE }],
      },
      {
        title: 'Age of a stale table',
        description:
          'How long ago the routes of a state file were known to be true, where an instance started while the Kubernetes API was away. Empty is as it should be.',
        unit: 's',
        width: 6,
        queries: [
          {
            expr: `time() - (kube_entry_config_stale_since_timestamp_seconds{${INSTANCE}} > 0)`,
            legend: BY_INSTANCE,
          },
        ],
      },
    ],
  },
  {
    title: 'Process',
    panels: [
      {
        title: 'CPU',
        description:
          'Cores in use, of all threads of an instance. At the limit of the container all workers are throttled.',
        unit: 'short',
        width: 8,
        queries: [{ expr: rate('process_cpu_seconds_total', INSTANCE), legend: BY_INSTANCE }],
      },
      {
        title: 'Memory',
        description: 'Resident. Grows with the connections that are open, and hardly with anything else.',
        unit: 'bytes',
        width: 8,
        queries: [{ expr: `process_resident_memory_bytes{${INSTANCE}}`, legend: BY_INSTANCE }],
      },
      {
        title: 'File descriptors in use',
        description: 'Of those the process may have. Every connection to a client or an upstream takes one.',
        unit: 'percentunit',
        width: 8,
        thresholds: [0.8, 1],
        queries: [{ expr: `process_open_fds{${INSTANCE}} / process_max_fds{${INSTANCE}}`, legend: BY_INSTANCE }],
      },
      {
        title: 'Workers',
        description: 'Threads that run. A gap is one that died and was replaced.',
        unit: 'short',
        width: 8,
        queries: [{ expr: `kube_entry_workers{${INSTANCE}}`, legend: BY_INSTANCE }],
      },
      {
        title: 'Silence of workers',
        description:
          'How long a worker has owed the main thread an answer. It is asked once a second, named after 5 s and replaced after 20 s.',
        unit: 's',
        width: 8,
        queries: [
          {
            expr: `max by (instance, worker) (kube_entry_worker_lag_seconds{${INSTANCE}})`,
            legend: `${BY_INSTANCE} {{worker}}`,
          },
        ],
      },
      {
        title: 'Errors of the control plane',
        description:
          'In 15 minutes: bugs that kept a change from being made, and seconds without a free file descriptor. Both are zero as it should be.',
        unit: 'short',
        width: 8,
        queries: [
          { expr: `increase(kube_entry_control_errors_total{${INSTANCE}}[15m])`, legend: `${BY_INSTANCE} bugs` },
          {
            expr: `increase(kube_entry_descriptors_exhausted_total{${INSTANCE}}[15m])`,
            legend: `${BY_INSTANCE} descriptors`,
          },
        ],
      },
      {
        title: 'Events on Services',
        description: 'In a second, posted and left out: more may happen than an API server is to be told.',
        unit: 'ops',
        width: 8,
        queries: [
          { expr: `sum by (result) (${rate('kube_entry_service_events_total', INSTANCE)})`, legend: '{{result}}' },
        ],
      },
      {
        title: 'Event loop lag of the control plane',
        description:
          'How long the main thread is kept from its work: it delays changes of routes and scrapes, not requests, which have threads of their own.',
        unit: 's',
        width: 8,
        queries: [{ expr: `nodejs_eventloop_lag_p99_seconds{${INSTANCE}}`, legend: BY_INSTANCE }],
      },
      {
        title: 'Access log lines dropped',
        description: 'In a second. Standard output, or the file, was not read fast enough.',
        unit: 'ops',
        width: 8,
        queries: [{ expr: rate('kube_entry_access_log_dropped_total', INSTANCE), legend: BY_INSTANCE }],
      },
    ],
  },
];
