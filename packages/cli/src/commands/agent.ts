import { agentSettings, loadAgentConfig, startAgent } from '@mini-ecs/agent';
import { createLogger } from '@mini-ecs/shared';
import type { Command } from 'commander';
import { runUntilStopped } from '../run-until-stopped.ts';
import { addSettings, environmentOf } from '../settings.ts';

export const agentCommand = (command: Command): Command =>
  addSettings(command, agentSettings).action(async () => {
    const config = loadAgentConfig(environmentOf(command, agentSettings));
    const log = createLogger('agent', config.logLevel);
    const agent = await startAgent(config);
    await runUntilStopped(log, () => agent.stop());
  });
