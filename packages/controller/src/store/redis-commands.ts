/**
 * The Lua commands, one file each in commands/, with the includes that they name put before them. Each runs in Redis as
 * one atomic step. To add one: a file there, its name here, its method in RedisStore and its twin in MemoryStore.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { luaKeys } from './keys.ts';
import { changingTaskFields, lostPerSweep, oneDayMs, returnsPerSecond } from './store-limits.ts';

export const commandNames = [
  'abandon-tasks',
  'commit-placement',
  'commit-service',
  'create-tasks',
  'delete-cluster',
  'enrol-instance',
  'make-identity',
  'open-session',
  'put',
  'raise-epoch',
  'read-changes',
  'reap',
  'refresh-leases',
  'register-task-definition',
  'remove',
  'report-status',
  'stop-tasks',
  'sweep-leases',
] as const;

export type CommandName = (typeof commandNames)[number];

export interface RedisCommand {
  lua: string;
  /** What EVALSHA takes. */
  sha: string;
}

const directory = new URL('./commands/', import.meta.url);
const readLua = (path: string): string => readFileSync(new URL(path, directory), 'utf8');

/** The names on a file's `-- include: a b` line. */
const includesOf = (lua: string): string[] => /^-- include: (.+)$/m.exec(lua)?.[1]?.split(' ') ?? [];

/** Every include that a file needs, each once and after those that it needs itself. */
function collectIncludes(lua: string, collected: Map<string, string>): void {
  for (const name of includesOf(lua)) {
    if (collected.has(name)) continue;
    const include = readLua(`includes/${name}.lua`);
    collectIncludes(include, collected);
    collected.set(name, include);
  }
}

const luaLimits = (feedLength: number): string => {
  const numbers = { feedLength, keptMs: oneDayMs, lostPerSweep, returnsPerSecond };
  const assignments = Object.entries(numbers).map(([name, value]) => `${name} = ${value}`);
  return `local limit = { ${assignments.join(', ')}, changingFields = { '${changingTaskFields.join("', '")}' } }\n`;
};

function assemble(name: CommandName, feedLength: number): RedisCommand {
  const body = readLua(`${name}.lua`);
  const includes = new Map<string, string>();
  collectIncludes(body, includes);
  const lua = [luaKeys(), luaLimits(feedLength), ...includes.values(), body].join('\n');
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}

/** `feedLength`: entries that a partition's feed keeps at least. */
export const loadCommands = (feedLength: number): Record<CommandName, RedisCommand> =>
  Object.fromEntries(commandNames.map((name) => [name, assemble(name, feedLength)])) as Record<CommandName, RedisCommand>;
