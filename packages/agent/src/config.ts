/** The agent's settings: from the environment, once. The table is what `--help` and the README show. */
import { parseJoinToken, type JoinToken } from '@mini-ecs/shared';
import { readFileSync } from 'node:fs';
import { homedir, hostname, userInfo } from 'node:os';
import path from 'node:path';
import { defaultPolicy, type AgentPolicy } from './domain/agent-policy.ts';
import { imagePullBehaviors, type ImagePullBehavior } from './executor/image-puller.ts';

export interface AgentConfig {
  /** `host:port` each */
  controllers: string[];
  cluster: string;
  /** undefined: it has joined before */
  joinToken?: JoinToken;
  /** Where the join token is when it is not given itself. */
  joinTokenFile?: string;
  dataDir: string;
  /** A socket's path, `unix://…` or `tcp://host:port` */
  dockerSocket: string;
  /** undefined: the source address of the route to the controller */
  address?: string;
  hostname: string;
  availabilityZone: string;
  instanceType: string;
  attributes: Record<string, string>;
  /** CPU units; undefined: what the engine has */
  cpu?: number;
  /** MiB; undefined: what the engine has */
  memory?: number;
  /** MiB kept from tasks */
  reservedMemory: number;
  reservedPorts: number[];
  imagePullBehavior: ImagePullBehavior;
  /** Container creates and starts at once. */
  launchConcurrency: number;
  logLevel: string;
  /** Stop this instance's containers and register a new one. */
  reset: boolean;
  policy: AgentPolicy;
}

export interface Setting {
  name: keyof AgentConfig;
  env: string;
  /** In commander's form. */
  flag: string;
  /** As text; '' where the description says what it is. */
  default: string;
  description: string;
}

export const agentSettings: readonly Setting[] = [
  setting(
    'controllers',
    'MINI_ECS_CONTROLLER',
    '--controller <host:port,…>',
    '127.0.0.1:7071',
    'controllers, the next one when one fails',
  ),
  setting('cluster', 'MINI_ECS_CLUSTER', '--cluster <name>', 'default', 'cluster to join; it must exist'),
  setting(
    'joinToken',
    'MINI_ECS_JOIN_TOKEN',
    '--join-token <token>',
    '',
    'lets this host join the cluster, from "mini-ecs token create"; needed for the first start only',
  ),
  setting(
    'joinTokenFile',
    'MINI_ECS_JOIN_TOKEN_FILE',
    '--join-token-file <path>',
    '',
    'a file with the join token in it: an argument is for every user of the host to read',
  ),
  setting(
    'dataDir',
    'MINI_ECS_AGENT_DATA_DIR',
    '--agent-data-dir <path>',
    '',
    "the agent's state (default: <MINI_ECS_DATA_DIR>/agent)",
  ),
  setting(
    'dockerSocket',
    'MINI_ECS_DOCKER_SOCKET',
    '--docker-socket <path>',
    '/var/run/docker.sock',
    'Docker Engine: path, or tcp://host:port',
  ),
  setting(
    'address',
    'MINI_ECS_ADDRESS',
    '--address <ip>',
    '',
    'address of published ports (default: source of the route to the controller)',
  ),
  setting('hostname', 'MINI_ECS_HOSTNAME', '--hostname <name>', '', "name of this host (default: the system's)"),
  setting(
    'availabilityZone',
    'MINI_ECS_AVAILABILITY_ZONE',
    '--availability-zone <zone>',
    '',
    'ecs.availability-zone (default: <MINI_ECS_REGION>a)',
  ),
  setting('instanceType', 'MINI_ECS_INSTANCE_TYPE', '--instance-type <type>', 'mini-ecs', 'ecs.instance-type'),
  setting('attributes', 'MINI_ECS_ATTRIBUTES', '--attributes <k=v,…>', '', 'custom attributes, k=v,… or a JSON object'),
  setting('cpu', 'MINI_ECS_CPU', '--cpu <units>', '', 'CPU units for tasks, 1024 a core (default: all of the engine)'),
  setting('memory', 'MINI_ECS_MEMORY', '--memory <MiB>', '', 'MiB for tasks (default: all of the engine)'),
  setting('reservedMemory', 'MINI_ECS_RESERVED_MEMORY', '--reserved-memory <MiB>', '0', 'MiB kept from tasks'),
  setting(
    'reservedPorts',
    'MINI_ECS_RESERVED_PORTS',
    '--reserved-ports <port,…>',
    '22,2375,2376,51678,51679',
    'TCP ports kept from tasks',
  ),
  setting(
    'imagePullBehavior',
    'MINI_ECS_IMAGE_PULL_BEHAVIOR',
    '--image-pull-behavior <behavior>',
    'default',
    imagePullBehaviors.join(' | '),
  ),
  setting(
    'launchConcurrency',
    'MINI_ECS_LAUNCH_CONCURRENCY',
    '--launch-concurrency <n>',
    '4',
    'container creates and starts at once',
  ),
  setting(
    'logLevel',
    'MINI_ECS_LOG_LEVEL',
    '--log-level <level>',
    'info',
    'fatal | error | warn | info | debug | trace | silent',
  ),
  setting('reset', 'MINI_ECS_AGENT_RESET', '--reset', 'false', "stop this instance's containers and register a new instance"),
];

