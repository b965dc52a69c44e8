/** The controller's settings: environment and flags → typed configuration, once, at the start. Flags win. */
import { homedir, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { isIPv4, isIPv6 } from 'node:net';

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
  /** Those of agentHosts where others could listen in; empty unless that was allowed. */
  insecureAgentHosts: string[];
  /** `redis://…`, `rediss://…`, `unix://…` or a socket's path; undefined: the controller runs its own. */
  redisUrl?: string;
  region: string;
  accountId: string;
  /** `<id>:<secret>` */
  bootstrapAccessKey?: string;
  /** ms without a word of an agent until its tasks are replaced elsewhere */
  leaseMs: number;
  heartbeatMs: number;
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
  insecureAgents: [
    'MINI_ECS_INSECURE_AGENTS',
    '--insecure-agents',
    'false',
    'let agents connect in clear on any address: whoever reaches the port can join and read task definitions',
  ],
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
  heartbeatMs: ['MINI_ECS_HEARTBEAT_MS', '--heartbeat-ms <ms>', '1000', 'how often agents give a sign of life'],
  logLevel: ['MINI_ECS_LOG_LEVEL', '--log-level <level>', 'info', 'trace, debug, info, warn, error, fatal or silent'],
} as const;

type SettingName = keyof typeof table;

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
  /** address → name of its interface; for the rule on agents in clear */
  interfaceOf?: (address: string) => string | undefined;
}

/** Throws ConfigError. */
export function loadControllerConfig({
  flags = {},
  env = process.env,
  interfaceOf = localInterfaceOf,
}: ConfigSources = {}): ControllerConfig {
  const text = (name: SettingName): string => String(flags[name] ?? (env[table[name][0]] || table[name][2])).trim();
  const optional = (name: SettingName): string | undefined => text(name) || undefined;
  const number = (name: SettingName, least: number, most: number): number => parseNumber(name, text(name), least, most);

  const agentHosts = parseAgentHosts(text('agentHosts'));
  const heartbeatMs = number('heartbeatMs', 50, 60_000);
  const leaseMs = number('leaseMs', 200, 600_000);
  if (leaseMs < 2 * heartbeatMs) {
    throw problem('leaseMs', `must be at least twice ${table.heartbeatMs[0]} (${heartbeatMs}), and is ${leaseMs}`);
  }
  return {
    dataDir: text('dataDir'),
    apiHost: text('apiHost'),
    apiPort: number('apiPort', 0, 65_535),
    agentHosts,
    agentPort: number('agentPort', 0, 65_535),
    insecureAgentHosts: insecureHosts(agentHosts, parseBoolean('insecureAgents', text('insecureAgents')), interfaceOf),
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

function parseBoolean(name: SettingName, text: string): boolean {
  if (/^(true|1|yes|on)$/i.test(text)) return true;
  if (/^(false|0|no|off)$/i.test(text)) return false;
  throw problem(name, `must be true or false, and is ${JSON.stringify(text)}`);
}

function parseAgentHosts(text: string): string[] {
  const hosts = text.split(',').flatMap((host) => host.trim() || []);
  if (hosts.length === 0) throw problem('agentHosts', 'must name at least one address');
  return hosts;
}

// ── agents in clear ──

/** The lab's bridges: nobody is on them but this machine's own hosts. */
const labBridge = /^mecs/;

const isLoopback = (host: string): boolean =>
  host === 'localhost' || (isIPv4(host) && host.startsWith('127.')) || (isIPv6(host) && /^(0*:)*:?0*1$/.test(host));

/** Until agents have an identity, their port is in clear: only where nobody else can listen, unless told otherwise. */
function insecureHosts(hosts: string[], allowed: boolean, interfaceOf: (address: string) => string | undefined): string[] {
  const insecure = hosts.filter((host) => !isLoopback(host) && !labBridge.test(interfaceOf(host) ?? ''));
  if (insecure.length > 0 && !allowed) {
    throw problem(
      'agentHosts',
      `names ${insecure.join(', ')}: agents connect in clear, which is safe only on loopback and the lab's own bridges. ` +
        `On a network that you trust, allow it with ${table.insecureAgents[0]}=true (${table.insecureAgents[1]})`,
    );
  }
  return insecure;
}

function localInterfaceOf(address: string): string | undefined {
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    if (addresses?.some((each) => each.address === address)) return name;
  }
  return undefined;
}
