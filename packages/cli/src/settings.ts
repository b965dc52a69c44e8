/**
 * The settings of a program as flags of its command. Each program keeps one table (name, variable, flag, default, what it is
 * for), from which its help and this are made; a flag is written into the environment that the program's config reads.
 */
import { Option, type Command } from 'commander';

/** A row of `controllerSettings` and `agentSettings`. */
export interface Setting {
  /** `MINI_ECS_API_PORT` */
  env: string;
  /** `--api-port <port>`, or `--reset` for one that is on or off */
  flag: string;
  /** As told to the user; undefined: none. */
  default?: string | number | boolean | undefined;
  description: string;
}

export function addSettings(command: Command, settings: readonly Setting[]): Command {
  for (const setting of settings) command.addOption(optionOf(setting));
  return command;
}

/** The environment with the command's flags in it, which win. */
export function environmentOf(command: Command, settings: readonly Setting[]): NodeJS.ProcessEnv {
  const environment = { ...process.env };
  for (const setting of settings) {
    const value = command.getOptionValue(optionOf(setting).attributeName()) as string | true | undefined;
    if (value !== undefined) environment[setting.env] = String(value);
  }
  return environment;
}

function optionOf({ env, flag, default: standard, description }: Setting): Option {
  const facts = [env, ...(standard === undefined || standard === '' ? [] : [`default ${standard}`])];
  return new Option(flag, `${description} (${facts.join(', ')})`);
}
