/** Makes Grafana's JSON model of the rows: https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/ */
import type { PanelSpec, Query, RowSpec } from './panel.ts';
import { POLICY_ROWS } from './policy-rows.ts';
import { PROGRAM_ROWS } from './program-rows.ts';
import { PROTOCOL_ROWS } from './protocol-rows.ts';
import { TRAFFIC_ROWS } from './traffic-rows.ts';

/** Of Grafana 10 and 11; later ones read it and write it anew. */
const SCHEMA_VERSION = 39;
const COLUMNS = 24;
const HEIGHT = { stat: 4, time: 8 } as const;
const DATASOURCE = { type: 'prometheus', uid: '$datasource' };

interface Place {
  readonly x: number;
  readonly y: number;
}

/** The dashboard, ready to be written as JSON. */
export function makeDashboard(): object {
  return {
    title: 'kube-entry',
    uid: 'kube-entry',
    description: 'The entry service: what clients get, what upstreams do, and how it is itself.',
    tags: ['kube-entry', 'kubernetes', 'nginx'],
    schemaVersion: SCHEMA_VERSION,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    timezone: 'browser',
    annotations: { list: [] },
    links: [],
    templating: { list: variables() },
    panels: place([...TRAFFIC_ROWS, ...POLICY_ROWS, ...PROTOCOL_ROWS, ...PROGRAM_ROWS]),
  };
}

function variables(): object[] {
  const datasource = { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' };
  return [
    { ...datasource, current: {}, hide: 0, includeAll: false, multi: false, options: [], refresh: 1, regex: '' },
    variable('job', 'Job', 'kube_entry_build_info', false),
    variable('instance', 'Instance', 'kube_entry_build_info{job="$job"}', true),
    variable('namespace', 'Namespace', 'kube_entry_requests_total{job="$job"}', true),
    variable('service', 'Service', 'kube_entry_requests_total{job="$job",namespace=~"$namespace"}', true),
  ];
}

/** A choice among the values that a label of a metric has. @param isMulti any number of them, all at first */
function variable(name: string, label: string, metric: string, isMulti: boolean): object {
  const query = `label_values(${metric}, ${name})`;
  return {
    name,
    label,
    type: 'query',
    datasource: DATASOURCE,
    definition: query,
    query: { query, refId: `${name}-values` },
    hide: 0,
    // When the time range changes, too: a Service that is gone can still be looked at.
    refresh: 2,
    sort: 1,
    multi: isMulti,
    includeAll: isMulti,
    options: [],
    regex: '',
    ...(isMulti
      ? // Also what has an empty value: requests that no route took.
        { allValue: '.*', current: { selected: true, text: ['All'], value: ['$__all'] } }
      : { current: {} }),
  };
}

/** Rows from top to bottom, the panels of each from left to right. */
function place(rows: readonly RowSpec[]): object[] {
  const panels: object[] = [];
  let y = 0;
  for (const row of rows) {
    panels.push({ id: panels.length + 1, ...rowPanel(row.title, y) });
    y += 1;
    let x = 0;
    let height = 0;
    for (const spec of row.panels) {
      if (x + spec.width > COLUMNS) {
        x = 0;
        y += height;
        height = 0;
      }
      panels.push({ id: panels.length + 1, ...panel(spec, { x, y }) });
      x += spec.width;
      height = Math.max(height, HEIGHT[spec.kind ?? 'time']);
    }
    y += height;
  }
  return panels;
}

function rowPanel(title: string, y: number): object {
  return { type: 'row', title, collapsed: false, gridPos: { h: 1, w: COLUMNS, x: 0, y }, panels: [] };
}

function panel(spec: PanelSpec, { x, y }: Place): object {
  const { title, description, kind = 'time', queries, width } = spec;
  return {
    type: kind === 'stat' ? 'stat' : 'timeseries',
    title,
    description,
    datasource: DATASOURCE,
    gridPos: { h: HEIGHT[kind], w: width, x, y },
    targets: queries.map((query, index) => target(query, index, kind)),
    fieldConfig: { defaults: defaults(spec), overrides: [] },
    options: kind === 'stat' ? STAT_OPTIONS : TIME_OPTIONS,
  };
}

function target({ expr, legend }: Query, index: number, kind: 'time' | 'stat'): object {
  const refId = String.fromCharCode('A'.charCodeAt(0) + index);
  // A stat shows the last value, with its way there in the background.
  return {
    refId,
    datasource: DATASOURCE,
    editorMode: 'code',
    expr,
    legendFormat: legend,
    range: true,
    instant: false,
    ...(kind === 'stat' && { interval: '1m' }),
  };
}

function defaults({ unit, kind = 'time', isStacked = false, thresholds }: PanelSpec): object {
  const [orange, red] = thresholds ?? [];
  const steps = [
    { color: 'green', value: null },
    ...(orange === undefined ? [] : [{ color: 'orange', value: orange }]),
    ...(red === undefined ? [] : [{ color: 'red', value: red }]),
  ];
  return {
    unit,
    min: 0,
    color: { mode: kind === 'stat' ? 'thresholds' : 'palette-classic' },
    thresholds: { mode: 'absolute', steps },
    ...(kind === 'time' && {
      custom: {
        drawStyle: 'line',
        lineWidth: 1,
        fillOpacity: isStacked ? 25 : 5,
        showPoints: 'never',
        stacking: { mode: isStacked ? 'normal' : 'none', group: 'A' },
        thresholdsStyle: { mode: thresholds === undefined ? 'off' : 'line' },
      },
    }),
  };
}

const STAT_OPTIONS = {
  colorMode: 'value',
  graphMode: 'area',
  reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
};

const TIME_OPTIONS = {
  legend: { calcs: ['lastNotNull', 'max'], displayMode: 'table', placement: 'bottom', showLegend: true },
  tooltip: { mode: 'multi', sort: 'desc' },
};