function setting(name: keyof AgentConfig, env: string, flag: string, fallback: string, description: string): Setting {
  return { name, env, flag, default: fallback, description };
}

type Environment = Record<string, string | undefined>;

/** Throws an Error that names the variable and what is wrong with it. */
export function loadAgentConfig(env: Environment = process.env): AgentConfig {
  const text = (name: keyof AgentConfig): string => {
    const { env: variable, default: fallback } = agentSettings.find((each) => each.name === name)!;
    return env[variable]?.trim() || fallback;
  };
  const number = (name: keyof AgentConfig): number => wholeNumber(name, text(name));
  return {
    controllers: text('controllers').split(',').map(endpoint),
    cluster: text('cluster'),
    joinToken: joinToken('joinToken', text('joinToken')) ?? joinToken('joinTokenFile', contentOf(text('joinTokenFile'))),
    joinTokenFile: text('joinTokenFile') || undefined,
    dataDir: path.resolve(text('dataDir') || path.join(baseDataDir(env), 'agent')),
    dockerSocket: text('dockerSocket'),
    address: text('address') || undefined,
    hostname: text('hostname') || hostname(),
    availabilityZone: text('availabilityZone') || `${env.MINI_ECS_REGION || 'us-east-1'}a`,
    instanceType: text('instanceType'),
    attributes: parseAttributes(text('attributes')),
    cpu: text('cpu') === '' ? undefined : number('cpu'),
    memory: text('memory') === '' ? undefined : number('memory'),
    reservedMemory: number('reservedMemory'),
    reservedPorts: text('reservedPorts')
      .split(',')
      .map((port) => wholeNumber('reservedPorts', port.trim())),
    imagePullBehavior: oneOf('imagePullBehavior', text('imagePullBehavior'), imagePullBehaviors),
    launchConcurrency: Math.max(1, number('launchConcurrency')),
    logLevel: oneOf('logLevel', text('logLevel'), ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const),
    reset: ['1', 'true', 'yes'].includes(text('reset').toLowerCase()),
    policy: defaultPolicy,
  };
}

const variableOf = (name: keyof AgentConfig): string => agentSettings.find((each) => each.name === name)?.env ?? name;

function baseDataDir(env: Environment): string {
  if (env.MINI_ECS_DATA_DIR) return env.MINI_ECS_DATA_DIR;
  return userInfo().uid === 0 ? '/var/lib/mini-ecs' : path.join(homedir(), '.mini-ecs');
}

function endpoint(given: string): string {
  const match = /^\s*([^\s:]+|\[[0-9a-fA-F:.]+\])(?::(\d+))?\s*$/.exec(given);
  if (!match) throw new Error(`MINI_ECS_CONTROLLER: "${given}" is not host:port.`);
  return `${match[1]}:${match[2] ?? '7071'}`;
}

function joinToken(name: keyof AgentConfig, given: string): JoinToken | undefined {
  if (given === '') return undefined;
  const token = parseJoinToken(given);
  if (token) return token;
  throw new Error(`${variableOf(name)}: this is no join token; one begins with mecs1. and is whole in one line.`);
}

/** '' of a file that is not there: a host that has joined needs its token no more. */
function contentOf(file: string): string {
  try {
    return file === '' ? '' : readFileSync(file, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw new Error(`${variableOf('joinTokenFile')}: ${(error as Error).message}`, { cause: error });
  }
}

function wholeNumber(name: keyof AgentConfig, given: string): number {
  if (!/^\d+$/.test(given)) throw new Error(`${variableOf(name)}: "${given}" is not a whole number.`);
  return Number(given);
}

function oneOf<T extends string>(name: keyof AgentConfig, given: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === given);
  if (found === undefined) throw new Error(`${variableOf(name)}: "${given}" is none of ${allowed.join(', ')}.`);
  return found;
}

function parseAttributes(given: string): Record<string, string> {
  if (given === '') return {};
  if (!given.startsWith('{')) {
    return Object.fromEntries(
      given.split(',').map((pair) => {
        const [name = '', ...value] = pair.split('=');
        return [name.trim(), value.join('=').trim()];
      }),
    );
  }
  try {
    return Object.fromEntries(Object.entries(JSON.parse(given) as object).map(([name, value]) => [name, String(value)]));
  } catch (error) {
    throw new Error('MINI_ECS_ATTRIBUTES: not a JSON object.', { cause: error });
  }
}
