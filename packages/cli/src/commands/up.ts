import { type Command, InvalidArgumentError, Option } from 'commander';
import { randomBytes } from 'node:crypto';
import { defaultDataDir } from '../client-settings.ts';
import type { UpOptions } from '../quickstart/options.ts';
import { runQuickstart } from '../quickstart/quickstart.ts';

export const upCommand = (command: Command): Command =>
  command
    .option('--hosts <number>', 'how many hosts, each with a Docker Engine of its own (Linux as root; elsewhere one)', count, 3)
    .option('--local', "one agent on this machine's own Docker Engine, as where no such hosts are possible")
    .option('--cluster <name>', "the cluster's name", 'default')
    .addOption(new Option('--api-port <port>', 'port of the ECS API').env('MINI_ECS_API_PORT').argParser(port).default(7070))
    .addOption(new Option('--agent-port <port>', 'port for the agents').env('MINI_ECS_AGENT_PORT').argParser(port).default(7071))
    .addOption(new Option('--region <region>', 'region in ARNs').env('MINI_ECS_REGION').default('us-east-1'))
    .addOption(
      new Option('--access-key <id:secret>', 'access key to use, instead of a new one')
        .env('MINI_ECS_BOOTSTRAP_ACCESS_KEY')
        .argParser(accessKey)
        .default(newAccessKey(), 'a new one'),
    )
    .option('--data-dir <folder>', 'data directory, of which only quickstart/ is used (MINI_ECS_DATA_DIR)', defaultDataDir())
    .action((options: UpOptions) => runQuickstart(options));

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 50) throw new InvalidArgumentError('A number from 1 to 50.');
  return value;
}

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 65_535) throw new InvalidArgumentError('A port from 1 to 65535.');
  return value;
}

function accessKey(text: string): UpOptions['accessKey'] {
  const colon = text.indexOf(':');
  if (colon < 1) throw new InvalidArgumentError('An access key is <id>:<secret>.');
  return { accessKeyId: text.slice(0, colon), secretAccessKey: text.slice(colon + 1) };
}

const newAccessKey = (): UpOptions['accessKey'] => ({
  accessKeyId: `MECS${randomBytes(8).toString('hex').toUpperCase()}`,
  secretAccessKey: randomBytes(20).toString('hex'),
});
