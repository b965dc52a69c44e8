/** Calls of the routes under `/-/` that are signed like operations: join tokens, certificates and logs, as users make them and changed. */
import type { Dice } from '../simulation/dice.ts';
import type { InCluster, Known } from './known-objects.ts';
import { mutated } from './mutations.ts';
import { clusterOf } from './sound-requests.ts';

export interface RouteRequest {
  kind: 'route';
  method: 'GET' | 'POST' | 'DELETE';
  /** Without its query. */
  path: string;
  query: Record<string, string | string[]>;
  body: Buffer;
  /** What follows the query when it is sent; nobody signed it. */
  unsigned: string;
}

/** A route, and what its query or, of a POST, its body says. */
interface SoundRoute {
  method: RouteRequest['method'];
  path: string;
  input: object;
}

type Recipe = (dice: Dice, known: Known) => SoundRoute;

const recipes: readonly Recipe[] = [
  (dice, known) => ({ method: 'POST', path: '/-/tokens', input: tokenWishes(dice, known) }),
  (dice, known) => ({ method: 'GET', path: '/-/tokens', input: { cluster: clusterOf(dice, known) } }),
  (dice, known) => oneOf(dice, '/-/tokens', known.joinTokens.items),
  (dice, known) => ({ method: 'GET', path: '/-/certificates', input: { cluster: clusterOf(dice, known) } }),
  // Mostly of nobody: the sessions of the fleet are to last.
  (dice, known) => oneOf(dice, '/-/certificates', dice.chance(0.1) ? known.containerInstances.items : []),
  aLog,
  aLog,
];

export function routeRequest(dice: Dice, known: Known): RouteRequest {
  const { method, path, input } = dice.pick(recipes)(dice, known);
  const isMutated = dice.chance(0.5);
  const given = isMutated ? mutated(input, dice, known) : input;
  const sent =
    method === 'POST' ? { query: {}, body: Buffer.from(JSON.stringify(given) ?? '') } : { query: queryOf(given), body: noBody };
  const unsigned = isMutated ? dice.pick(['', '', '', '#cluster=default', '&cluster=default']) : '';
  return { kind: 'route', method, path: isMutated ? oddPath(path, dice, known) : path, unsigned, ...sent };
}

const noBody = Buffer.alloc(0);

const tokenWishes = (dice: Dice, known: Known): object => ({
  cluster: clusterOf(dice, known),
  ttlSeconds: dice.pick([1, 60, 3_600]),
  uses: dice.pick([1, 2, 100]),
  attributes: dice.chance(0.5) ? { rack: dice.pick(['a', 'b']) } : {},
});

function oneOf(dice: Dice, route: string, things: readonly InCluster[]): SoundRoute {
  const { cluster, name } = things.length > 0 && dice.chance(0.9) ? dice.pick(things) : nowhere;
  return { method: 'DELETE', path: `${route}/${name}`, input: { cluster } };
}

const nowhere: InCluster = { cluster: 'default', name: '0123456789abcdef' };

function aLog(dice: Dice, known: Known): SoundRoute {
  const { cluster, name } = known.tasks.items.length > 0 ? dice.pick(known.tasks.items) : nowhere;
  return { method: 'GET', path: '/-/logs', input: { cluster, task: name, tail: dice.pick(['all', '1', '100']) } };
}

// ── odd ones ──

function oddPath(path: string, dice: Dice, known: Known): string {
  const [, prefix, route, name = 'x'] = path.split('/');
  if (dice.chance(0.6)) return path;
  const [odd] = Object.values(mutated({ name }, dice, known) ?? {});
  return `/${prefix}/${route}/${encodeURIComponent(textOf(odd))}`;
}

/** Lists become parameters that are given several times. */
function queryOf(given: unknown): RouteRequest['query'] {
  const entries = Object.entries(given ?? {}).map(
    ([name, value]) => [textOf(name), Array.isArray(value) ? value.slice(0, 5).map(textOf) : textOf(value)] as const,
  );
  return Object.fromEntries(entries.slice(0, 10));
}

/** Short enough for the first line of a request, and such as can be written there. */
const textOf = (value: unknown): string =>
  (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).slice(0, 300).toWellFormed();
