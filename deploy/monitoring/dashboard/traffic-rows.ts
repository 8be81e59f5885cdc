/** What clients and upstreams see of it. */
import {
  BY_INSTANCE,
  BY_SERVICE,
  INSTANCE,
  quantile,
  quantiles,
  ROUTED,
  type RowSpec,
  rate,
  SERVICE,
} from './panel.ts';

const ERRORS = `${ROUTED},code=~"5.."`;

export const TRAFFIC_ROWS: readonly RowSpec[] = [
  {
    title: 'Traffic',
    panels: [
      {
        title: 'Requests',
        description: 'Requests answered in a second, those without a route included.',
        unit: 'reqps',
        kind: 'stat',
        width: 6,
        queries: [{ expr: `sum(${rate('kube_entry_requests_total', SERVICE)})`, legend: 'requests' }],
      },
      {
        title: 'Answered with 5xx',
        description:
          'Share of the requests to the chosen Services. 0.1 % is what the alert KubeEntryErrors allows for.',
        unit: 'percentunit',
        kind: 'stat',
        width: 6,
        thresholds: [0.001, 0.0144],
        queries: [
          {
            expr: `(sum(${rate('kube_entry_requests_total', ERRORS)}) or vector(0)) / sum(${rate('kube_entry_requests_total', ROUTED)})`,
            legend: '5xx',
          },
        ],
      },
      {
        title: 'Ready instances',
        description: 'Instances that ask for traffic. Those that start or drain are not among them.',
        unit: 'short',
        kind: 'stat',
        width: 6,
        queries: [{ expr: `sum(kube_entry_ready{${INSTANCE}})`, legend: 'ready' }],
      },
      {
        title: 'Client connections',
        description: 'Open now, whatever they do.',
        unit: 'short',
        kind: 'stat',
        width: 6,
        queries: [{ expr: `sum(nginx_connections_active{${INSTANCE}})`, legend: 'active' }],
      },
      {
        title: 'Requests by Service',
        description: 'The ten busiest of the chosen Services.',
        unit: 'reqps',
        width: 12,
        queries: [
          {
            expr: `topk(10, sum by (namespace, service) (${rate('kube_entry_requests_total', ROUTED)}))`,
            legend: BY_SERVICE,
          },
        ],
      },
      {
        title: 'Bytes',
        description:
          'From and to clients, heads and bodies. Bodies of uploads are in the first, of downloads in the second.',
        unit: 'Bps',
        width: 12,
        queries: [
          { expr: `sum(${rate('kube_entry_request_bytes_total', INSTANCE)})`, legend: 'requests' },
          { expr: `sum(${rate('kube_entry_response_bytes_total', INSTANCE)})`, legend: 'responses' },
        ],
      },
    ],
  },
  {
    title: 'Latency',
    panels: [
      {
        title: 'Request duration',
        description:
          'From the first byte of a request to the last of its response, slow clients, long polls and WebSockets included. The buckets end at 60 s.',
        unit: 's',
        width: 8,
        queries: quantiles('kube_entry_request_duration_seconds', ROUTED),
      },
      {
        title: 'Upstream response time',
        description:
          'The part of it that the upstream took. Where both rise together, the backend is slow and not the entry.',
        unit: 's',
        width: 8,
        queries: quantiles('kube_entry_upstream_response_seconds', ROUTED),
      },
      {
        title: 'Slowest Services (p90)',
        description: 'The ten Services of which one request in ten takes longest.',
        unit: 's',
        width: 8,
        queries: [
          {
            expr: `topk(10, ${quantile(0.9, 'kube_entry_request_duration_seconds', ROUTED, 'namespace, service, le')} >= 0)`,
            legend: BY_SERVICE,
          },
        ],
      },
    ],
  },
  {
    title: 'Errors',
    panels: [
      {
        title: '5xx by Service and code',
        description: '502: refused or broken off. 503: no endpoint. 504: timed out. Other codes come from the backend.',
        unit: 'reqps',
        width: 8,
        queries: [
          {
            expr: `topk(10, sum by (namespace, service, code) (${rate('kube_entry_requests_total', ERRORS)}))`,
            legend: `${BY_SERVICE} {{code}}`,
          },
        ],
      },
      {
        title: 'Share of 5xx by Service',
        description: 'The ten Services that fail most, as a share of their own requests.',
        unit: 'percentunit',
        width: 8,
        queries: [
          {
            expr: `topk(10, sum by (namespace, service) (${rate('kube_entry_requests_total', ERRORS)}) / sum by (namespace, service) (${rate('kube_entry_requests_total', ROUTED)}))`,
            legend: BY_SERVICE,
          },
        ],
      },
      {
        title: 'Answered without a route',
        description:
          '404: no Service takes the path. 400 and its kin: malformed requests. 503: the first table is not loaded yet. The Service variable does not matter here.',
        unit: 'reqps',
        width: 8,
        isStacked: true,
        queries: [
          {
            expr: `sum by (code) (${rate('kube_entry_requests_total', `${INSTANCE},service=""`)})`,
            legend: '{{code}}',
          },
        ],
      },
      {
        title: 'Failures by reason',
        description:
          'Requests that failed here, by the reason that the access log names; `kube-entry explain --reason WORD` says what each means. What a backend answers itself is none of them.',
        unit: 'reqps',
        width: 24,
        queries: [
          {
            expr: `topk(10, sum by (reason) (${rate('kube_entry_request_failures_total', INSTANCE)}) > 0)`,
            legend: '{{reason}}',
          },
        ],
      },
    ],
  },
  {
    title: 'Connections',
    panels: [
      {
        title: 'Client connections by state',
        description: 'Waiting ones are idle and cost memory only. Many that read are slow or hostile clients.',
        unit: 'short',
        width: 8,
        isStacked: true,
        queries: ['reading', 'writing', 'waiting'].map(state => ({
          expr: `sum(nginx_connections_${state}{${INSTANCE}})`,
          legend: state,
        })),
      },
      {
        title: 'New connections',
        description: 'Accepted in a second. What is refused was closed at once because a worker had as many as it may.',
        unit: 'cps',
        width: 8,
        queries: [
          { expr: `sum(${rate('nginx_connections_accepted', INSTANCE)})`, legend: 'accepted' },
          {
            expr: `sum(${rate('nginx_connections_accepted', INSTANCE)}) - sum(${rate('nginx_connections_handled', INSTANCE)})`,
            legend: 'refused',
          },
        ],
      },
      {
        title: 'Connections in use',
        description:
          'Of those that all workers of an instance take: the setting worker-connections times their number.',
        unit: 'percentunit',
        width: 8,
        thresholds: [0.8, 1],
        queries: [
          {
            expr: `nginx_connections_active{${INSTANCE}} / on (job, instance) (kube_entry_workers{${INSTANCE}} * kube_entry_worker_connections{${INSTANCE}})`,
            legend: BY_INSTANCE,
          },
        ],
      },
    ],
  },
  {
    title: 'Upstreams',
    panels: [
      {
        title: 'Connection attempts',
        description:
          'Failed is refused or unreachable, timeout is proxy-connect-timeout. Each of them is tried once more.',
        unit: 'cps',
        width: 8,
        queries: [
          { expr: `sum by (result) (${rate('kube_entry_upstream_connects_total', INSTANCE)})`, legend: '{{result}}' },
        ],
      },
      {
        title: 'Retries',
        description:
          'Requests tried a second time: connect, because no connection came about; stale, because a kept one had been closed.',
        unit: 'ops',
        width: 8,
        queries: [
          { expr: `sum by (reason) (${rate('kube_entry_upstream_retries_total', INSTANCE)})`, legend: '{{reason}}' },
        ],
      },
      {
        title: 'Upstream connections',
        description: 'Busy ones carry a request or a tunnel, idle ones wait for the next request.',
        unit: 'short',
        width: 8,
        isStacked: true,
        queries: [{ expr: `sum by (state) (kube_entry_upstream_connections{${INSTANCE}})`, legend: '{{state}}' }],
      },
    ],
  },
  {
    title: 'Endpoints',
    panels: [
      {
        title: 'Endpoints by state',
        description:
          'Of Services that are balanced over their endpoints. Each instance judges for itself: the one that knows most of them counts.',
        unit: 'short',
        width: 6,
        isStacked: true,
        queries: [
          {
            expr: `sum by (state) (max by (namespace, service, state) (kube_entry_endpoints{${SERVICE}}))`,
            legend: '{{state}}',
          },
        ],
      },
      {
        title: 'Services with endpoints out of use',
        description:
          'The ten Services with most endpoints that get no request, because requests or health checks fail there.',
        unit: 'short',
        width: 6,
        queries: [
          {
            expr: `topk(10, sum by (namespace, service) (max by (namespace, service, state) (kube_entry_endpoints{${SERVICE},state=~"ejected|unhealthy"})))`,
            legend: BY_SERVICE,
          },
        ],
      },
      {
        title: 'Ejections',
        description: 'Endpoints that were taken out of use, by the reason.',
        unit: 'ops',
        width: 6,
        queries: [
          { expr: `sum by (reason) (${rate('kube_entry_endpoint_ejections_total', INSTANCE)})`, legend: '{{reason}}' },
        ],
      },
      {
        title: 'Waiting requests',
        description: 'Requests that wait because each endpoint has as many in flight as max-requests allows.',
        unit: 'short',
        width: 6,
        queries: [{ expr: `kube_entry_upstream_pending{${INSTANCE}}`, legend: BY_INSTANCE }],
      },
    ],
  },
];
