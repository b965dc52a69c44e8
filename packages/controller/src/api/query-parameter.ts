import { ApiError } from './api-error.ts';

/**
 * One parameter of a route's query; undefined when it is missing or empty. Throws InvalidParameterException when it is given more than
 * once: fastify then makes a list of it, and which of the values was meant nobody knows.
 */
export function queryParameter(query: unknown, name: string): string | undefined {
  const value = (query as Record<string, unknown>)[name];
  if (value === undefined || value === '') return undefined;
  if (typeof value === 'string') return value;
  throw new ApiError('InvalidParameterException', `${name} must be given once in the query.`);
}
