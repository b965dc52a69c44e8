export { ConfigError, controllerSettings, loadControllerConfig } from './config.ts';
export type { ConfigSources, ControllerConfig, ControllerSetting } from './config.ts';
export { startController } from './main.ts';
export type { RunningController } from './main.ts';
export type * from './store/store.ts';
