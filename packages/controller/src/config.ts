/** The controller's settings: environment and flags → typed configuration, once, at the start. Flags win. */
import { parseDuration } from '@mini-ecs/shared';
import { homedir } from 'node:os';
import { join } from 'node:path';

export interface ControllerConfig {
  /** Absolute or relative to the working directory; made when missing. */
  dataDir: string;
  apiHost: string;
  /** 0: any free one */
  apiPort: number;
  /** Addresses that the agents' port is bound to. */
  agentHosts: string[];
  /** 0: any free one */
  agentPort: number;
  /** `redis://…`, `rediss://…`, `unix://…` or a socket's path; undefined: the controller runs its own. */
  redisUrl?: string;
  region: string;
  accountId: string;
  /** `<id>:<secret>` */
  bootstrapAccessKey?: string;
  /** ms without a word of an agent until its tasks are replaced elsewhere */
  leaseMs: number;
  heartbeatMs: number;
  /** ms that an agent's certificate is good for */
  certificateTtlMs: number;
  /** The store is a restored backup: its epoch is raised, once at the start. */
  restored: boolean;
  logLevel: string;
}

export interface ControllerSetting {
  name: SettingName;
  env: string;
  /** As commander takes it. */
  flag: string;
  /** As text; '' for none. */
  default: string;
  description: string;
}

const defaultDataDir = process.getuid?.() === 0 ? '/var/lib/mini-ecs' : join(homedir(), '.mini-ecs');

const table = {
  dataDir: ['MINI_ECS_DATA_DIR', '--data-dir <folder>', defaultDataDir, 'where the controller keeps its keys and its own Redis'],
  apiHost: ['MINI_ECS_API_HOST', '--api-host <address>', '127.0.0.1', 'address of the ECS API'],
  apiPort: ['MINI_ECS_API_PORT', '--api-port <port>', '7070', 'port of the ECS API; 0: any free one'],
  agentHosts: ['MINI_ECS_AGENT_HOST', '--agent-host <addresses>', '127.0.0.1', 'addresses for the agents, separated by commas'],
  agentPort: ['MINI_ECS_AGENT_PORT', '--agent-port <port>', '7071', 'port for the agents; 0: any free one'],
  redisUrl: [
    'MINI_ECS_REDIS_URL',
    '--redis-url <url>',
    '',
    "redis://…, rediss://… or a socket's path; without it the controller runs a Redis of its own",
  ],
  region: ['MINI_ECS_REGION', '--region <region>', 'us-east-1', 'region in ARNs'],
  accountId: ['MINI_ECS_ACCOUNT_ID', '--account-id <id>', '000000000000', 'account in ARNs: 12 digits'],
  bootstrapAccessKey: [
    'MINI_ECS_BOOTSTRAP_ACCESS_KEY',
    '--bootstrap-access-key <id:secret>',
    '',
    'first access key; without it one is made at the first start',
  ],
  leaseMs: [
    'MINI_ECS_LEASE_MS',
    '--lease-ms <ms>',
    '4000',
    'how long after the last word of its agent an instance counts as lost and its service tasks start elsewhere',
  ],
  heartbeatMs: [
    'MINI_ECS_HEARTBEAT_MS',
    '--heartbeat-ms <ms>',
    '',
    'how often agents give a sign of life; without it four times a lease',
  ],
  certificateTtl: [
    'MINI_ECS_CERTIFICATE_TTL',
    '--certificate-ttl <duration>',
    '24h',
    "how long an agent's certificate is good for (10s, 15m, 24h, 30d); agents renew it when two thirds are over",
  ],
  restored: [
    'MINI_ECS_RESTORED',
    '--restored',
    'false',
    'the store was restored from a backup: from this start on agents follow it, and no other copy of it any more',
  ],
  logLevel: ['MINI_ECS_LOG_LEVEL', '--log-level <level>', 'info', 'trace, debug, info, warn, error, fatal or silent'],
} as const;

type SettingName = keyof typeof table;

