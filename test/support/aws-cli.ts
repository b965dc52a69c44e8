/** The `aws` program with the settings of `mini-ecs env` and nothing else: no profile, no configuration file, no other variable. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { ClientSettings } from 'mini-ecs';

const execute = promisify(execFile);

export class AwsCli {
  readonly #environment: NodeJS.ProcessEnv;
  readonly #arguments: readonly string[];

  private constructor(environment: NodeJS.ProcessEnv, args: readonly string[]) {
    this.#environment = environment;
    this.#arguments = args;
  }

  /** `home`: an empty folder. */
  static async create(settings: ClientSettings, home: string): Promise<AwsCli> {
    const environment = {
      PATH: process.env['PATH'],
      HOME: home,
      AWS_ENDPOINT_URL: settings.endpoint,
      AWS_ACCESS_KEY_ID: settings.accessKeyId,
      AWS_SECRET_ACCESS_KEY: settings.secretAccessKey,
      AWS_REGION: settings.region,
      AWS_DEFAULT_REGION: settings.region,
      AWS_PAGER: '',
    };
    // An aws older than the variable (Debian 12 has 2.9) is told in the way of its time.
    const { stdout } = await execute('aws', ['--version'], { env: environment });
    return new AwsCli(environment, readsEndpointVariable(stdout) ? [] : ['--endpoint-url', settings.endpoint]);
  }

  /** `aws ecs …`; gives what it printed, parsed when it is JSON. Rejects with its message when it fails. */
  async ecs<T = Record<string, unknown>>(...args: string[]): Promise<T> {
    const options = { env: this.#environment, timeout: 120_000, maxBuffer: 16 * 1024 * 1024 };
    const { stdout } = await execute('aws', [...this.#arguments, 'ecs', ...args, '--output', 'json'], options);
    return (stdout.trim() === '' ? {} : JSON.parse(stdout)) as T;
  }
}

/** `AWS_ENDPOINT_URL` came with 2.13 and 1.29. */
function readsEndpointVariable(version: string): boolean {
  const [, major, minor] = /aws-cli\/(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(minor) >= (Number(major) >= 2 ? 13 : 29);
}
