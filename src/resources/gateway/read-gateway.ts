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
import { GATEWAY_FIELDS, LISTENER_FIELDS, LISTENER_SET_FIELDS, VALIDATION_FIELDS } from './known-fields.ts';
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
  readUnknown,
} from './read-parts.ts';

/** Several times what the schema of today allows: 64 listeners and certificates, 16 addresses, options and CA references. */
const MANY = 256;
const FEW = 64;
/** Of the values of a mapping together: 16 of 4096 in the schema. */
const OPTIONS = 256 * 1024;

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
    unknown: [...scopeFault(spec), ...readUnknown(spec, GATEWAY_FIELDS)],
  };
}

/** Routes that no Gateway names attach to a default Gateway: none is one here. */
function scopeFault(spec: Field): string[] {
  const scope = spec.at('defaultScope').maybeText(NAME) ?? 'None';
  return scope === 'None' ? [] : ['defaultScope'];
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
    unknown: readUnknown(spec, LISTENER_SET_FIELDS),
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
    unknown: readUnknown(listener, LISTENER_FIELDS),
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
      unknown: readUnknown(validation, VALIDATION_FIELDS),
    })),
  };
}