const longestHeartbeatMs = 60_000;
const leastTtlMs = 2_000;
const mostTtlMs = 365 * 86_400_000;

/** Every setting, for `--help` and the README. */
export const controllerSettings: ControllerSetting[] = Object.entries(table).map(
  ([name, [env, flag, defaultText, description]]) => ({
    name: name as SettingName,
    env,
    flag,
    default: defaultText,
    description,
  }),
);

/** A setting that cannot be used; the message names its variable and what would be right. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'CONFIG';
}

export interface ConfigSources {
  /** By setting name, as the command line gives them. */
  flags?: Partial<Record<string, string | boolean>>;
  env?: Record<string, string | undefined>;
}

/** Throws ConfigError. */
export function loadControllerConfig({ flags = {}, env = process.env }: ConfigSources = {}): ControllerConfig {
  const text = (name: SettingName): string => String(flags[name] ?? (env[table[name][0]] || table[name][2])).trim();
  const optional = (name: SettingName): string | undefined => text(name) || undefined;
  const number = (name: SettingName, least: number, most: number): number => parseNumber(name, text(name), least, most);

  const agentHosts = parseAgentHosts(text('agentHosts'));
  const leaseMs = number('leaseMs', 200, 600_000);
  const heartbeatMs = optional('heartbeatMs')
    ? number('heartbeatMs', 50, longestHeartbeatMs)
    : Math.min(Math.floor(leaseMs / 4), longestHeartbeatMs);
  if (leaseMs < 4 * heartbeatMs) {
    throw problem('leaseMs', `must be at least four times ${table.heartbeatMs[0]} (${heartbeatMs}), and is ${leaseMs}`);
  }
  return {
    dataDir: text('dataDir'),
    apiHost: text('apiHost'),
    apiPort: number('apiPort', 0, 65_535),
    agentHosts,
    agentPort: number('agentPort', 0, 65_535),
    redisUrl: checked(
      'redisUrl',
      optional('redisUrl'),
      /^(\/|unix:\/\/\/|rediss?:\/\/)./,
      'redis://…, rediss://… or the path of a socket',
    ),
    region: checked('region', text('region'), /^[a-z0-9-]+$/, 'a region such as us-east-1'),
    accountId: checked('accountId', text('accountId'), /^\d{12}$/, '12 digits'),
    bootstrapAccessKey: checked('bootstrapAccessKey', optional('bootstrapAccessKey'), /^[^:]+:.+$/, '<id>:<secret>', 'hidden'),
    leaseMs,
    heartbeatMs,
    certificateTtlMs: parseTtl('certificateTtl', text('certificateTtl')),
    restored: checked('restored', text('restored'), /^(true|false)$/, 'true or false') === 'true',
    logLevel: checked('logLevel', text('logLevel'), /^(trace|debug|info|warn|error|fatal|silent)$/, table.logLevel[3]),
  };
}

const problem = (name: SettingName, what: string): ConfigError =>
  new ConfigError(`${table[name][0]} (${table[name][1].split(' ')[0]}) ${what}.`);

function checked<T extends string | undefined>(
  name: SettingName,
  value: T,
  pattern: RegExp,
  shape: string,
  shown: 'shown' | 'hidden' = 'shown',
): T {
  if (value === undefined || pattern.test(value)) return value;
  throw problem(name, `must be ${shape}${shown === 'shown' ? `, and is ${JSON.stringify(value)}` : ''}`);
}

function parseNumber(name: SettingName, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw problem(name, `must be a whole number from ${least} to ${most}, and is ${JSON.stringify(text)}`);
}

function parseTtl(name: SettingName, text: string): number {
  const value = parseDuration(text);
  if (value !== undefined && value >= leastTtlMs && value <= mostTtlMs) return value;
  throw problem(name, `must be a duration from 2s to 365d such as 24h, and is ${JSON.stringify(text)}`);
}

function parseAgentHosts(text: string): string[] {
  const hosts = text.split(',').flatMap((host) => host.trim() || []);
  if (hosts.length === 0) throw problem('agentHosts', 'must name at least one address');
  return hosts;
}
