/**
 * Reads the input of an operation: the body's JSON, checked and converted by the run-time schema that the SDK carries for
 * the operation's request. Unknown members are ignored and nulls are absent, as AWS services do.
 *  - a wrong type is SerializationException: `tags[0].key: NUMBER_VALUE can not be converted to a String`;
 *  - missing required members are told all at once, in the words of AWS's validation: InvalidParameterException, or
 *    ClientException where ECS answers that (RegisterTaskDefinition).
 * What the schema lacks (enums, lengths, ranges) is checked beside each operation: api/limits.ts.
 */
import type { ListClusters$ } from '@aws-sdk/client-ecs';
import { NormalizedSchema } from '@smithy/core/schema';
import type { ApiErrorCode } from './api-error.ts';
import { ApiError } from './api-error.ts';

/** The schema has one numeric type for all; these are the members of ECS that need not be integers. */
const fractions = new Set(['value', 'doubleValue', 'targetValue', 'canaryPercent', 'stepPercent', 'drainPercent']);

const largestInteger = 2 ** 31 - 1;

/** An operation's schema: [9, namespace, name, traits, input, output]. */
export type OperationSchema = typeof ListClusters$;

/** Paths of required members that are missing. */
type Missing = string[];

export function readInput(
  schema: OperationSchema,
  body: Uint8Array,
  missingCode: Extract<ApiErrorCode, 'InvalidParameterException' | 'ClientException'> = 'InvalidParameterException',
): Record<string, unknown> {
  const missing: Missing = [];
  const input = read(NormalizedSchema.of(schema[4]), parseBody(body), '', missing) as Record<string, unknown>;
  if (missing.length > 0) {
    const errors = missing.map((path) => `Value null at '${path}' failed to satisfy constraint: Member must not be null`);
    const count = errors.length === 1 ? '1 validation error' : `${errors.length} validation errors`;
    throw new ApiError(missingCode, `${count} detected: ${errors.slice(0, 20).join('; ')}`);
  }
  return input;
}

function parseBody(body: Uint8Array): unknown {
  const text = Buffer.from(body).toString('utf8').trim();
  if (text === '') return {};
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new ApiError('SerializationException', `The request body is not valid JSON: ${(error as Error).message}`);
  }
}

function read(schema: NormalizedSchema, value: unknown, path: string, missing: Missing): unknown {
  if (schema.isStructSchema()) return readStructure(schema, value, path, missing);
  if (schema.isListSchema()) {
    if (!Array.isArray(value)) throw wrongType(value, 'a List', path);
    const items = schema.getValueSchema();
    return value.map((item, index) => read(items, item, `${path}[${index}]`, missing));
  }
  if (schema.isMapSchema()) {
    if (!isObject(value)) throw wrongType(value, 'a Map', path);
    const values = schema.getValueSchema();
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, read(values, item, `${path}.${key}`, missing)]));
  }
  return readScalar(schema, value, path);
}

function readStructure(schema: NormalizedSchema, value: unknown, path: string, missing: Missing): Record<string, unknown> {
  if (!isObject(value)) throw wrongType(value, 'a Structure', path);
  const required = requiredMembers(schema);
  const input: Record<string, unknown> = {};
  for (const [name, member] of schema.structIterator()) {
    const memberPath = path === '' ? name : `${path}.${name}`;
    const given = Object.hasOwn(value, name) ? value[name] : undefined;
    if (given !== undefined && given !== null) input[name] = read(member, given, memberPath, missing);
    else if (required.has(name)) missing.push(memberPath);
  }
  return input;
}

/** Required members come first in a structure's schema; its seventh element says how many they are. */
function requiredMembers(schema: NormalizedSchema): ReadonlySet<string> {
  const structure = schema.getSchema() as [
    kind: number,
    namespace: string,
    name: string,
    traits: unknown,
    members: string[],
    schemas: unknown[],
    required?: number,
  ];
  return new Set(structure[4].slice(0, structure[6] ?? 0));
}

function readScalar(schema: NormalizedSchema, value: unknown, path: string): unknown {
  if (schema.isStringSchema()) {
    if (typeof value !== 'string') throw wrongType(value, 'a String', path);
    return value;
  }
  if (schema.isBooleanSchema()) {
    if (typeof value !== 'boolean') throw wrongType(value, 'a Boolean', path);
    return value;
  }
  if (schema.isNumericSchema()) return readNumber(schema, value, path);
  if (schema.isTimestampSchema()) {
    if (typeof value !== 'number') throw wrongType(value, 'a Timestamp (epoch seconds)', path);
    return new Date(value * 1000);
  }
  if (schema.isBlobSchema()) {
    if (typeof value !== 'string') throw wrongType(value, 'a Blob (base64)', path);
    return Buffer.from(value, 'base64');
  }
  return value;
}

function readNumber(schema: NormalizedSchema, value: unknown, path: string): number {
  if (fractions.has(schema.getMemberName())) {
    if (typeof value !== 'number') throw wrongType(value, 'a Double', path);
    return value;
  }
  if (typeof value !== 'number') throw wrongType(value, 'an Integer', path);
  if (!Number.isInteger(value) || Math.abs(value) > largestInteger) {
    throw new ApiError('SerializationException', `${path}: ${value} can not be converted to an Integer (32 bits)`);
  }
  return value;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const wrongType = (value: unknown, expected: string, path: string): ApiError =>
  new ApiError(
    'SerializationException',
    `${path === '' ? 'The request body' : path}: ${kindOf(value)} can not be converted to ${expected}`,
  );

/** As AWS's own JSON readers name what they met. */
function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'NULL_VALUE';
  if (Array.isArray(value)) return 'START_ARRAY';
  if (typeof value === 'boolean') return value ? 'TRUE_VALUE' : 'FALSE_VALUE';
  if (typeof value === 'object') return 'START_OBJECT';
  return typeof value === 'string' ? 'STRING_VALUE' : 'NUMBER_VALUE';
}
