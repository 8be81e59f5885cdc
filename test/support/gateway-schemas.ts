/** What the CustomResourceDefinitions of the Gateway API say of the fields of their objects, in OpenAPI: without their rules in CEL. */
import { readFileSync } from 'node:fs';
import { parseYamlDocuments } from '../../src/formats/yaml.ts';
import { isObject } from '../../src/resources/service-object.ts';
import { type Channel, gatewayManifests } from './gateway-assets.ts';

export interface Schema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
}

interface Definition {
  readonly spec?: {
    readonly names: { readonly kind: string };
    readonly versions: readonly {
      readonly name: string;
      readonly schema: { readonly openAPIV3Schema: Schema };
    }[];
  };
}

/** By kind and version (`HTTPRoute v1`), the schema of a part. */
export function gatewaySchemas(channel: Channel, part: 'spec' | 'status' = 'spec'): ReadonlyMap<string, Schema> {
  const documents = gatewayManifests(channel).flatMap(
    file => parseYamlDocuments(readFileSync(file, 'utf8')).documents as readonly { readonly value?: unknown }[],
  );
  const schemas = new Map<string, Schema>();
  for (const { value } of documents) {
    const { spec } = (isObject(value) ? value : {}) as Definition;
    for (const { name, schema } of spec?.versions ?? []) {
      const ofPart = schema.openAPIV3Schema.properties?.[part];
      if (ofPart !== undefined) schemas.set(`${spec?.names.kind} ${name}`, ofPart);
    }
  }
  return schemas;
}

/** What an API server would refuse. */
export function schemaProblems(schema: Schema, value: unknown, path = 'spec'): string[] {
  if (schema.enum !== undefined && !schema.enum.includes(value))
    return [`${path} is none of ${schema.enum.join(', ')}`];
  switch (schema.type) {
    case 'object':
      return isObject(value) ? objectProblems(schema, value, path) : [`${path} is no object`];
    case 'array':
      return Array.isArray(value) ? arrayProblems(schema, value, path) : [`${path} is no list`];
    case 'string':
      return typeof value === 'string' ? textProblems(schema, value, path) : [`${path} is no string`];
    case 'integer': {
      const { minimum = -Infinity, maximum = Infinity } = schema;
      const fits = Number.isInteger(value) && Number(value) >= minimum && Number(value) <= maximum;
      return fits ? [] : [`${path} is no whole number from ${minimum} to ${maximum}`];
    }
    case 'boolean':
      return typeof value === 'boolean' ? [] : [`${path} is no boolean`];
    default:
      return [];
  }
}

function objectProblems(schema: Schema, value: Readonly<Record<string, unknown>>, path: string): string[] {
  const { properties, additionalProperties, required = [], maxProperties = Infinity } = schema;
  const names = Object.keys(value);
  return [
    ...required.filter(name => !(name in value)).map(name => `${path}.${name} is missing`),
    ...(names.length > maxProperties ? [`${path} has more than ${maxProperties} fields`] : []),
    ...names.flatMap(name => {
      const field = properties?.[name] ?? additionalProperties;
      return field === undefined
        ? [`${path}.${name} is not known`]
        : schemaProblems(field, value[name], `${path}.${name}`);
    }),
  ];
}

function arrayProblems(schema: Schema, value: readonly unknown[], path: string): string[] {
  const { items = {}, minItems = 0, maxItems = Infinity } = schema;
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const identities = value.map(item => JSON.stringify(keys.map(key => (isObject(item) ? item[key] : undefined))));
  const isOfLength = value.length >= minItems && value.length <= maxItems;
  return [
    ...(isOfLength ? [] : [`${path} has ${value.length} items`]),
    ...(keys.length > 0 && new Set(identities).size < value.length ? [`two of ${path} have the same ${keys}`] : []),
    ...value.flatMap((item, index) => schemaProblems(items, item, `${path}[${index}]`)),
  ];
}

function textProblems(
  { pattern = '', minLength = 0, maxLength = Infinity }: Schema,
  text: string,
  path: string,
): string[] {
  if (text.length < minLength || text.length > maxLength) return [`${path} has ${text.length} characters`];
  return new RegExp(pattern).test(text) ? [] : [`${path} is ${JSON.stringify(text)}, not like ${pattern}`];
}
