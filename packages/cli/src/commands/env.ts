import type { Command } from 'commander';
import { defaultDataDir, exportLine, readClientSettings } from '../client-settings.ts';

export const envCommand = (command: Command): Command =>
  command
    .option('--data-dir <folder>', 'data directory of the controller or quickstart (MINI_ECS_DATA_DIR)', defaultDataDir())
    .action(({ dataDir }: { dataDir: string }) => console.log(exportLine(readClientSettings(dataDir))));
