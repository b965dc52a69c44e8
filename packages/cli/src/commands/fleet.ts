import { agentSettings, loadAgentConfig, startFleet } from '@mini-ecs/agent';
import { createLogger } from '@mini-ecs/shared';
import { InvalidArgumentError, type Command } from 'commander';
import { runUntilStopped } from '../run-until-stopped.ts';
import { addSettings, environmentOf } from '../settings.ts';

/** Of the agent's settings those that mean something without a host. */
const settings = agentSettings.filter(({ name }) =>
  [
    'controllers',
    'cluster',
    'joinToken',
    'joinTokenFile',
    'attributes',
    'instanceType',
    'launchConcurrency',
    'logLevel',
  ].includes(name),
);

interface FleetFlags {
  instances: number;
  startMs: number;
  zones: number;
  cpu: number;
  memory: number;
}

const wholeNumber =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
    }
    return value;
  };

export const fleetCommand = (command: Command): Command =>
  addSettings(command, settings)
    .requiredOption('--instances <n>', 'number of agents, each a container instance of its own', wholeNumber(1, 100_000))
    .option('--start-ms <ms>', 'how long a container takes to start', wholeNumber(0, 600_000), 50)
    .option('--zones <n>', 'availability zones that the instances are dealt out over', wholeNumber(1, 26), 3)
    .option('--cpu <units>', 'CPU units of each instance, 1024 a core', wholeNumber(1, 1_000_000), 4096)
    .option('--memory <MiB>', 'memory of each instance', wholeNumber(1, 100_000_000), 16_384)
    .action(async ({ instances, startMs, zones, cpu, memory }: FleetFlags) => {
      // A thousand agents that each tell of every session are too much to read.
      const environment: NodeJS.ProcessEnv = { MINI_ECS_LOG_LEVEL: 'warn', ...environmentOf(command, settings) };
      const config = loadAgentConfig(environment);
      const log = createLogger('fleet');
      log.info({ instances, controllers: config.controllers, cluster: config.cluster }, 'starting the fleet');
      const fleet = await startFleet({
        instances,
        zones,
        region: environment['MINI_ECS_REGION'] || 'us-east-1',
        agent: { ...config, cpu, memory, reset: false },
        behaviour: { startMs },
        log: createLogger('agent', config.logLevel),
      });
      log.info({ instances, sessions: fleet.sessions() }, 'the fleet has joined');
      await runUntilStopped(log, () => fleet.stop());
    });
