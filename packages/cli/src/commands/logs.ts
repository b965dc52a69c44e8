import { type Command, InvalidArgumentError } from 'commander';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { withAnyController } from '../any-controller.ts';
import { signedCall } from '../api-client.ts';
import { defaultDataDir } from '../client-settings.ts';

interface LogsOptions {
  cluster: string;
  follow?: true;
  tail?: number;
  dataDir: string;
}

export const logsCommand = (command: Command): Command =>
  command
    .argument('<task>', "the task's id or ARN")
    .argument('[container]', "the container's name; not needed for a task of one")
    .option('--cluster <name>', 'the cluster', 'default')
    .option('-f, --follow', 'go on with what the container writes from now on')
    .option('-n, --tail <lines>', 'only the last lines', positiveInteger)
    .option('--data-dir <folder>', 'data directory of the controller or quickstart (MINI_ECS_DATA_DIR)', defaultDataDir())
    .action(printLog);

async function printLog(task: string, container: string | undefined, options: LogsOptions): Promise<void> {
  const query: Record<string, string> = { cluster: options.cluster, task };
  if (container) query['container'] = container;
  if (options.follow) query['follow'] = 'true';
  if (options.tail) query['tail'] = String(options.tail);
  const call = { method: 'GET', route: '/-/logs', query } as const;
  const response = await withAnyController(options.dataDir, (settings) => signedCall(settings, call));
  if (!response.body) return;
  try {
    await pipeline(Readable.fromWeb(response.body), process.stdout, { end: false });
  } catch (error) {
    // `mini-ecs logs … | head`: the reader has seen enough.
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  }
}

function positiveInteger(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('A number of lines, 1 or more.');
  return Number(text);
}
