import type { Field, TextRule } from './field.ts';
import {
  type AllowedRoutes,
  type FrontendTlsOfPort,
  GATEWAY_GROUP,
  type GatewayClassSpec,
  type GatewaySpec,
  type Listener,
  type ListenerSetSpec,
  type ListenerTls,
} from './gateway-object.ts';
import {
  DNS_NAME,
  GROUP,
  HOSTNAME,
  KIND,
  NAME,
  NAMESPACE,
  readFullRef,
  readNamespaceSelection,
  readObjectRef,
  readPort,
  readSavedUnknown,
  readUnknown,
} from './read-parts.ts';

/** Several times what the schema of today allows: 64 listeners and certificates, 16 addresses, options and CA references. */
const MANY = 256;
const FEW = 64;
/** Of the values of a mapping together: 16 of 4096 in the schema. */
const OPTIONS = 256 * 1024;

const GATEWAY = new Set([
  'gatewayClassName',
  'addresses',
  'listeners',
  'infrastructure',
  'allowedListeners',
  'tls',
  'unknown',
]);
const GATEWAY_TLS = new Set(['backend', 'frontend']);
const FRONTEND = new Set(['default', 'perPort']);
const FRONTEND_OF_PORT = new Set(['validation']);
const VALIDATION = new Set(['caCertificateRefs', 'mode', 'unknown']);
const LISTENER = new Set(['name', 'hostname', 'port', 'protocol', 'tls', 'allowedRoutes', 'unknown']);
const LISTENER_TLS = new Set(['mode', 'certificateRefs', 'options']);
const ALLOWED_ROUTES = new Set(['namespaces', 'kinds']);

const CONTROLLER: TextRule = { least: 1, most: 253 };

export function readGatewayClassSpec(spec: Field): GatewayClassSpec {
  return {
    controllerName: spec.at('controllerName').text(CONTROLLER),
    parametersRef: spec.at('parametersRef').maybe(readFullRef),
  };
}

export function readGatewaySpec(spec: Field): GatewaySpec {
  return {
    gatewayClassName: spec.at('gatewayClassName').text(NAME),
    addresses: spec.at('addresses').list(FEW, address => ({
      type: address.at('type').maybeText(NAME) ?? 'IPAddress',
      value: address.at('value').maybeText() ?? '',
    })),
    listeners: spec.at('listeners').list(MANY, readListener),
    infrastructure: spec.at('infrastructure').maybe(infrastructure => ({
      labels: infrastructure.at('labels').texts(OPTIONS),
      annotations: infrastructure.at('annotations').texts(OPTIONS),
      parametersRef: infrastructure.at('parametersRef').maybe(readFullRef),
    })),
    allowedListeners: spec.at('allowedListeners').maybe(allowed => ({
      namespaces: readNamespaceSelection(allowed.at('namespaces'), 'None'),
    })),
    tls: spec.at('tls').maybe(tls => ({
      backend: tls.at('backend').maybe(backend => ({
        clientCertificateRef: backend.at('clientCertificateRef').maybe(ref => readObjectRef(ref, '', 'Secret')),
      })),
      frontend: tls.at('frontend').maybe(frontend => ({
        default: frontend.at('default').maybe(readFrontendTls),
        perPort: frontend.at('perPort').list(MANY, entry => ({
          port: readPort(entry.at('port')),
          tls: readFrontendTls(entry.at('tls')),
        })),
      })),
    })),
    unknown: unknownOfGateway(spec),
  };
}

function unknownOfGateway(spec: Field): string[] {
  const tls = spec.at('tls');
  return [
    ...readSavedUnknown(spec),
    ...readUnknown(spec, GATEWAY),
    ...readUnknown(tls, GATEWAY_TLS, 'tls.'),
    ...(tls.isAbsent ? [] : unknownOfFrontend(tls.at('frontend'))),
  ];
}

function unknownOfFrontend(frontend: Field): string[] {
  if (frontend.isAbsent) return [];
  const perPort = frontend.at('perPort').list(MANY, entry => entry.at('tls'));
  const ofPorts = [frontend.at('default'), ...perPort].flatMap(tls => readUnknown(tls, FRONTEND_OF_PORT));
  const all = [...frontend.othersThan(FRONTEND), ...ofPorts].map(key => `tls.frontend.${key}`);
  return [...new Set(all)];
}

export function readListenerSetSpec(spec: Field): ListenerSetSpec {
  const parent = spec.at('parentRef');
  return {
    parentRef: {
      group: parent.at('group').maybeText(GROUP) ?? GATEWAY_GROUP,
      kind: parent.at('kind').maybeText(KIND) ?? 'Gateway',
      namespace: parent.at('namespace').maybeText(NAMESPACE),
      name: parent.at('name').text(NAME),
    },
    listeners: spec.at('listeners').list(MANY, readListener),
  };
}

function readListener(listener: Field): Listener {
  return {
    name: listener.at('name').text(DNS_NAME),
    // Empty is refused by the API server of today, and stood for all hosts before.
    hostname: listener.at('hostname').value === '' ? undefined : listener.at('hostname').maybeText(HOSTNAME),
    port: readPort(listener.at('port')),
    protocol: listener.at('protocol').text({ least: 1, most: 255 }),
    tls: listener.at('tls').maybe(readListenerTls),
    allowedRoutes: readAllowedRoutes(listener.at('allowedRoutes')),
    unknown: [
      ...readSavedUnknown(listener),
      ...readUnknown(listener, LISTENER),
      ...readUnknown(listener.at('tls'), LISTENER_TLS, 'tls.'),
      ...readUnknown(listener.at('allowedRoutes'), ALLOWED_ROUTES, 'allowedRoutes.'),
    ],
  };
}

function readListenerTls(tls: Field): ListenerTls {
  return {
    mode: tls.at('mode').maybeText(NAME) ?? 'Terminate',
    certificateRefs: tls.at('certificateRefs').list(MANY, ref => readObjectRef(ref, '', 'Secret')),
    options: tls.at('options').texts(OPTIONS),
  };
}

function readAllowedRoutes(allowed: Field): AllowedRoutes {
  if (allowed.isAbsent) return { namespaces: { from: 'Same' }, kinds: [] };
  return {
    namespaces: readNamespaceSelection(allowed.at('namespaces'), 'Same'),
    kinds: allowed.at('kinds').list(FEW, kind => ({
      group: kind.at('group').maybeText(GROUP) ?? GATEWAY_GROUP,
      kind: kind.at('kind').text(KIND),
    })),
  };
}

function readFrontendTls(tls: Field): FrontendTlsOfPort {
  return {
    validation: tls.at('validation').maybe(validation => ({
      caCertificateRefs: validation.at('caCertificateRefs').list(FEW, readFullRef),
      mode: validation.at('mode').maybeText(NAME) ?? 'AllowValidOnly',
      unknown: [...readSavedUnknown(validation), ...readUnknown(validation, VALIDATION)],
    })),
  };
}
