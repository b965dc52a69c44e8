/**
 * `nextToken` and `maxResults` within ECS's limits. A token names the last item given, not a position: items that come or go
 * between two pages shift nothing. Items are ordered by their key, and only one page of them is kept while looking, so
 * a page of 100 out of 150,000 tasks costs one pass and no sort of all.
 */
import { ApiError } from './api-error.ts';

/** Most that a page may hold, and what it holds when nothing is asked for. From the API reference of each operation. */
const pageSizes = {
  ListAccountSettings: { most: 10, usual: 10 },
  ListAttributes: { most: 100, usual: 100 },
  ListClusters: { most: 100, usual: 100 },
  ListContainerInstances: { most: 100, usual: 100 },
  ListServices: { most: 100, usual: 10 },
  ListTaskDefinitionFamilies: { most: 100, usual: 100 },
  ListTaskDefinitions: { most: 100, usual: 100 },
  ListTasks: { most: 100, usual: 100 },
} as const;

export type PagedOperation = keyof typeof pageSizes;

export interface PageRequest {
  nextToken?: string | undefined;
  maxResults?: number | undefined;
}

export interface Page<T> {
  items: T[];
  /** undefined: this was the last page */
  nextToken?: string;
}

export interface PageOrder<T> {
  /** Unique; items are ordered by it. */
  keyOf: (item: T) => string;
  descending?: boolean;
}

/** Items that are kept in the order of their keys. */
export interface OrderedItems<T> {
  /** The first `count` items behind `after` (undefined: from the first on), in order; undefined: go through all. */
  next: (after: string | undefined, count: number) => T[] | undefined;
  all: () => Iterable<T>;
}

/** Throws InvalidParameterException for a `maxResults` out of range and for a token that this operation did not give. */
export function pageOf<T>(
  operation: PagedOperation,
  request: PageRequest,
  items: Iterable<T> | OrderedItems<T>,
  order: PageOrder<T>,
): Page<T> {
  const size = pageSize(operation, request.maxResults);
  const after = request.nextToken === undefined ? undefined : readToken(operation, request.nextToken);
  const page = firstItems(items, after, size + 1, order);
  const last = page.length > size ? page[size - 1] : undefined;
  return {
    items: page.slice(0, size).map(({ item }) => item),
    ...(last ? { nextToken: writeToken(operation, last.key) } : {}),
  };
}

function pageSize(operation: PagedOperation, maxResults: number | undefined): number {
  const { most, usual } = pageSizes[operation];
  if (maxResults === undefined) return usual;
  if (maxResults < 1 || maxResults > most) {
    throw new ApiError('InvalidParameterException', `maxResults must be between 1 and ${most}, but is ${maxResults}.`);
  }
  return maxResults;
}

interface Keyed<T> {
  key: string;
  item: T;
}

function firstItems<T>(
  items: Iterable<T> | OrderedItems<T>,
  after: string | undefined,
  count: number,
  order: PageOrder<T>,
): Keyed<T>[] {
  if (!('next' in items && 'all' in items)) return firstAfter(items, after, count, order);
  const next = items.next(after, count);
  return next ? next.map((item) => ({ key: order.keyOf(item), item })) : firstAfter(items.all(), after, count, order);
}

/** The first `count` items behind `after`, in order. */
function firstAfter<T>(
  items: Iterable<T>,
  after: string | undefined,
  count: number,
  { keyOf, descending = false }: PageOrder<T>,
): { key: string; item: T }[] {
  const comesBefore = (a: string, b: string): boolean => (descending ? a > b : a < b);
  const page: { key: string; item: T }[] = [];
  for (const item of items) {
    const key = keyOf(item);
    if (after !== undefined && !comesBefore(after, key)) continue;
    const last = page[count - 1];
    if (last && !comesBefore(key, last.key)) continue;
    const at = page.findLastIndex((kept) => comesBefore(kept.key, key)) + 1;
    page.splice(at, 0, { key, item });
    if (page.length > count) page.pop();
  }
  return page;
}

const writeToken = (operation: PagedOperation, key: string): string =>
  Buffer.from(JSON.stringify([operation, key])).toString('base64url');

function readToken(operation: PagedOperation, token: string): string {
  const content = parseToken(token);
  if (Array.isArray(content) && content.length === 2 && content[0] === operation && typeof content[1] === 'string') {
    return content[1];
  }
  throw new ApiError('InvalidParameterException', `Invalid token: nextToken is not one that ${operation} has given.`);
}

function parseToken(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token, 'base64url').toString());
  } catch {
    return undefined;
  }
}
