/** A whole controller as a process of its own: the argument is its data directory. Sends its addresses; closes on SIGTERM. */
import { loadControllerConfig, startController } from '@mini-ecs/controller';
import { createLogger } from '@mini-ecs/shared';

const config = loadControllerConfig({ flags: { dataDir: process.argv[2] ?? '', apiPort: '0', agentPort: '0' }, env: {} });
const began = performance.now();
const controller = await startController(config, createLogger('controller', 'error'));
process.send?.({ apiUrl: controller.apiUrl, startedInMs: performance.now() - began });
process.on('SIGTERM', () => void controller.close().then(() => process.exit(0)));
process.on('disconnect', () => process.exit());
