import { controllerSettings, loadControllerConfig, startController } from '@mini-ecs/controller';
import { createLogger } from '@mini-ecs/shared';
import type { Command } from 'commander';
import { writeEndpoint, removeEndpoint } from '../client-settings.ts';
import { runUntilStopped } from '../run-until-stopped.ts';
import { addSettings, environmentOf } from '../settings.ts';

export const controllerCommand = (command: Command): Command =>
  addSettings(command, controllerSettings).action(async () => {
    const config = loadControllerConfig({ env: environmentOf(command, controllerSettings) });
    const log = createLogger('controller', config.logLevel);
    const controller = await startController(config, log);
    writeEndpoint(config.dataDir, { endpoint: controller.apiUrl, region: config.region });
    await runUntilStopped(log, async () => {
      removeEndpoint(config.dataDir, controller.apiUrl);
      await controller.close();
    });
  });
