/**
 * A service that speaks AWS JSON 1.1, as the front door serves it: which operations its API has (from the schemas that its SDK
 * carries), and which of them are built. Another service joins with its SDK's schemas and its own operations.
 */
import * as ecs from '@aws-sdk/client-ecs';
import type { OperationSchema } from './input.ts';
import type { Operation } from './operation.ts';

export interface AwsJsonService {
  /** What stands before the dot in `X-Amz-Target`. */
  targetPrefix: string;
  /** What the credential scope of a call must name. */
  signingName: string;
  /** How it calls itself in messages. */
  title: string;
  /** Every operation of the service's API, built or not. */
  schemas: ReadonlyMap<string, OperationSchema>;
  /** Those that are built. */
  operations: ReadonlyMap<string, Operation>;
  /** Operations that answer ClientException, not InvalidParameterException, when a required member is missing. */
  clientExceptionFor: ReadonlySet<string>;
}

export function ecsService(operations: readonly Operation[]): AwsJsonService {
  const schemas = operationSchemas(ecs);
  const unknown = operations.filter(({ name }) => !schemas.has(name));
  if (unknown.length > 0) throw new Error(`No operations of the ECS API: ${unknown.map(({ name }) => name).join(', ')}`);
  return {
    targetPrefix: 'AmazonEC2ContainerServiceV20141113',
    signingName: 'ecs',
    title: 'Amazon ECS',
    schemas,
    operations: new Map(operations.map((operation) => [operation.name, operation])),
    clientExceptionFor: new Set(['RegisterTaskDefinition']),
  };
}

/** Operations' schemas are the exports that begin with 9; their third element is the name. */
function operationSchemas(sdk: object): Map<string, OperationSchema> {
  const isOperationSchema = (value: unknown): value is OperationSchema => Array.isArray(value) && value[0] === 9;
  const schemas: unknown[] = Object.values(sdk);
  return new Map(schemas.filter(isOperationSchema).map((schema) => [schema[2], schema]));
}
