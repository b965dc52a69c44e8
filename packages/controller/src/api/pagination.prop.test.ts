import test from 'ava';
import fc from 'fast-check';
import type { ApiError } from './api-error.ts';
import { pageOf } from './pagination.ts';

const keys = fc.uniqueArray(fc.string({ maxLength: 6 }), { maxLength: 60 });
const keyOf = (key: string): string => key;

function everyPage(items: readonly string[], maxResults: number, descending: boolean): string[] {
  const all: string[] = [];
  let nextToken: string | undefined;
  do {
    const page = pageOf('ListTasks', { nextToken, maxResults }, items, { keyOf, descending });
    all.push(...page.items);
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return all;
}

test('the pages together are all items once, in order, whatever their size', (t) => {
  fc.assert(
    fc.property(keys, fc.integer({ min: 1, max: 20 }), fc.boolean(), (items, maxResults, descending) => {
      const sorted = [...items].sort((a, b) => (a < b ? -1 : 1));
      t.deepEqual(everyPage(items, maxResults, descending), descending ? sorted.reverse() : sorted);
    }),
    { numRuns: 200 },
  );
});

test('items that come or go between two pages shift nothing else', (t) => {
  fc.assert(
    fc.property(keys, keys, fc.integer({ min: 1, max: 10 }), (items, others, maxResults) => {
      const first = pageOf('ListTasks', { maxResults }, items, { keyOf });
      if (first.nextToken === undefined) return;
      const given = new Set(first.items);
      const staying = items.filter((item) => !given.has(item));
      const later = [...new Set([...staying, ...others])];
      const second = pageOf('ListTasks', { nextToken: first.nextToken, maxResults: 100 }, later, { keyOf });
      for (const item of staying) t.true(second.items.includes(item));
      for (const item of second.items) t.true(item > (first.items.at(-1) ?? ''));
    }),
    { numRuns: 200 },
  );
});

test('an exactly full last page has no token', (t) => {
  t.deepEqual(pageOf('ListTasks', { maxResults: 2 }, ['b', 'a'], { keyOf }), { items: ['a', 'b'] });
  t.deepEqual(pageOf('ListTasks', {}, [], { keyOf }), { items: [] });
});

test('a page holds what the operation usually gives, and never more than it may', (t) => {
  const many = Array.from({ length: 150 }, (_, n) => String(n));
  t.is(pageOf('ListServices', {}, many, { keyOf }).items.length, 10);
  t.is(pageOf('ListTasks', {}, many, { keyOf }).items.length, 100);
  for (const maxResults of [0, -1, 101]) {
    t.throws(() => pageOf('ListTasks', { maxResults }, many, { keyOf }), {
      message: `maxResults must be between 1 and 100, but is ${maxResults}.`,
    });
  }
});

test('a token that the operation did not give is refused', (t) => {
  const { nextToken } = pageOf('ListServices', { maxResults: 1 }, ['a', 'b'], { keyOf });
  for (const token of ['', 'nonsense', 'W10', Buffer.from('["ListTasks",7]').toString('base64url'), nextToken]) {
    const error = t.throws(() => pageOf('ListTasks', { nextToken: token }, ['a'], { keyOf })) as ApiError;
    t.is(error.code, 'InvalidParameterException');
    t.regex(error.message, /^Invalid token/);
  }
});
