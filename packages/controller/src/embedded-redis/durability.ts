/** Whether a Redis that somebody else runs keeps what was acknowledged. Only warns: whoever runs it may know why. */
import type { Logger } from '@mini-ecs/shared';
import { Redis, type RedisOptions } from 'ioredis';

const wanted = { appendonly: 'yes', appendfsync: 'always', 'maxmemory-policy': 'noeviction' } as const;

/** What is not as it should be, in words; a single sentence when Redis does not tell. Throws when Redis is away. */
export async function durabilityProblems(options: RedisOptions): Promise<string[]> {
  const redis = new Redis({
    ...options,
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    commandTimeout: 10_000,
  });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    return problemsOf([await redis.config('GET', 'append*'), await redis.config('GET', 'maxmemory-policy')]);
  } catch (error) {
    if (!/unknown command|unknown subcommand|NOPERM/i.test((error as Error).message)) throw error;
    return ['Redis does not tell its configuration: see to it that it has appendfsync always and maxmemory-policy noeviction'];
  } finally {
    redis.disconnect();
  }
}

/** Each reply: name, value, name, value … or, with RESP3, a map. */
function problemsOf(replies: unknown[]): string[] {
  const actual = new Map(replies.flatMap(pairsOf));
  return Object.entries(wanted).flatMap(([name, value]) =>
    actual.get(name) === value ? [] : [`${name} is ${actual.get(name) ?? 'unknown'}, not ${value}`],
  );
}

function pairsOf(reply: unknown): [string, string][] {
  if (!Array.isArray(reply)) return Object.entries(reply as Record<string, string>);
  const flat = reply as string[];
  return flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] ?? ''] as [string, string]] : []));
}

export async function warnUnlessDurable(options: RedisOptions, log: Logger): Promise<void> {
  const problems = await durabilityProblems(options);
  if (problems.length === 0) return;
  log.warn({ problems }, `Redis may lose writes that were acknowledged: ${problems.join('; ')}.`);
}
