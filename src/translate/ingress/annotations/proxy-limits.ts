/** How long endpoints may take, and how large a request may be. */
import { parseSize } from '../../../formats/size.ts';
import type { RouteLimits, RouteOverrides } from '../../../model/route.ts';
import type { IngressConfig } from '../config/ingress-config.ts';
import type { IngressFeature, IngressRow } from '../ingress-feature.ts';
import { parseBareSeconds } from '../numbers.ts';

function timeRow(name: string, example: string, help: string): IngressRow {
  return { name, support: 'works', value: 'whole seconds without a unit, from 1 to 86400', example, help };
}

export const PROXY_LIMITS: IngressFeature = {
  rows: [
    timeRow(
      'proxy-connect-timeout',
      '5',
      'The time that a connection to an endpoint may take to be made; 5 unless told.',
    ),
    timeRow(
      'proxy-read-timeout',
      '3600',
      'The time that an endpoint may be silent before or in its answer, in a call of gRPC, or in a WebSocket; 60 unless told.',
    ),
    timeRow('proxy-send-timeout', '60', 'The time that an endpoint may take none of a request; 60 unless told.'),
    {
      name: 'proxy-body-size',
      support: 'works',
      value: 'bytes, or a number with k, m or g; 0: any',
      example: '50m',
      help: 'The largest body of a request; a larger one is answered with 413. 1m unless told. Nothing is buffered for it.',
    },
  ],
  read(values) {
    return {
      overrides: withoutAbsent({
        connectTimeoutMs: values.read('proxy-connect-timeout', parseBareSeconds),
        readTimeoutMs: values.read('proxy-read-timeout', parseBareSeconds),
        sendTimeoutMs: values.read('proxy-send-timeout', parseBareSeconds),
        maxBodySize: values.read('proxy-body-size', parseSize),
      }),
    };
  },
};

/** The limits of an Ingress that says none itself. */
export function usualLimits(config: IngressConfig): RouteLimits {
  return {
    connectTimeoutMs: config.proxyConnectTimeoutMs,
    readTimeoutMs: config.proxyReadTimeoutMs,
    sendTimeoutMs: config.proxySendTimeoutMs,
    maxBodySize: config.proxyBodySize,
  };
}

function withoutAbsent(limits: { readonly [Key in keyof RouteLimits]: number | undefined }): RouteOverrides {
  return Object.fromEntries(Object.entries(limits).filter(([, limit]) => limit !== undefined));
}
